// A tool's JSON Schema → what Google calls a schema: the look of JSON Schema, but one type each, no references, and no
// keyword beyond a few, for any of which it refuses the whole request. What is lost, the server still checks. Pure.

import { isRecord, type JsonSchema, listOf, plainSchema, recordOf, requiredOf } from './plain-schema.ts';

/** How deep a schema that refers to itself is written out. */
const MAX_DEPTH = 8;

/** Keywords that mean the same there. */
const KEPT = ['description', 'minimum', 'maximum', 'minItems', 'maxItems', 'minLength', 'maxLength', 'nullable'];

const FORMATS: Readonly<Record<string, readonly string[]>> = {
  string: ['date-time'],
  number: ['float', 'double'],
  integer: ['int32', 'int64'],
};

/** Any value that is no object and no list; these need to say more. */
const ANYTHING: JsonSchema = { anyOf: [{ type: 'string' }, { type: 'number' }, { type: 'boolean' }] };

/** The schema for Google. Of a tool without parameters it has no properties, which has to be left out of a request. */
export function googleSchema(schema: JsonSchema): JsonSchema {
  const plain = plainSchema(schema);
  return convert(plain, plain, 0) ?? { type: 'object', properties: {} };
}

/** `undefined` for what cannot be said there: an object whose properties are not known. */
function convert(part: JsonSchema, root: JsonSchema, depth: number): JsonSchema | undefined {
  if (depth > MAX_DEPTH) return undefined;
  const seen = typeof part['$ref'] === 'string' ? { ...resolve(part['$ref'], root), ...without(part, '$ref') } : part;
  if ('$ref' in seen) return convert(seen, root, depth + 1);
  const merged = Object.assign({}, ...listOf(seen['allOf']), without(seen, 'allOf'));
  const kept = Object.fromEntries(KEPT.flatMap((keyword) => (keyword in merged ? [[keyword, merged[keyword]]] : [])));
  const branches = branchesOf(merged);
  if (branches) return { ...kept, ...convertBranches(branches, root, depth) };

  const type = typeOf(merged);
  if (type === undefined) return { ...ANYTHING, ...kept };
  const body = convertBody(type, merged, root, depth);
  return body && { type, ...kept, ...body };
}

function convertBody(type: string, part: JsonSchema, root: JsonSchema, depth: number): JsonSchema | undefined {
  switch (type) {
    case 'object':
      return convertProperties(part, root, depth);
    case 'array': {
      const items = isRecord(part['items']) ? part['items'] : listOf(part['prefixItems'])[0];
      const converted = convert(items ?? {}, root, depth + 1);
      return converted && { items: converted };
    }
    default: {
      const values = 'const' in part ? [part['const']] : part['enum'];
      const isChoice = type === 'string' && Array.isArray(values) && values.every((value) => value && isText(value));
      const format = FORMATS[type]?.includes(String(part['format'])) ? { format: part['format'] } : {};
      return isChoice ? { enum: values } : format;
    }
  }
}

/** Without optional properties that cannot be said; a needed one becomes a text, for the model to write JSON in. */
function convertProperties(part: JsonSchema, root: JsonSchema, depth: number): JsonSchema | undefined {
  const required = requiredOf(part);
  const properties = Object.entries(recordOf(part['properties'])).flatMap(
    ([name, property]): [string, JsonSchema][] => {
      const converted = convert(recordOf(property), root, depth + 1);
      if (converted) return [[name, converted]];
      return required.includes(name) ? [[name, { type: 'string', description: 'JSON' }]] : [];
    },
  );
  if (properties.length === 0) return undefined;
  const names = required.filter((name) => properties.some(([known]) => known === name));
  return { properties: Object.fromEntries(properties), ...(names.length > 0 ? { required: names } : {}) };
}

/** `anyOf`, `oneOf`, or several types. */
function branchesOf(part: JsonSchema): JsonSchema[] | undefined {
  const listed = [...listOf(part['anyOf']), ...listOf(part['oneOf'])];
  if (listed.length > 0) return listed;
  const { type } = part;
  return Array.isArray(type) ? type.map((one) => ({ ...without(part, 'description'), type: one })) : undefined;
}

function convertBranches(branches: readonly JsonSchema[], root: JsonSchema, depth: number): JsonSchema {
  const isNull = ({ type }: JsonSchema) => type === 'null';
  const nullable = branches.some(isNull) ? { nullable: true } : {};
  const converted = branches
    .filter((branch) => !isNull(branch))
    .flatMap((branch) => convert(branch, root, depth + 1) ?? []);
  const [only, ...others] = converted;
  if (!only) return { ...ANYTHING, ...nullable };
  return others.length === 0 ? { ...only, ...nullable } : { anyOf: converted, ...nullable };
}

function typeOf(part: JsonSchema): string | undefined {
  if (typeof part['type'] === 'string') return part['type'];
  if (isRecord(part['properties'])) return 'object';
  if (isRecord(part['items'])) return 'array';
  return isText(part['const']) || (Array.isArray(part['enum']) && part['enum'].every(isText)) ? 'string' : undefined;
}

function resolve(reference: string, root: JsonSchema): JsonSchema {
  const keys = reference.replace(/^#\/?/, '').split('/').filter(Boolean);
  const names = keys.map((key) => decodeURIComponent(key).replaceAll('~1', '/').replaceAll('~0', '~'));
  return recordOf(names.reduce<unknown>((at, name) => recordOf(at)[name], root));
}

function without(part: JsonSchema, keyword: string): JsonSchema {
  return Object.fromEntries(Object.entries(part).filter(([name]) => name !== keyword));
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
