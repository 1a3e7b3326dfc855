// A request → the tool calls it asks for, and what there is to say about the rest of it. Pure: the same request and tools
// give the same plan, so the demo model can make it again when the results are in.

import { fillArguments } from './demo-arguments.ts';
import { matchTool } from './demo-matching.ts';
import { type DemoParameter, type DemoTool, exampleCall } from './demo-tools.ts';
import { readTokens } from './demo-words.ts';

export interface PlannedCall {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

export interface Plan {
  readonly calls: readonly PlannedCall[];
  /** Sentences about parts of the request that became no call. */
  readonly remarks: readonly string[];
}

type Outcome =
  | { readonly kind: 'call'; readonly call: PlannedCall; readonly isNamed: boolean }
  | { readonly kind: 'remark'; readonly text: string }
  | { readonly kind: 'none' };

/** What always separates two requests. */
const HARD_SEPARATOR = /\n+|;|,?\s+(?:and\s+)?then\s+/gi;
/** What separates them only if both sides are complete calls: `add 2 and 40` is one. */
const SOFT_SEPARATOR = /,?\s+and\s+|[.?!]\s+|,\s+/gi;
/** Every pair of separators is tried; beyond these the text is prose and no list of requests. */
const MAX_SOFT_SEPARATORS = 20;
/** Tools named in an answer. */
const MAX_LISTED_TOOLS = 20;
const MAX_QUOTE_LENGTH = 80;

/** Plans the calls for a request. There is always a call or a remark. */
export function planRequest(tools: readonly DemoTool[], request: string): Plan {
  const clauses = splitAt(request, findSeparators(request, HARD_SEPARATOR)).flatMap((part) => splitSoftly(tools, part));
  const outcomes = clauses.map((clause) => ({ clause, outcome: readClause(tools, clause) }));
  if (outcomes.every(({ outcome }) => outcome.kind === 'none'))
    return { calls: [], remarks: [describeAbilities(tools)] };
  return {
    calls: outcomes.flatMap(({ outcome }) => (outcome.kind === 'call' ? [outcome.call] : [])),
    remarks: outcomes.flatMap(({ clause, outcome }) => {
      if (outcome.kind === 'call') return [];
      return outcome.kind === 'remark' ? [outcome.text] : [`No tool matches ${quote(clause)}.`];
    }),
  };
}

function readClause(tools: readonly DemoTool[], clause: string): Outcome {
  const tokens = readTokens(clause);
  const match = matchTool(tools, tokens);
  if (match.kind === 'none') return match;
  if (match.kind === 'ambiguous') {
    const names = listNames(match.tools);
    const [first] = match.tools;
    const example = first ? ` Name one, for example: ${exampleCall(first)}` : '';
    return { kind: 'remark', text: `Several tools match ${quote(clause)} equally well: ${names}.${example}` };
  }
  const { tool } = match;
  const { args, missing, surplus } = fillArguments(tool, clause, tokens, match.end);
  if (missing.length > 0 || surplus.length > 0) {
    const faults = [
      ...(missing.length > 0 ? [`it needs ${missing.map(describeParameter).join(', ')}`] : []),
      ...(surplus.length > 0 ? [`I cannot place ${surplus.join(', ')}`] : []),
    ];
    const example = exampleCall(tool, surplus.length > 0 ? {} : args);
    return { kind: 'remark', text: `I would call ${tool.name}, but ${faults.join(' and ')}. For example: ${example}` };
  }
  return { kind: 'call', call: { name: tool.name, args }, isNamed: match.isNamed };
}

/** The parts of a clause that are complete calls each; the clause itself if it does not divide into such. */
function splitSoftly(tools: readonly DemoTool[], clause: string): readonly string[] {
  const separators = findSeparators(clause, SOFT_SEPARATOR);
  if (separators.length === 0 || separators.length > MAX_SOFT_SEPARATORS) return [clause];
  const known = new Map<number, readonly string[] | undefined>();
  const splitFrom = (first: number): readonly string[] | undefined => {
    const from = separators[first - 1]?.end ?? 0;
    for (const [index, { start }] of separators.entries()) {
      if (index < first || !isComplete(tools, clause.slice(from, start))) continue;
      if (!known.has(index + 1)) known.set(index + 1, splitFrom(index + 1));
      const rest = known.get(index + 1);
      if (rest) return [clause.slice(from, start), ...rest];
    }
    return isComplete(tools, clause.slice(from)) ? [clause.slice(from)] : undefined;
  };
  return splitFrom(0) ?? [clause];
}

/** Without the tool's name, `archived no` would be a call and not the end of one. */
function isComplete(tools: readonly DemoTool[], text: string): boolean {
  const outcome = readClause(tools, text);
  return outcome.kind === 'call' && outcome.isNamed;
}

interface Separator {
  readonly start: number;
  readonly end: number;
}

/** Separators that are not part of a quotation. */
function findSeparators(text: string, pattern: RegExp): Separator[] {
  const quotations = readTokens(text).filter(({ kind }) => kind === 'quoted');
  return [...text.matchAll(pattern)]
    .map(({ index, 0: match }) => ({ start: index, end: index + match.length }))
    .filter(({ start }) => !quotations.some((quotation) => start > quotation.start && start < quotation.end));
}

function splitAt(text: string, separators: readonly Separator[]): string[] {
  const starts = [0, ...separators.map(({ end }) => end)];
  const ends = [...separators.map(({ start }) => start), text.length];
  return starts.map((start, index) => text.slice(start, ends[index])).filter((part) => part.trim() !== '');
}

function describeAbilities(tools: readonly DemoTool[]): string {
  const [first] = tools;
  const abilities = first
    ? `The tools are: ${listNames(tools)}. Try for example: ${exampleCall(first)}`
    : 'There are no tools, so there is nothing that I can do';
  return `I am not an LLM: I only match words to tools, and no tool matches this. ${abilities}\nFor a real model set LLM_MODEL=provider:model.`;
}

function describeParameter(parameter: DemoParameter): string {
  switch (parameter.type) {
    case 'enum':
      return `${parameter.name} (${parameter.values.join(' or ')})`;
    case 'other':
      return `${parameter.name} (structured, which I cannot fill)`;
    default:
      return `${parameter.name} (${parameter.type})`;
  }
}

function listNames(tools: readonly DemoTool[]): string {
  const names = tools.slice(0, MAX_LISTED_TOOLS).map(({ name }) => name);
  const more = tools.length - names.length;
  return more > 0 ? `${names.join(', ')} and ${more} more` : names.join(', ');
}

function quote(text: string): string {
  const trimmed = text.trim();
  return JSON.stringify(trimmed.length > MAX_QUOTE_LENGTH ? `${trimmed.slice(0, MAX_QUOTE_LENGTH)}…` : trimmed);
}
