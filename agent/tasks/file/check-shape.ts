// A value from a task file against its schema → the faults in words: which key was probably meant, what would have been
// right, what came instead.

import * as z from 'zod';
import { type Position, quote, suggest } from './fault.ts';
import type { Path, Source } from './source.ts';
import { unreadableIn } from './unreadable.ts';

export interface ShapeFault extends Position {
  readonly message: string;
}

/** Either the value as the schema gives it, or all that is wrong with it. */
export type Shaped<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly faults: ShapeFault[] };

/** Checks a value, and says for each fault where it stands. */
export function checkShape<T extends z.ZodType>(schema: T, source: Source): Shaped<z.output<T>> {
  const unreadable = unreadableIn(source);
  if (unreadable.length > 0) return { ok: false, faults: unreadable };
  const parsed = schema.safeParse(source.value);
  if (parsed.success) return { ok: true, value: parsed.data };
  const { issues } = parsed.error;
  // Of a key in the wrong place, it would only say once more that the right one is missing.
  const misplaced = new Set(issues.flatMap(({ code, path }) => (code === 'unrecognized_keys' ? [pathText(path)] : [])));
  // What is no duration is none of the right length either: of one place, its form comes first.
  const malformed = new Set(issues.flatMap(({ code, path }) => (code === 'custom' ? [] : [pathText(path)])));
  const told = issues.filter(({ code, path }) => {
    const place = pathText(path);
    return code !== 'custom' || !(misplaced.has(place) || (path.length > 0 && malformed.has(place)));
  });
  return { ok: false, faults: told.flatMap((issue) => describe(schema, issue, source)) };
}

function describe(schema: z.ZodType, issue: z.core.$ZodIssue, source: Source): ShapeFault[] {
  const where = issue.path.length === 0 ? '' : `${pathText(issue.path)}: `;
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      ...source.locateKey(issue.path, key),
      message: `${where}unknown key ${quote(key)}${homeOf(key, schema, issue.path) ?? suggest(key, keysAt(schema, issue.path))}`,
    }));
  const value = valueAt(source.value, issue.path);
  return [
    {
      ...source.locate(issue.path),
      message: `${where}expected ${expectedOf(issue)}${keysHint(issue, schema)}${cameOf(issue, value)}`,
    },
  ];
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map of keys and values',
  record: 'a map of keys and values',
};

function expectedOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.message.startsWith('Invalid input') ? (TYPE_WORDS[issue.expected] ?? issue.expected) : issue.message;
    case 'too_small':
      return issue.message.startsWith('Too small') ? `${unitOf(issue)}${Number(issue.minimum)} or more` : issue.message;
    case 'too_big':
      return `${unitOf(issue)}${Number(issue.maximum)} or less`;
    case 'invalid_value':
      return issue.message.startsWith('Invalid') ? `one of ${issue.values.map(String).join(', ')}` : issue.message;
    default:
      return issue.message.replace(/^Invalid [a-z]+: (?:expected )?/, '');
  }
}

function unitOf({ origin }: { readonly origin: string }): string {
  if (origin === 'string') return 'a text with a length of ';
  return origin === 'array' ? 'a list with a length of ' : 'a number of ';
}

function cameOf(issue: z.core.$ZodIssue, value: unknown): string {
  if (issue.code === 'custom' && typeof value === 'object') return '';
  if (value === undefined) return ', there is nothing';
  const isList = issue.code === 'invalid_type' && issue.expected === 'array';
  if (typeof value === 'object' && value !== null)
    return `, got ${Array.isArray(value) ? (value.length === 0 ? 'an empty list' : 'a list') : `a map${isList ? '; entries of a list begin with -' : ''}`}`;
  return `, got ${quote(value)}${cureOf(issue, value)}`;
}

/** What was probably meant by a value of another type. */
function cureOf(issue: z.core.$ZodIssue, value: unknown): string {
  if (issue.code !== 'invalid_type' || value === null) return '';
  if (issue.expected === 'array') return `; as a list: [${quote(value)}]`;
  // With a message of its own it is more than any text.
  if (issue.expected !== 'string' || !issue.message.startsWith('Invalid input')) return '';
  return `; in quotes it is a text: ${quote(String(value))}`;
}

/** The few keys that a map would have. */
function keysHint(issue: z.core.$ZodIssue, schema: z.ZodType): string {
  if (issue.code !== 'invalid_type' || issue.expected !== 'object') return '';
  const keys = keysAt(schema, issue.path);
  return keys.length > 0 && keys.length <= 7 ? ` (${keys.join(', ')})` : '';
}

/** A key that stands one level too high: where it belongs. */
function homeOf(key: string, schema: z.ZodType, path: Path): string | undefined {
  const home = keysAt(schema, path).find((parent) => keysAt(schema, [...path, parent]).includes(key));
  return home === undefined ? undefined : `; it belongs under ${quote(home)}`;
}

/** `tasks[3].expect[0].tools` */
function pathText(path: Path): string {
  return path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${String(part)}`))
    .join('');
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, part) => {
    if (Array.isArray(at)) return at[Number(part)];
    return typeof at === 'object' && at !== null && Object.hasOwn(at, part) ? Reflect.get(at, part) : undefined;
  }, value);
}

/** A file may have thousands of faults. */
const jsonSchemas = new WeakMap<z.ZodType, unknown>();

/** The keys that the schema knows at a place. */
function keysAt(schema: z.ZodType, path: Path): readonly string[] {
  const root = jsonSchemas.get(schema) ?? z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  jsonSchemas.set(schema, root);
  const places = path.reduce<unknown[]>((nodes, part) => nodes.flatMap((node) => childrenOf(node, part)), [root]);
  return [...new Set(places.flatMap(alternativesOf).flatMap((node) => Object.keys(mapOf(node, 'properties'))))];
}

function childrenOf(node: unknown, part: PropertyKey): unknown[] {
  return alternativesOf(node).flatMap((one) => {
    const child = typeof part === 'number' ? Reflect.get(one, 'items') : mapOf(one, 'properties')[String(part)];
    return child === undefined ? [] : [child];
  });
}

function alternativesOf(node: unknown): object[] {
  if (typeof node !== 'object' || node === null) return [];
  const alternatives: unknown = Reflect.get(node, 'anyOf');
  return [node, ...(Array.isArray(alternatives) ? alternatives.flatMap(alternativesOf) : [])];
}

function mapOf(node: object, key: string): Readonly<Record<string, unknown>> {
  const value: unknown = Reflect.get(node, key);
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
