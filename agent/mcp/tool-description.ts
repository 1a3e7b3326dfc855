// What a server says about a tool: whether it can be shown to a model at all, how it is shown, and how to tell that it
// says something else now. Pure.

import { createHash } from 'node:crypto';
import { plural } from '../plural.ts';
import type { McpTool } from './connection.ts';
import { countNodes, faultOfSchema } from './tool-schema.ts';
import { cleanText, inspectText } from './tool-text.ts';

const LIMITS = {
  descriptionChars: 4000,
  partChars: 1000,
  nameChars: 128,
  wordsChars: 20_000,
  parts: 20_000,
  depth: 200,
} as const;

type Json = Readonly<Record<string, unknown>>;

/** Why the tool cannot be offered to a model; `undefined` when it can. */
export function faultOfTool(tool: McpTool): string | undefined {
  const { name, inputSchema } = tool;
  if (name === '' || name.length > LIMITS.nameChars) return `its name has ${name.length} characters`;
  // Not a name that can be looked up in what was approved.
  if (name === '__proto__') return 'its name means something else in JavaScript';
  if (hidesSomething(name)) return 'its name has hidden characters';
  // Before anything looks into it: what is nested without end ends whoever walks through it.
  if (typeof countNodes(tool, LIMITS.parts, LIMITS.depth) !== 'number') return 'its description is too large';
  const fault = faultOfSchema(inputSchema);
  if (fault !== undefined) return fault;
  // Names of arguments and values to choose from go back to the server as they are, so they cannot be cleaned.
  return hidesSomething(JSON.stringify(readableSchema(inputSchema))) ? 'its schema has hidden characters' : undefined;
}

/** The description as the model reads it: labelled with its server, cleaned, cut. */
export function describeTool(server: string, { description, title }: McpTool): string {
  const text = description?.trim() || title?.trim() || 'No description.';
  return `[${server}] ${cleanText(text, LIMITS.descriptionChars)}`;
}

/** The schema as the server wrote it, but for hidden characters and endless text in its descriptions. */
export function readableSchema(schema: McpTool['inputSchema']): McpTool['inputSchema'] {
  // Only texts inside are replaced.
  return readablePart(schema, true) as McpTool['inputSchema'];
}

function readablePart(part: unknown, isSchema: boolean): unknown {
  if (Array.isArray(part)) return part.map((item) => readablePart(item, isSchema));
  if (typeof part !== 'object' || part === null) return part;
  return Object.fromEntries(
    Object.entries(part).map(([key, value]) => {
      if (isSchema && ['description', 'title', '$comment'].includes(key) && typeof value === 'string')
        return [key, cleanText(value, LIMITS.partChars)];
      // Inside of these, keys are names that the server chose.
      const isMap =
        isSchema && ['properties', '$defs', 'definitions', 'patternProperties', 'dependentSchemas'].includes(key);
      const isData = isSchema && ['default', 'const', 'enum', 'examples'].includes(key);
      return [key, isData ? value : readablePart(value, !isMap)];
    }),
  );
}

function hidesSomething(text: string): boolean {
  return inspectText(text, Number.MAX_SAFE_INTEGER).removed > 0;
}

/** Hash of everything that a person approves of, whatever the order of keys. */
export function fingerprintOf({ name, title, description, inputSchema, annotations }: McpTool): string {
  return createHash('sha256')
    .update(JSON.stringify([name, title, description, inputSchema, annotations], sortKeys))
    .digest('hex');
}

/** The same as text that a person can compare. */
export function wordsOf({ title, description, inputSchema, annotations }: McpTool): string {
  const words = JSON.stringify({ title, description, inputSchema, annotations }, sortKeys, 2);
  const { text, cut } = inspectText(words, LIMITS.wordsChars);
  if (cut === 0) return text;
  // Or a change behind the end would show as no change.
  return `${text}\n… and ${plural(cut, 'more character')}, SHA-256 of all ${createHash('sha256').update(words).digest('hex')}`;
}

const PARTS = { title: 'title', description: 'description', inputSchema: 'arguments', annotations: 'annotations' };

/** What differs between the words of two tools, named but not quoted. */
export function differencesOf(before: string, after: string): string[] {
  const [old, now] = [parseWords(before), parseWords(after)];
  const parts =
    old && now
      ? Object.entries(PARTS).filter(([key]) => JSON.stringify(old[key]) !== JSON.stringify(now[key]))
      : [['description', PARTS.description]];
  // Words are compared without what nobody can see; hashes are not.
  return parts.length === 0 ? ['hidden characters'] : parts.map(([, label]) => `its ${label}`);
}

function parseWords(words: string): Json | undefined {
  try {
    const parsed: unknown = JSON.parse(words);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? { ...parsed } : undefined;
  } catch (error) {
    // Cut off in the middle.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function sortKeys(_key: string, part: unknown): unknown {
  return typeof part === 'object' && part !== null && !Array.isArray(part)
    ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    : part;
}
