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
  /** Parts of an expanded schema times parts of a value: no check takes more steps than that, each with an error to keep. */
  checks: 500_000,
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
 * The validator of structured results: the SDK's own, but for schemas and values that are not fit for it, whose results go to
 * the model unchecked. Nothing that a server writes may keep us busy in checking what it sends.
 */
export function createOutputValidator(): jsonSchemaValidator {
  let ajv: AjvJsonSchemaValidator | undefined;
  return {
    getValidator: <T>(schema: JsonSchemaType): JsonSchemaValidator<T> => {
      let validate: JsonSchemaValidator<T> | undefined;
      return (input) => {
        // The caller asked for T; that nothing is checked is the point.
        const unchecked = { valid: true, data: input as T, errorMessage: undefined } as const;
        const checkable = checkableSchema(schema, input);
        if (!checkable) return unchecked;
        try {
          ajv ??= new AjvJsonSchemaValidator();
          validate ??= ajv.getValidator<T>(checkable as JsonSchemaType);
        } catch {
          // Whatever a compiler has against a schema of a server: the call has been made, and its result is there.
          return unchecked;
        }
        return validate(input);
      };
    },
  };
}

/**
 * The schema as a value may be checked against it: without patterns, which could keep a regular expression busy for ever, and
 * without `uniqueItems`, which compares everything with everything. `undefined` where the check would take too long: a schema
 * that refers to itself in a union takes twice the time for each level of the value.
 */
export function checkableSchema(schema: unknown, value: unknown): Json | undefined {
  if (!isObject(schema) || faultOfSchema(schema) !== undefined || isRecursive(schema, schema, [])) return undefined;
  const left = expandedNodes(schema, schema, [], { left: LIMITS.expandedNodes });
  const maxNodes = Math.floor(LIMITS.checks / (LIMITS.expandedNodes - left));
  if (typeof countNodes(value, maxNodes, Number.POSITIVE_INFINITY, 'values') !== 'number') return undefined;
  const checkable = withoutCostlyParts(schema);
  return isObject(checkable) ? checkable : undefined;
}

function withoutCostlyParts(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(withoutCostlyParts);
  if (!isObject(part)) return part;
  return Object.fromEntries(
    Object.entries(part).flatMap(([key, value]) => (isCostly(key, value) ? [] : [[key, withoutCostlyParts(value)]])),
  );
}

/** By its value too: a property may have the same name. */
function isCostly(key: string, value: unknown): boolean {
  return (
    (key === 'pattern' && typeof value === 'string') ||
    (key === 'patternProperties' && isObject(value)) ||
    (key === 'uniqueItems' && typeof value === 'boolean')
  );
}

/** Whether following its references comes back to where it was; references that are found at run time may. */
function isRecursive(root: Json, part: unknown, path: readonly string[]): boolean {
  if (typeof part !== 'object' || part === null) return false;
  return Object.entries(part).some(([key, value]) => {
    if (path.length === 0 && (key === '$defs' || key === 'definitions')) return false;
    if ((key === '$dynamicRef' || key === '$recursiveRef') && typeof value === 'string') return true;
    if (key !== '$ref' || typeof value !== 'string') return isRecursive(root, value, path);
    if (path.includes(value) || /^#\/?$/.test(value) || !value.startsWith('#/')) return true;
    return isRecursive(root, resolveReference(root, value), [...path, value]);
  });
}

/** @param counts whether only objects and arrays count, or what is in them too */
export function countNodes(
  root: unknown,
  maxNodes: number,
  maxDepth: number,
  counts: 'containers' | 'values' = 'containers',
): number | 'too deep' | 'too many' {
  let count = 0;
  const open: { part: unknown; depth: number }[] = [{ part: root, depth: 0 }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { part, depth } = next;
    const isContainer = typeof part === 'object' && part !== null;
    if (isContainer || counts === 'values') count += 1;
    if (count > maxNodes) return 'too many';
    if (!isContainer) continue;
    if (depth > maxDepth) return 'too deep';
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
