// Regular expressions of people against texts of models: some pairs take longer than the universe has. Each search has a
// time limit, and one that reaches it is no answer, neither yes nor no. The only place that runs such a pattern.

import { isNativeError } from 'node:util/types';
import { createContext, Script } from 'node:vm';

/** Ordinary searches take microseconds; this leaves room for a machine that is busy. */
const DEFAULT_TIMEOUT_MS = 1_000;
/** Longer than answers are. */
const MAX_SEARCHED = 200_000;
const MAX_SHOWN = 120;

/** A search that was given up: whatever depends on it cannot be said. */
export class PatternUndecided extends Error {
  override readonly name = 'PatternUndecided';
}

const search = new Script('new RegExp(pattern, "u").test(text)');

/**
 * Whether the pattern fits somewhere in the text, of which the first 200 000 characters are looked at.
 *
 * @param timeoutMs default 1000
 * @throws {PatternUndecided} when that is not known in time
 */
export function fitsPattern(pattern: string, text: string, timeoutMs = DEFAULT_TIMEOUT_MS): boolean {
  const searched = text.slice(0, MAX_SEARCHED);
  // A plain word needs no engine, and no time limit.
  if (/^[\w ]*$/.test(pattern)) return searched.includes(pattern);
  try {
    // Of all that runs in this process, only a script of `vm` can be stopped.
    return search.runInContext(createContext({ pattern, text: searched }), { timeout: timeoutMs }) === true;
  } catch (error) {
    // Made in the script's own world, so it is no Error of ours.
    if (!(isNativeError(error) && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT')) throw error;
    const shown = pattern.length > MAX_SHOWN ? `${pattern.slice(0, MAX_SHOWN)}…` : pattern;
    throw new PatternUndecided(
      `the pattern /${shown}/ came to no end within ${timeoutMs} ms on a text of ${searched.length} characters. Nested repetition, such as (a+)+, does that: write it without`,
    );
  }
}
