// Compares an argument of a tool call with what a task expects of it: plain JSON values, or matchers such as {$gt: 3}.
// Pure; says where and why two values differ.

import { suggest } from '../file/fault.ts';
import { fitsPattern } from './bounded-pattern.ts';
import { patternFault } from './pattern-fault.ts';

export interface ValueDifference {
  /** Where, from the arguments down: `['tags', 0]`. */
  readonly path: readonly (string | number)[];
  readonly expected: string;
  readonly came: string;
}

/** `partial`: objects may have further keys, at any depth. */
export type ArgumentMode = 'exact' | 'partial';

type Matcher = {
  /** Why the operand is wrong; `undefined` if it is right. */
  readonly fault: (operand: unknown) => string | undefined;
  readonly holds: (operand: unknown, actual: unknown, mode: ArgumentMode) => boolean;
};

const isNumber = (operand: unknown) => (typeof operand === 'number' ? undefined : 'a number');
const isText = (operand: unknown) => (typeof operand === 'string' ? undefined : 'a text');
const isTrue = (operand: unknown) => (operand === true ? undefined : 'true');
const compare = (holds: (actual: number, operand: number) => boolean): Matcher => ({
  fault: isNumber,
  holds: (operand, actual) => typeof actual === 'number' && typeof operand === 'number' && holds(actual, operand),
});

const MATCHERS: Readonly<Record<string, Matcher>> = {
  $any: { fault: isTrue, holds: (_operand, actual) => actual !== undefined },
  $absent: { fault: isTrue, holds: (_operand, actual) => actual === undefined },
  $matches: {
    fault: (operand) => (typeof operand === 'string' ? patternFault(operand) : 'a regular expression'),
    holds: (operand, actual) => typeof actual === 'string' && fitsPattern(String(operand), actual),
  },
  $contains: {
    fault: isText,
    holds: (operand, actual) => typeof actual === 'string' && actual.includes(String(operand)),
  },
  $icontains: {
    fault: isText,
    holds: (operand, actual) =>
      typeof actual === 'string' && actual.toLowerCase().includes(String(operand).toLowerCase()),
  },
  $gt: compare((actual, operand) => actual > operand),
  $gte: compare((actual, operand) => actual >= operand),
  $lt: compare((actual, operand) => actual < operand),
  $lte: compare((actual, operand) => actual <= operand),
  $oneOf: {
    fault: (operand) => (Array.isArray(operand) && operand.length > 0 ? undefined : 'a list of values'),
    holds: (operand, actual, mode) =>
      Array.isArray(operand) && operand.some((one) => differences(one, actual, mode).length === 0),
  },
  $not: {
    fault: () => undefined,
    holds: (operand, actual, mode) => differences(operand, actual, mode).length > 0,
  },
};

/** The names of all matchers. */
export const MATCHER_NAMES: readonly string[] = Object.keys(MATCHERS);
/** Deeper values are not looked into: nothing sensible is nested like that. */
const MAX_DEPTH = 64;

/**
 * What is wrong with the matchers in a value of a task file; `undefined` if nothing is. An object whose keys begin with `$`
 * is a matcher; of several keys all have to hold.
 */
export function matcherFault(
  value: unknown,
  path: readonly (string | number)[] = [],
): { readonly path: readonly (string | number)[]; readonly message: string } | undefined {
  if (path.length > MAX_DEPTH) return { path, message: `values that are nested at most ${MAX_DEPTH} deep` };
  if (Array.isArray(value)) return firstFault(value.map((part, index) => matcherFault(part, [...path, index])));
  if (!isObject(value)) return undefined;
  const names = Object.keys(value).filter((key) => key.startsWith('$'));
  if (names.length === 0)
    return firstFault(Object.entries(value).map(([key, part]) => matcherFault(part, [...path, key])));
  if (Object.keys(value).length > names.length)
    return { path, message: `matchers or values, not both: ${Object.keys(value).slice(0, 10).join(', ')}` };
  return firstFault(names.map((name) => operandFault(name, value[name], path)));
}

function operandFault(name: string, operand: unknown, path: readonly (string | number)[]) {
  const matcher = Object.hasOwn(MATCHERS, name) ? MATCHERS[name] : undefined;
  if (!matcher)
    return { path, message: `a matcher that there is, not ${JSON.stringify(name)}${suggest(name, MATCHER_NAMES)}` };
  const fault = matcher.fault(operand);
  if (fault !== undefined) return { path: [...path, name], message: fault };
  return name === '$oneOf' || name === '$not' ? matcherFault(operand, [...path, name]) : undefined;
}

/** Where `actual` is not what is `expected`; empty when it is. `undefined` is the value of what is not there. */
export function differences(
  expected: unknown,
  actual: unknown,
  mode: ArgumentMode,
  path: readonly (string | number)[] = [],
): ValueDifference[] {
  const differs = [{ path, expected: show(expected), came: show(actual) }];
  if (path.length > MAX_DEPTH) return differs;
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual) || actual.length !== expected.length) return differs;
    return expected.flatMap((part, index) => differences(part, actual[index], mode, [...path, index]));
  }
  if (!isObject(expected)) return expected === actual ? [] : differs;
  if (isMatcher(expected))
    return Object.entries(expected).every(([name, operand]) => MATCHERS[name]?.holds(operand, actual, mode))
      ? []
      : differs;
  if (!isObject(actual)) return differs;
  const surplus = mode === 'exact' ? Object.keys(actual).filter((key) => !Object.hasOwn(expected, key)) : [];
  return [
    ...Object.entries(expected).flatMap(([key, part]) =>
      differences(part, Object.hasOwn(actual, key) ? actual[key] : undefined, mode, [...path, key]),
    ),
    ...surplus.map((key) => ({ path: [...path, key], expected: 'no such argument', came: show(actual[key]) })),
  ];
}

/** A value in one line, cut short. */
export function show(value: unknown, maxLength = 200): string {
  const text = value === undefined ? 'nothing' : (JSON.stringify(value) ?? String(value));
  return text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
}

function isMatcher(expected: Readonly<Record<string, unknown>>): boolean {
  const names = Object.keys(expected);
  return names.length > 0 && names.every((name) => Object.hasOwn(MATCHERS, name));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function firstFault<T>(faults: readonly (T | undefined)[]): T | undefined {
  return faults.find((fault) => fault !== undefined);
}
