// A tool's JSON Schema → one that vendors accept who want an object at the top and no alternatives there. What such a
// schema can no longer say, the server still checks. Pure.

/** A JSON Schema, or any part of one, as its server wrote it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Property names that Anthropic accepts; it refuses the whole request for another one. */
const PROPERTY_NAME = /^[a-zA-Z0-9_.-]{1,64}$/;

const ALTERNATIVES = ['anyOf', 'oneOf'] as const;

/** An object at the top, its alternatives merged into one, every list with a word on its items. */
export function plainSchema(schema: JsonSchema): JsonSchema {
  const branches = ALTERNATIVES.flatMap((keyword) => listOf(schema[keyword]));
  const parts = listOf(schema['allOf']);
  const { anyOf: _anyOf, oneOf: _oneOf, allOf: _allOf, not: _not, enum: _enum, ...rest } = schema;
  const properties = Object.assign({}, ...[...branches, ...parts, schema].map((part) => recordOf(part['properties'])));
  // Needed is what every alternative needs.
  const [first = [], ...others] = branches.map(requiredOf);
  const required = new Set([
    ...requiredOf(schema),
    ...parts.flatMap(requiredOf),
    ...first.filter((name) => others.every((names) => names.includes(name))),
  ]);
  const isPlain = branches.length + parts.length === 0;
  const flat = isPlain ? rest : { ...rest, properties, ...(required.size > 0 ? { required: [...required] } : {}) };
  return mapSchemas({ ...flat, type: 'object' }, withItems);
}

/** The same, without optional properties whose name Anthropic refuses. */
export function anthropicSchema(schema: JsonSchema): JsonSchema {
  return mapSchemas(plainSchema(schema), (part) => {
    const properties = Object.entries(recordOf(part['properties']));
    const required = requiredOf(part);
    const kept = properties.filter(([name]) => PROPERTY_NAME.test(name) || required.includes(name));
    return kept.length === properties.length ? part : { ...part, properties: Object.fromEntries(kept) };
  });
}

/** The schema with every schema in it changed, the innermost first. */
export function mapSchemas(schema: JsonSchema, change: (part: JsonSchema) => JsonSchema): JsonSchema {
  const visit = (part: unknown): unknown => (isRecord(part) ? mapSchemas(part, change) : part);
  const entries = Object.entries(schema).map(([keyword, value]): [string, unknown] => {
    if (/^(?:properties|\$defs|definitions|patternProperties)$/.test(keyword) && isRecord(value))
      return [keyword, Object.fromEntries(Object.entries(value).map(([name, part]) => [name, visit(part)]))];
    if (/^(?:anyOf|oneOf|allOf|prefixItems)$/.test(keyword) && Array.isArray(value)) return [keyword, value.map(visit)];
    if (/^(?:items|additionalProperties|not)$/.test(keyword)) return [keyword, visit(value)];
    return [keyword, value];
  });
  return change(Object.fromEntries(entries));
}

export function isRecord(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function recordOf(value: unknown): JsonSchema {
  return isRecord(value) ? value : {};
}

export function listOf(value: unknown): JsonSchema[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

export function requiredOf({ required }: JsonSchema): string[] {
  return Array.isArray(required) ? required.filter((name) => typeof name === 'string') : [];
}

function withItems(part: JsonSchema): JsonSchema {
  const isList = part['type'] === 'array' || (Array.isArray(part['type']) && part['type'].includes('array'));
  return isList && !isRecord(part['items']) ? { ...part, items: {} } : part;
}
