// What vendors refuse about a tool's name and JSON Schema. Written down from their documentation and from the words of
// their 400 answers in public bug reports (2025-2026); each rule quotes or paraphrases the complaint.

/** A function as a request declares it, in no vendor's spelling. */
export interface DeclaredTool {
  readonly name: string;
  readonly description?: string | undefined;
  readonly schema?: Readonly<Record<string, unknown>> | undefined;
}

type Json = Readonly<Record<string, unknown>>;

const COMPOSITIONS = ['oneOf', 'anyOf', 'allOf', 'not', 'enum'];

/** OpenAI, Azure, Groq and servers that copy them: draft 2020-12, an object at the top, arrays with items. */
export function refuseForOpenAI({ name, description, schema }: DeclaredTool): string | undefined {
  if (!/^[a-zA-Z0-9_-]{1,64}$/.test(name))
    return `Invalid 'tools[].function.name': ${name} does not match ^[a-zA-Z0-9_-]+$`;
  if ((description ?? '').length > 1024) return `Invalid 'tools[].function.description': string too long`;
  if (!schema) return undefined;
  const where = `Invalid schema for function '${name}'`;
  if (schema['type'] !== 'object') return `${where}: schema must be a JSON Schema of 'type: "object"'`;
  const composition = COMPOSITIONS.find((keyword) => keyword in schema);
  if (composition) return `${where}: schema must not have '${composition}' at the top level`;
  return findFault(schema, (part, path) => {
    if (part['type'] === 'array' && !isRecord(part['items'])) return `${where}: In ${path}, array schema missing items`;
    return refuseBrokenReference(part, schema, path);
  });
}

/** Anthropic: draft 2020-12, `type: object` and no alternatives at the top, property names of a fixed alphabet. */
export function refuseForAnthropic({ name, schema }: DeclaredTool): string | undefined {
  if (!/^[a-zA-Z0-9_-]{1,128}$/.test(name)) return `tools.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'`;
  if (schema?.['type'] !== 'object') return `tools.${name}.input_schema.type: Input should be 'object'`;
  if (['oneOf', 'allOf', 'anyOf'].some((keyword) => keyword in schema))
    return `tools.${name}.input_schema: input_schema does not support oneOf, allOf, or anyOf at the top level`;
  return findFault(schema, (part, path) => {
    for (const property of Object.keys(recordOf(part['properties'])))
      if (!/^[a-zA-Z0-9_.-]{1,64}$/.test(property))
        return `${path}: Property keys should match pattern '^[a-zA-Z0-9_.-]{1,64}$'`;
    if (Array.isArray(part['items']) || typeof part['exclusiveMinimum'] === 'boolean')
      return `${path}: JSON schema is invalid. It must match JSON Schema draft 2020-12`;
    return refuseBrokenReference(part, schema, path);
  });
}

/** Mistral and others that look at the name and want some object. */
export function refuseForMistral({ name, schema }: DeclaredTool): string | undefined {
  if (!/^[a-zA-Z0-9_-]{1,64}$/.test(name))
    return `Function name was ${name} but must be a-z, A-Z, 0-9, or contain underscores and dashes, with a maximum length of 64.`;
  return schema?.['type'] === 'object' ? undefined : `Function ${name}: parameters must be of type object`;
}

/** The fields of `Schema` in Google's discovery document of generativelanguage v1beta, revision of 2026. */
const GOOGLE_FIELDS: ReadonlySet<string> = new Set(
  (
    'type format title description nullable enum maxItems minItems properties required minProperties maxProperties ' +
    'minLength maxLength pattern example anyOf propertyOrdering default items minimum maximum'
  ).split(' '),
);
const GOOGLE_TYPES = /^(?:string|number|integer|boolean|array|object|null)$/i;
const GOOGLE_FORMATS: Readonly<Record<string, readonly string[]>> = {
  string: ['enum', 'date-time'],
  number: ['float', 'double'],
  integer: ['int32', 'int64'],
};

/** Google: not JSON Schema but a protocol buffer of that look, which knows no other field and one type each. */
export function refuseForGoogle({ name, schema }: DeclaredTool): string | undefined {
  if (!/^[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}$/.test(name)) return `Invalid function name ${name}`;
  return schema && findFault(schema, (part, path) => refuseGoogleSchema(part, `parameters${path}`));
}

function refuseGoogleSchema(part: Json, path: string): string | undefined {
  for (const field of Object.keys(part))
    if (!GOOGLE_FIELDS.has(field))
      return `Invalid JSON payload received. Unknown name "${field}" at '${path}': Cannot find field.`;
  const { type, format, properties, required, items, anyOf } = part;
  if (Array.isArray(type)) return `${path}.type: Proto field is not repeating, cannot start list.`;
  if (type === undefined && anyOf === undefined) return `${path}.type: must be specified`;
  if (type !== undefined && !GOOGLE_TYPES.test(String(type))) return `Invalid value at '${path}.type': "${type}"`;
  const kind = String(type).toLowerCase();
  if (format !== undefined && !GOOGLE_FORMATS[kind]?.includes(String(format)))
    return `${path}.format: only ${GOOGLE_FORMATS[kind] ?? 'none'} are supported for ${kind} type`;
  if (Array.isArray(part['enum'])) {
    if (kind !== 'string') return `${path}.enum: only allowed for STRING type`;
    if (part['enum'].some((value) => typeof value !== 'string' || value === ''))
      return `Invalid value at '${path}.enum' (TYPE_STRING)`;
  }
  if (kind === 'array' && !isRecord(items)) return `${path}.items: missing field.`;
  if (kind === 'object' && Object.keys(recordOf(properties)).length === 0)
    return `${path}.properties: should be non-empty for OBJECT type`;
  const known = recordOf(properties);
  const unknown = (Array.isArray(required) ? required : []).find((property) => !(String(property) in known));
  return unknown === undefined ? undefined : `${path}.required: property ${unknown} is not defined`;
}

/** The first complaint about the schema or any schema inside it. */
function findFault(
  schema: Json,
  refuse: (part: Json, path: string) => string | undefined,
  path = '',
): string | undefined {
  const here = refuse(schema, path);
  if (here !== undefined) return here;
  for (const [place, part] of partsOf(schema)) {
    const fault = findFault(part, refuse, `${path}.${place}`);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function partsOf(schema: Json): [string, Json][] {
  const named = ['properties', '$defs', 'definitions'].flatMap((keyword) =>
    Object.entries(recordOf(schema[keyword])).map(([name, part]): [string, unknown] => [`${keyword}[${name}]`, part]),
  );
  const listed = ['anyOf', 'oneOf', 'allOf'].flatMap((keyword) => {
    const parts = schema[keyword];
    return Array.isArray(parts) ? parts.map((part, index): [string, unknown] => [`${keyword}[${index}]`, part]) : [];
  });
  const single = ['items', 'additionalProperties'].map((keyword): [string, unknown] => [keyword, schema[keyword]]);
  return [...named, ...listed, ...single].flatMap(([place, part]) => (isRecord(part) ? [[place, part]] : []));
}

function refuseBrokenReference(part: Json, root: Json, path: string): string | undefined {
  const reference = part['$ref'];
  if (typeof reference !== 'string') return undefined;
  const target = reference
    .replace(/^#\/?/, '')
    .split('/')
    .filter(Boolean)
    .reduce<unknown>((at, key) => (isRecord(at) ? at[key] : undefined), root);
  return reference.startsWith('#') && target !== undefined ? undefined : `${path}: reference ${reference} not found`;
}

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function recordOf(value: unknown): Json {
  return isRecord(value) ? value : {};
}
