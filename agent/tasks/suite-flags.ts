// What the command line says about a run, checked: all that is wrong comes in one message.

import { AgentError } from '../errors.ts';
import { patternFault } from './expect/pattern-fault.ts';
import { parseDuration } from './file/duration.ts';
import { REPORTERS, type Reporter } from './progress/progress.ts';
import { parseShard } from './run/select-tasks.ts';

/** As the command line has them: texts, or `true` for a flag without its value. */
export interface WrittenFlags {
  readonly jobs?: string;
  readonly grep?: string;
  readonly tag?: readonly string[];
  readonly shard?: string;
  readonly repeat?: string;
  readonly resume?: string | true;
  readonly retryErrors?: string;
  readonly onlyFailed?: boolean;
  readonly failFast?: boolean;
  readonly record?: string;
  readonly replay?: string;
  readonly out?: string;
  readonly model?: string;
  readonly judge?: string;
  readonly reporter?: string;
  readonly timeout?: string;
  readonly maxTurns?: string;
}

export interface SuiteFlags {
  readonly files: readonly string[];
  readonly jobs: number;
  readonly grep: RegExp | undefined;
  readonly tags: readonly string[];
  readonly shard: { readonly index: number; readonly of: number } | undefined;
  readonly repeat: number | undefined;
  /** A directory, or `newest`; `undefined` begins a new run. */
  readonly resume: { readonly kind: 'newest' } | { readonly kind: 'directory'; readonly directory: string } | undefined;
  readonly retryErrors: number;
  readonly isOnlyFailed: boolean;
  readonly isFailFast: boolean;
  readonly out: string | undefined;
  /** `undefined`: as the terminal has it. */
  readonly reporter: Reporter | undefined;
  /** For the whole run. */
  readonly timeoutMs: number | undefined;
}

const DEFAULT_JOBS = 4;
const MAX_JOBS = 256;
const MAX_REPEAT = 1_000;
const TASK_FILE = /\.(ya?ml|jsonl|ndjson)$/i;

/** @throws {AgentError} `usage` with every fault */
export function parseSuiteFlags(written: readonly string[], flags: WrittenFlags): SuiteFlags {
  const faults: string[] = [];
  const whole = (name: string, text: string | undefined, least: number, most: number): number | undefined => {
    if (text === undefined) return undefined;
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    faults.push(`--${name}: expected a whole number from ${least} to ${most}, got ${JSON.stringify(text)}`);
    return undefined;
  };
  // `--resume a.yaml` means the newest run and this file: a directory has no such name.
  const swallowed = typeof flags.resume === 'string' && TASK_FILE.test(flags.resume) ? [flags.resume] : [];
  const files = [...swallowed, ...written];
  if (files.length === 0) faults.push('expected at least one task file, such as examples/tasks/arithmetic.yaml');
  const grepFault = flags.grep === undefined ? undefined : patternFault(flags.grep);
  if (grepFault !== undefined) faults.push(`--grep: expected ${grepFault}, got ${JSON.stringify(flags.grep)}`);
  const shard = flags.shard === undefined ? undefined : parseShard(flags.shard);
  if (flags.shard !== undefined && !shard)
    faults.push(`--shard: expected a part such as 1/3, got ${JSON.stringify(flags.shard)}`);
  const timeoutMs = flags.timeout === undefined ? undefined : parseDuration(flags.timeout);
  if (flags.timeout !== undefined && timeoutMs === undefined)
    faults.push(`--timeout: expected a duration such as 90s or 10m, got ${JSON.stringify(flags.timeout)}`);
  const reporter = REPORTERS.find((name) => name === flags.reporter);
  if (flags.reporter !== undefined && !reporter)
    faults.push(`--reporter: expected ${REPORTERS.join(', ')}, got ${JSON.stringify(flags.reporter)}`);
  if (flags.out !== undefined && flags.resume !== undefined)
    faults.push('--out: expected to be left out with --resume, which goes on where the results are');
  const parsed: SuiteFlags = {
    files,
    jobs: whole('jobs', flags.jobs, 1, MAX_JOBS) ?? DEFAULT_JOBS,
    grep: flags.grep === undefined || grepFault !== undefined ? undefined : new RegExp(flags.grep, 'u'),
    tags: flags.tag ?? [],
    shard,
    repeat: whole('repeat', flags.repeat, 1, MAX_REPEAT),
    resume: resumeOf(swallowed.length > 0 ? true : flags.resume),
    retryErrors: whole('retry-errors', flags.retryErrors, 0, 100) ?? 0,
    isOnlyFailed: flags.onlyFailed === true,
    isFailFast: flags.failFast === true,
    out: flags.out,
    reporter,
    timeoutMs,
  };
  if (faults.length > 0) throw new AgentError('usage', faults.join('\n'));
  return parsed;
}

function resumeOf(resume: WrittenFlags['resume']): SuiteFlags['resume'] {
  if (resume === undefined) return undefined;
  return resume === true ? { kind: 'newest' } : { kind: 'directory', directory: resume };
}
