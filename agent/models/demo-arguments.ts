// Arguments of a tool out of the words of a clause, for the demo model: by name first, then by kind and order. What cannot
// be told is left missing, and what is left over is reported: a wrong call would be worse than a question. Pure.

import { readFreeText } from './demo-free-text.ts';
import type { DemoParameter, DemoTool } from './demo-tools.ts';
import { findWords, isTruth, parseValue } from './demo-values.ts';
import { compact, type Token } from './demo-words.ts';

export interface FilledArguments {
  readonly args: Readonly<Record<string, unknown>>;
  /** Required parameters without a value. */
  readonly missing: readonly DemoParameter[];
  /** Numbers that the tool has no place for, or that may mean several things (`1,000`). */
  readonly surplus: readonly string[];
}

/** A clause that is being taken apart. The steps fill `args` and note which tokens they used up. */
interface Reading {
  readonly tool: DemoTool;
  readonly text: string;
  readonly tokens: readonly Token[];
  /** Where the words that name the tool end. */
  readonly end: number;
  readonly args: Map<string, unknown>;
  readonly used: Set<Token>;
  /** Parameters that were given something they cannot take; guessing on would hide that. */
  readonly refused: Set<string>;
}

const STEPS: readonly ((reading: Reading) => void)[] = [
  fillNamed,
  fillBooleans,
  fillEnums,
  fillOrdered,
  fillNumbers,
  fillQuoted,
  fillRest,
];

/** Fills the parameters of a tool from a clause. */
export function fillArguments(tool: DemoTool, text: string, tokens: readonly Token[], end: number): FilledArguments {
  const reading: Reading = { tool, text, tokens, end, args: new Map(), used: new Set(), refused: new Set() };
  for (const step of STEPS) step(reading);
  const { args, used } = reading;
  const isSurplus = (token: Token) =>
    !used.has(token) && (token.kind === 'number' || (token.kind === 'word' && /^\d{1,3}(?:,\d{3})+$/.test(token.text)));
  return {
    args: Object.fromEntries(tool.parameters.flatMap(({ name }) => (args.has(name) ? [[name, args.get(name)]] : []))),
    missing: tool.parameters.filter(({ name, required }) => required && !args.has(name)),
    surplus: tool.parameters.some(isNumeric) ? tokens.filter(isSurplus).map(({ text }) => text) : [],
  };
}

/** `a=2`, `title: "Milk"`, `limit 5`, `id is 7`. */
function fillNamed(reading: Reading): void {
  const { tokens, text } = reading;
  for (const [index, token] of tokens.entries()) {
    const parameter = token.kind === 'word' ? openParameters(reading).find(isNamed(token)) : undefined;
    if (!parameter) continue;
    const next = tokens[index + 1];
    const isAssigned = next?.kind === 'sign' && /^[=:]$/.test(next.text);
    const isLinked = next?.kind === 'word' && /^(?:is|of)$/i.test(next.text);
    // A parameter called `a` may be an article as well.
    const isBare = !isAssigned && !isLinked;
    if (isBare && parameter.name.length === 1) continue;
    const value = isBare ? next : tokens[index + 2];
    if (value?.kind === 'number' || value?.kind === 'quoted') assign(reading, parameter, value.text, [token, value]);
    else if (isAssigned && value) {
      const raw = /^[^\s,;)]*/.exec(text.slice(value.start))?.[0].replace(/[.?!]+$/, '') ?? '';
      const until = value.start + raw.length;
      assign(reading, parameter, raw, [token, ...tokens.filter(({ start }) => start >= value.start && start < until)]);
    }
  }
}

/** Yes or no near the parameter's name: `archived yes`, `no archived`. */
function fillBooleans(reading: Reading): void {
  for (const parameter of openParameters(reading).filter(({ type }) => type === 'boolean')) {
    const at = reading.tokens.findIndex(isWordFor(parameter));
    if (at < 0) continue;
    const near = [1, 2, -1].flatMap((offset) => reading.tokens[at + offset] ?? []);
    const value = near.find(({ text }) => isTruth(text));
    if (value) assign(reading, parameter, value.text, [value]);
  }
}

