// Which tool a clause means, for the demo model: by the words that the tool's name, title, description and parameters
// share with it. A word counts the more the fewer tools have it. Pure.

import type { DemoTool } from './demo-tools.ts';
import { compact, stemsOf, type Token } from './demo-words.ts';

export type ToolMatch =
  | {
      readonly kind: 'tool';
      readonly tool: DemoTool;
      /** Whether its name or an operator was said, not only words of its description. */
      readonly isNamed: boolean;
      /** Where the words that name the tool end; what follows may be an argument. */
      readonly end: number;
    }
  /** Several tools fit equally well. */
  | { readonly kind: 'ambiguous'; readonly tools: readonly DemoTool[] }
  | { readonly kind: 'none' };

/** A name says more than a description. */
const NAME_WEIGHT = 3;
/** Among tools that share the matched words, the one whose whole name was said wins. */
const WHOLE_NAME_BONUS = 1;
/** Longest name, in words, that is recognised when it is written apart: `who am i` for `whoami`. */
const MAX_JOINED_WORDS = 4;
const MIN_JOINED_LENGTH = 4;

const NEGATION = /^(?:don['’]?t|not|never|without|neither|nor)$/i;

interface Candidate {
  readonly tool: DemoTool;
  readonly isNamed: boolean;
  readonly score: number;
  readonly start: number;
  readonly end: number;
}

/** A word or operator of a clause in comparable form. */
interface Said {
  readonly stem: string;
  readonly start: number;
  readonly end: number;
}

/** Finds the tool that a clause means. A clause that says not to do it means none. */
export function matchTool(tools: readonly DemoTool[], tokens: readonly Token[]): ToolMatch {
  const said = tokens.flatMap((token): Said[] => {
    const place = { start: token.start, end: token.end };
    if (token.kind === 'operator') return [{ stem: token.text, ...place }];
    return token.kind === 'word' ? stemsOf(token.text).map((stem) => ({ stem, ...place })) : [];
  });
  const rarity = rarityOf(tools);
  const candidates = tools
    .flatMap((tool) => {
      const candidate = scoreTool(tool, tokens, said, rarity);
      return candidate ? [candidate] : [];
    })
    .sort((a, b) => b.score - a.score);
  const [best] = candidates;
  if (!best || tokens.some((token) => token.start < best.start && NEGATION.test(token.text))) return { kind: 'none' };
  const equals = candidates.filter(({ score }) => best.score - score < 1e-9);
  return equals.length > 1
    ? { kind: 'ambiguous', tools: equals.map(({ tool }) => tool) }
    : { kind: 'tool', tool: best.tool, isNamed: best.isNamed, end: best.end };
}

function scoreTool(
  tool: DemoTool,
  tokens: readonly Token[],
  said: readonly Said[],
  rarity: (stem: string) => number,
): Candidate | undefined {
  const joined = findJoinedName(tool, tokens);
  if (joined) {
    const { words, ...place } = joined;
    return { tool, isNamed: true, score: NAME_WEIGHT * words * rarity(tool.name) + WHOLE_NAME_BONUS, ...place };
  }

  const distinct = said.filter(({ stem }, index) => said.findIndex((other) => other.stem === stem) === index);
  const named = distinct.filter(({ stem }) => tool.nameStems.includes(stem));
  const described = distinct.filter(({ stem }) => !tool.nameStems.includes(stem) && tool.otherStems.has(stem));
  const matched = named.length > 0 ? named : described;
  // A description has many words: one of them, or a few among many others, is no reason to call a tool.
  const isOperation = described.some(({ stem }) => !/[\p{L}\p{N}]/u.test(stem));
  const isNamed = named.length > 0 || isOperation;
  if (!isNamed && described.length * 2 <= distinct.length) return undefined;
  if (matched.length === 0) return undefined;

  const wholeName = new Set(named.map(({ stem }) => stem)).size / Math.max(1, new Set(tool.nameStems).size);
  return {
    tool,
    isNamed,
    score:
      NAME_WEIGHT * sum(named.map(({ stem }) => rarity(stem))) +
      sum(described.map(({ stem }) => rarity(stem))) +
      WHOLE_NAME_BONUS * wholeName,
    start: Math.min(...matched.map(({ start }) => start)),
    end: Math.max(...matched.map(({ end }) => end)),
  };
}

/** The place of the tool's name where it is written apart or with other signs: `who am i`, `List-Notes`. */
function findJoinedName(
  tool: DemoTool,
  tokens: readonly Token[],
): { words: number; start: number; end: number } | undefined {
  const name = compact(tool.name);
  if (name.length < MIN_JOINED_LENGTH) return undefined;
  for (const [index, first] of tokens.entries()) {
    let text = '';
    for (const [offset, token] of tokens.slice(index, index + MAX_JOINED_WORDS).entries()) {
      if (token.kind !== 'word') break;
      text += compact(token.text);
      if (text === name) return { words: offset + 1, start: first.start, end: token.end };
    }
  }
  return undefined;
}

/** The weight of a word: the more tools have it, the less it tells; a word of every tool tells next to nothing. */
function rarityOf(tools: readonly DemoTool[]): (stem: string) => number {
  return (stem) => {
    const owners = tools.filter((tool) => tool.nameStems.includes(stem) || tool.otherStems.has(stem)).length;
    return Math.log((tools.length + 1) / Math.max(1, owners));
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
