// Schemas that servers write, held to a size at which nothing of ours can be kept busy by them. What is within bounds goes
// to the model as it is.

import type { JsonSchemaType, JsonSchemaValidator, jsonSchemaValidator } from '@modelcontextprotocol/client';
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/client/validators/ajv';

const LIMITS = {
  /** As JSON text. The largest schemas of real servers have some 30 000. */
  chars: 100_000,
  depth: 40,
  nodes: 5000,
  /** What a schema becomes where every reference is replaced by what it refers to; providers and libraries do that. */
  expandedNodes: 50_000,
} as const;

type Json = Readonly<Record<string, unknown>>;

/** Why a schema is not fit for use; `undefined` when it is. */
export function faultOfSchema(schema: unknown): string | undefined {
  const nodes = countNodes(schema, LIMITS.nodes, LIMITS.depth);
  if (nodes === 'too deep') return `its schema is nested more than ${LIMITS.depth} deep`;
  if (nodes === 'too many') return `its schema has more than ${LIMITS.nodes} parts`;
  if ((JSON.stringify(schema) ?? '').length > LIMITS.chars)
    return `its schema is longer than ${LIMITS.chars} characters`;
  const foreign = findReference(schema, (reference) => !reference.startsWith('#'));
  if (foreign !== undefined) return `its schema refers to ${JSON.stringify(foreign.slice(0, 120))}, outside of itself`;
  if (isObject(schema) && expandedNodes(schema, schema, [], { left: LIMITS.expandedNodes }) < 0)
    return `its schema has more than ${LIMITS.expandedNodes} parts once its references are followed`;
  return undefined;
}

/**
 * The validator of structured results: the SDK's own, but for schemas that are not fit for use, and without patterns, which
 * could keep a regular expression busy for ever.
 */
export function createOutputValidator(): jsonSchemaValidator {
  let ajv: AjvJsonSchemaValidator | undefined;
  return {
    getValidator: <T>(schema: JsonSchemaType): JsonSchemaValidator<T> => {
      if (faultOfSchema(schema) !== undefined)
        // The caller asked for T; that nothing is checked is the point, and the result goes to the model as text.
        return (input) => ({ valid: true, data: input as T, errorMessage: undefined });
      ajv ??= new AjvJsonSchemaValidator();
      return ajv.getValidator<T>(withoutPatterns(schema) as JsonSchemaType);
    },
  };
}

function withoutPatterns(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(withoutPatterns);
  if (!isObject(part)) return part;
  return Object.fromEntries(
    Object.entries(part).flatMap(([key, value]) =>
      (key === 'pattern' && typeof value === 'string') || (key === 'patternProperties' && isObject(value))
        ? []
        : [[key, withoutPatterns(value)]],
    ),
  );
}

function countNodes(root: unknown, maxNodes: number, maxDepth: number): number | 'too deep' | 'too many' {
  let count = 0;
  const open: { part: unknown; depth: number }[] = [{ part: root, depth: 0 }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { part, depth } = next;
    if (typeof part !== 'object' || part === null) continue;
    count += 1;
    if (depth > maxDepth) return 'too deep';
    if (count > maxNodes) return 'too many';
    for (const child of Object.values(part)) open.push({ part: child, depth: depth + 1 });
  }
  return count;
}

function findReference(part: unknown, matches: (reference: string) => boolean): string | undefined {
  if (typeof part !== 'object' || part === null) return undefined;
  for (const [key, value] of Object.entries(part)) {
    if ((key === '$ref' || key === '$dynamicRef') && typeof value === 'string' && matches(value)) return value;
    const found = findReference(value, matches);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What is left of the budget after expanding `part`; negative when it is used up. A reference to itself ends there. */
function expandedNodes(root: Json, part: unknown, path: readonly string[], budget: { left: number }): number {
  if (typeof part !== 'object' || part === null) return budget.left;
  budget.left -= 1;
  if (budget.left < 0) return budget.left;
  for (const [key, value] of Object.entries(part)) {
    if (path.length === 0 && (key === '$defs' || key === 'definitions')) continue;
    const isReference = key === '$ref' && typeof value === 'string';
    if (isReference && path.includes(value)) continue;
    const next = isReference ? resolveReference(root, value) : value;
    if (expandedNodes(root, next, isReference ? [...path, value] : path, budget) < 0) return budget.left;
  }
  return budget.left;
}

function resolveReference(root: Json, reference: string): unknown {
  let part: unknown = root;
  for (const step of reference.split('/').slice(1)) {
    if (!isObject(part)) return undefined;
    part = part[decode(step)];
  }
  return part === root ? undefined : part;
}

/** RFC 6901 §4, after the percent-encoding of a fragment. */
function decode(step: string): string {
  return decodeFragment(step).replaceAll('~1', '/').replaceAll('~0', '~');
}

function decodeFragment(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}

function isObject(part: unknown): part is Json {
  return typeof part === 'object' && part !== null && !Array.isArray(part);
}
