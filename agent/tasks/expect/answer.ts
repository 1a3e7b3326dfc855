// Whether an answer says what a task expects. Pure.

import type { ExpectedAnswer } from '../file/task-file-schema.ts';
import { fitsPattern, PatternUndecided } from './bounded-pattern.ts';
import { type Finding, failed, passed } from './finding.ts';
import { jsonSchemaMismatches } from './json-schema.ts';

type PlainAnswer = Omit<ExpectedAnswer, 'not'>;

/** How each operator judges: why the answer does not do, or `undefined` when it does. */
const OPERATORS: {
  readonly [Name in keyof Required<PlainAnswer>]: (
    wanted: NonNullable<PlainAnswer[Name]>,
    answer: string,
  ) => string | undefined;
} = {
  equals: (wanted, answer) =>
    answer.trim() === wanted.trim() ? undefined : `expected exactly ${JSON.stringify(wanted)}`,
  contains: (wanted, answer) => (answer.includes(wanted) ? undefined : `expected ${JSON.stringify(wanted)} in it`),
  icontains: (wanted, answer) =>
    answer.toLowerCase().includes(wanted.toLowerCase())
      ? undefined
      : `expected ${JSON.stringify(wanted)} in it, in whatever case`,
  matches: (wanted, answer) => (fitsPattern(wanted, answer) ? undefined : `expected it to match /${wanted}/`),
  json_schema: (wanted, answer) => {
    // Paths were read when the file was.
    if (typeof wanted === 'string') return `expected the schema of ${wanted}, which was not read`;
    const value = parseJson(answer);
    if (value === undefined) return 'expected JSON';
    const mismatches = jsonSchemaMismatches(wanted, value.parsed);
    return mismatches.length === 0
      ? undefined
      : `expected JSON that fits the schema: ${mismatches.slice(0, 5).join('; ')}`;
  },
  number: ({ value, within }, answer) => {
    const numbers = numbersIn(answer);
    if (numbers.some((one) => Math.abs(one - value) <= within)) return undefined;
    const nearest = numbers.toSorted((a, b) => Math.abs(a - value) - Math.abs(b - value))[0];
    const range = within === 0 ? String(value) : `${value} ± ${within}`;
    return `expected the number ${range}, ${nearest === undefined ? 'there is no number in it' : `the nearest one is ${nearest}`}`;
  },
};

/** Longer than answers are. */
const MAX_SEARCHED = 200_000;
const MAX_SHOWN = 500;

/** One finding for each operator that the task uses. */
export function judgeAnswer({ not, ...wanted }: ExpectedAnswer, answer: string): Finding[] {
  const came = `\n  came          ${answer === '' ? 'no answer' : JSON.stringify(answer.length > MAX_SHOWN ? `${answer.slice(0, MAX_SHOWN)}…` : answer)}`;
  const positive = operatorsOf(wanted).map(([name, why]) => {
    const { reason, undecided } = decide(why, answer);
    const wrong = undecided ?? reason;
    return wrong === undefined ? passed(`answer.${name}`) : failed(`answer.${name}`, `answer: ${wrong}${came}`);
  });
  const negative = operatorsOf(not ?? {}).map(([name, why]) => {
    const { reason, undecided } = decide(why, answer);
    const wrong =
      undecided ?? (reason === undefined ? `expected that ${name} ${describe(not?.[name])} does not hold` : undefined);
    return wrong === undefined ? passed(`answer.not.${name}`) : failed(`answer.not.${name}`, `answer: ${wrong}${came}`);
  });
  return [...positive, ...negative];
}

/** What cannot be decided holds neither way. */
function decide(
  why: (answer: string) => string | undefined,
  answer: string,
): { readonly reason?: string | undefined; readonly undecided?: string } {
  try {
    return { reason: why(answer) };
  } catch (error) {
    if (error instanceof PatternUndecided) return { undecided: error.message };
    throw error;
  }
}

function operatorsOf(
  wanted: PlainAnswer,
): (readonly [name: keyof PlainAnswer, why: (answer: string) => string | undefined])[] {
  const { equals, contains, icontains, matches, json_schema, number } = wanted;
  return [
    ...(equals === undefined ? [] : [['equals', (answer: string) => OPERATORS.equals(equals, answer)] as const]),
    ...(contains === undefined
      ? []
      : [['contains', (answer: string) => OPERATORS.contains(contains, answer)] as const]),
    ...(icontains === undefined
      ? []
      : [['icontains', (answer: string) => OPERATORS.icontains(icontains, answer)] as const]),
    ...(matches === undefined ? [] : [['matches', (answer: string) => OPERATORS.matches(matches, answer)] as const]),
    ...(json_schema === undefined
      ? []
      : [['json_schema', (answer: string) => OPERATORS.json_schema(json_schema, answer)] as const]),
    ...(number === undefined ? [] : [['number', (answer: string) => OPERATORS.number(number, answer)] as const]),
  ];
}

function describe(wanted: unknown): string {
  const text = JSON.stringify(wanted) ?? '';
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}

/** The value of an answer that is JSON, alone or in one fenced block, which models like to put around it. */
function parseJson(answer: string): { readonly parsed: unknown } | undefined {
  // By hand: a pattern for this takes hours for an answer of many empty lines.
  const text = answer.trim();
  const firstBreak = text.indexOf('\n');
  const isFenced = firstBreak > 0 && /^```(?:json)? *\r?$/.test(text.slice(0, firstBreak)) && text.endsWith('```');
  try {
    return { parsed: JSON.parse(isFenced ? text.slice(firstBreak, -3) : text) };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Numbers as people and models write them: 1,234.5 and -3 and 1e6; not the digits of a word such as n2. */
function numbersIn(text: string): number[] {
  const found =
    text
      .slice(0, MAX_SEARCHED)
      .match(/(?<![\w.])[-−]?(?:\d{1,3}(?:,\d{3}){1,8}|\d+)(?:\.\d+)?(?:e[-+]?\d+)?(?!\w)/giu) ?? [];
  return found.map((digits) => Number(digits.replaceAll(',', '').replace('−', '-')));
}
