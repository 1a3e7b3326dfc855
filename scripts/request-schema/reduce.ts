// A vendor's API document → the JSON Schema of one request body and nothing else: without prose, examples and defaults,
// and closed, since the vendors refuse a field that they do not know whether or not their document says so. Pure.

type Json = Readonly<Record<string, unknown>>;

/** What says something to people only, or what a validator of one request has no use for. */
const PROSE = new Set(
  'id title description enumDescriptions example examples default deprecated readOnly externalDocs discriminator format nullable'.split(
    ' ',
  ),
);

/** A JSON Schema (draft 2020-12) with one named definition for each that the document has. */
export interface RequestSchema {
  readonly $ref: string;
  readonly $defs: Readonly<Record<string, unknown>>;
}

/** The named schemas of a vendor's document: OpenAPI, Google discovery, or a JSON Schema whose root becomes `root`. */
export function schemasOf(document: Json, root: string): Json {
  const named = recordOf(document['components'])['schemas'] ?? document['schemas'];
  const { $defs, ...whole } = document;
  return named === undefined ? { ...recordOf($defs), [root]: whole } : recordOf(named);
}

/**
 * Takes the schema `root` and everything that it refers to out of `schemas`, which are in the form of OpenAPI 3.0 or 3.1
 * or of Google's discovery documents.
 *
 * Three things are looser than in the document: `oneOf` becomes `anyOf`, since vendors write alternatives that overlap;
 * a reference to nowhere becomes anything; and formats are not kept.
 */
export function reduceSchema(schemas: Readonly<Record<string, unknown>>, root: string): RequestSchema {
  const $defs: Record<string, unknown> = {};
  const open = [root];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (name in $defs) continue;
    $defs[name] = name in schemas ? reduce(schemas[name], { schemas, name, meet: (found) => open.push(found) }) : {};
  }
  const sorted = Object.entries($defs).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return { $ref: `#/$defs/${root}`, $defs: Object.fromEntries(sorted) };
}

interface Context {
  readonly schemas: Readonly<Record<string, unknown>>;
  /** The definition that is being reduced. */
  readonly name: string;
  readonly meet: (name: string) => void;
}

function reduce(schema: unknown, context: Context): unknown {
  if (typeof schema === 'boolean') return schema;
  const merged = mergeParts(recordOf(schema), context);
  const isNullable = merged['nullable'] === true;
  // Protocol buffers write such a number as text, and read both.
  if (merged['type'] === 'string' && /^u?int64$/.test(String(merged['format']))) return { type: ['string', 'integer'] };
  const kept = Object.entries(merged).filter(([key]) => !PROSE.has(key) && !key.startsWith('x-'));
  const reduced = close(Object.fromEntries(kept.flatMap(([key, value]) => reduceKeyword(key, value, context))));
  return isNullable ? allowNull(reduced) : reduced;
}

function reduceKeyword(key: string, value: unknown, context: Context): [string, unknown][] {
  if (key === '$ref') {
    const name = nameOf(value);
    context.meet(name);
    return [['$ref', `#/$defs/${name}`]];
  }
  if (key === 'oneOf' || key === 'anyOf') return [['anyOf', listOf(value).map((part) => reduce(part, context))]];
  if (key === 'properties')
    return [
      [key, Object.fromEntries(Object.entries(recordOf(value)).map(([name, part]) => [name, reduce(part, context)]))],
    ];
  if (key === 'items' || key === 'additionalProperties' || key === 'propertyNames')
    return [[key, reduce(value, context)]];
  // A keyword of a draft before 2020-12.
  if (key === '$recursiveAnchor') return [];
  if (key === '$recursiveRef') return reduceKeyword('$ref', context.name, context);
  // Google's word for a value of any kind.
  if (key === 'type' && value === 'any') return [];
  return [[key, value]];
}

/** The parts of `allOf` as one schema: what is closed one by one could not be combined. */
function mergeParts(schema: Json, context: Context): Json {
  const { allOf, ...own } = schema;
  if (!Array.isArray(allOf)) return schema;
  const parts = [...allOf.map((part: unknown) => mergeParts(resolve(recordOf(part), context), context)), own];
  const properties = Object.assign({}, ...parts.map((part) => recordOf(part['properties'])));
  const required = [...new Set(parts.flatMap((part) => listOf(part['required'])))];
  return {
    ...Object.assign({}, ...parts),
    ...unlessEmpty('properties', properties),
    ...unlessEmpty('required', required),
  };
}

function resolve(part: Json, { schemas }: Context): Json {
  const { $ref, ...own } = part;
  return $ref === undefined ? part : { ...recordOf(schemas[nameOf($ref)]), ...own };
}

function unlessEmpty(key: string, value: object): Json {
  return Object.keys(value).length === 0 ? {} : { [key]: value };
}

function close(schema: Json): Json {
  const isOpen = schema['additionalProperties'] === undefined && schema['anyOf'] === undefined;
  return schema['properties'] !== undefined && isOpen ? { ...schema, additionalProperties: false } : schema;
}

/** OpenAPI 3.0 says it beside the type. */
function allowNull(schema: Json): Json {
  return { anyOf: [schema, { type: 'null' }] };
}

function nameOf(reference: unknown): string {
  return String(reference).split('/').at(-1) ?? '';
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function recordOf(value: unknown): Json {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
