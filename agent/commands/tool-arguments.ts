// Arguments of a tool call as people type them: words on a command line → what the tool gets.

import { AgentError } from '../errors.ts';

/** One argument as it was typed: `=` leaves it to the tool's schema what the text is, `:=` says that it is JSON. */
export interface GivenArgument {
  readonly key: string;
  readonly sign: '=' | ':=';
  readonly text: string;
}

/** @throws {AgentError} `usage` for a word that is none of `key=value`, `key:=json` and one JSON object with several */
export function parseArguments(words: readonly string[]): GivenArgument[] {
  return words.flatMap((word) => (word.startsWith('{') ? membersOf(word) : [parseArgument(word)]));
}

function parseArgument(word: string): GivenArgument {
  const [, key, sign, text] = /^([^=:]+)(:?=)(.*)$/s.exec(word) ?? [];
  if (key === undefined || text === undefined)
    throw new AgentError(
      'usage',
      `Expected key=value, key:=json or one JSON object, got ${JSON.stringify(word.slice(0, 120))}.`,
    );
  const given: GivenArgument = { key, sign: sign === ':=' ? ':=' : '=', text };
  if (given.sign === ':=') parseJson(text, `${key}:= expects JSON`, ` For text: ${key}=…`);
  return given;
}

function membersOf(word: string): GivenArgument[] {
  const object = parseJson(word, 'Expected a JSON object', ' A shell wants it in single quotes.');
  return Object.entries(Object(object)).map(([key, value]) => ({ key, sign: ':=', text: JSON.stringify(value) }));
}

/**
 * The arguments for a tool with this JSON Schema. A text becomes a number or a boolean where the schema wants one and it is
 * one; else it stays a text, and the server says what is wrong with it.
 */
export function toArguments(given: readonly GivenArgument[], schema: unknown): Record<string, unknown> {
  return Object.fromEntries(
    given.map((argument) => {
      if (argument.sign === ':=') return [argument.key, parseJson(argument.text)];
      return [argument.key, readAs(typesOf(schema, argument.key), argument.text)];
    }),
  );
}

function readAs(types: readonly unknown[], text: string): unknown {
  if (types.includes('string')) return text;
  if ((types.includes('number') || types.includes('integer')) && /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text))
    return Number(text);
  if (types.includes('boolean') && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

function typesOf(schema: unknown, key: string): readonly unknown[] {
  const properties: unknown = Object(schema).properties;
  if (!Object.hasOwn(Object(properties), key)) return [];
  const type: unknown = Object(Object(properties)[key]).type;
  return Array.isArray(type) ? type : [type];
}

function parseJson(text: string, expected = 'Expected JSON', advice = ''): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new AgentError('usage', `${expected}, got ${JSON.stringify(text.slice(0, 120))}.${advice}`);
  }
}