/** The enumerated value that is said first. */
function fillEnums(reading: Reading): void {
  for (const parameter of openParameters(reading)) {
    if (parameter.type !== 'enum') continue;
    const said = parameter.values
      .map((value) => ({ value, tokens: findWords(reading.tokens, String(value)) }))
      .filter(({ tokens }) => tokens.length > 0)
      .sort((a, b) => (a.tokens[0]?.start ?? 0) - (b.tokens[0]?.start ?? 0))[0];
    if (said) assign(reading, parameter, String(said.value), said.tokens);
  }
}

/** Numbers around a word or sign for which the description states the order: `subtract 3 from 10` is `10 - 3`. */
function fillOrdered(reading: Reading): void {
  for (const [index, token] of reading.tokens.entries()) {
    const [first, second] = [reading.tokens[index - 1], reading.tokens[index + 1]];
    if (first?.kind !== 'number' || second?.kind !== 'number') continue;
    const order = reading.tool.orders.find(({ connector }) => connector === token.text.toLowerCase());
    const open = openParameters(reading);
    const [one, other] = [
      open.find(({ name }) => name === order?.first),
      open.find(({ name }) => name === order?.second),
    ];
    if (!one || !other) continue;
    assign(reading, one, first.text, [first]);
    assign(reading, other, second.text, [second]);
  }
}

function fillNumbers(reading: Reading): void {
  fillInOrder(reading, 'number', isNumeric);
}

function fillQuoted(reading: Reading): void {
  fillInOrder(reading, 'quoted', ({ type }) => type === 'string');
}

/** What follows the tool's name, if the tool requires one text and nothing else can be meant. */
function fillRest(reading: Reading): void {
  const { text, tokens, end, used } = reading;
  const required = reading.tool.parameters.filter((parameter) => parameter.type === 'string' && parameter.required);
  const [parameter] = openParameters(reading).filter((open) => required.includes(open));
  if (!parameter || required.length > 1) return;
  const rest = readFreeText(text, end, [...used], parameter.name);
  const covered = tokens.filter(({ start }) => start >= end);
  if (rest !== '') assign(reading, parameter, rest, covered);
}

/** Gives the unused tokens of a kind to the parameters that take them, the required ones first. */
function fillInOrder(reading: Reading, kind: Token['kind'], takes: (parameter: DemoParameter) => boolean): void {
  const open = openParameters(reading).filter(takes);
  const free = reading.tokens.filter((token) => token.kind === kind && !reading.used.has(token));
  const ordered = [...open.filter(({ required }) => required), ...open.filter(({ required }) => !required)];
  for (const [index, parameter] of ordered.entries()) {
    const token = free[index];
    if (token) assign(reading, parameter, token.text, [token]);
  }
}

function assign(reading: Reading, parameter: DemoParameter, raw: string, tokens: readonly Token[]): void {
  const value = parseValue(parameter, raw);
  if (value === undefined) {
    reading.refused.add(parameter.name);
    return;
  }
  reading.args.set(parameter.name, value);
  for (const token of tokens) reading.used.add(token);
}

function openParameters({ tool, args, refused }: Reading): DemoParameter[] {
  return tool.parameters.filter(({ name }) => !args.has(name) && !refused.has(name));
}

function isNumeric({ type }: DemoParameter): boolean {
  return type === 'number' || type === 'integer';
}

function isNamed({ text }: Token): (parameter: DemoParameter) => boolean {
  return ({ name }) => compact(name) === compact(text);
}

function isWordFor(parameter: DemoParameter): (token: Token) => boolean {
  return (token) => token.kind === 'word' && isNamed(token)(parameter);
}
