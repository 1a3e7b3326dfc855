// Arguments of a tool call as people type them: words on a command line → what the tool gets.

import { AgentError } from '../errors.ts';

/** One argument as it was typed: `=` leaves it to the tool's schema what the text is, `:=` says that it is JSON. */
export interface GivenArgument {
  readonly key: string;
  readonly sign: '=' | ':=';
  readonly text: string;
}

/** @throws {AgentError} `usage` for a word that is neither `key=value` nor `key:=json` */
export function parseArguments(words: readonly string[]): GivenArgument[] {
  return words.map((word) => {
    const [, key, sign, text] = /^([^=:]+)(:?=)(.*)$/s.exec(word) ?? [];
    if (key === undefined || text === undefined)
      throw new AgentError('usage', `Expected key=value or key:=json, got ${JSON.stringify(word.slice(0, 120))}.`);
    const given: GivenArgument = { key, sign: sign === ':=' ? ':=' : '=', text };
    if (given.sign === ':=') parseJson(given);
    return given;
  });
}

/**
 * The arguments for a tool with this JSON Schema. A text becomes a number or a boolean where the schema wants one and it is
 * one; else it stays a text, and the server says what is wrong with it.
 */
export function toArguments(given: readonly GivenArgument[], schema: unknown): Record<string, unknown> {
  return Object.fromEntries(
    given.map((argument) => {
      if (argument.sign === ':=') return [argument.key, parseJson(argument)];
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

function parseJson({ key, text }: GivenArgument): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new AgentError(
      'usage',
      `${key}:= expects JSON, got ${JSON.stringify(text.slice(0, 120))}. For text: ${key}=…`,
    );
  }
}
