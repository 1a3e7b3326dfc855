// The flags of `ask`, from what the command line says to what a session takes. All faults in one report.

import { readFileSync } from 'node:fs';
import type { TurnLimits } from '../agent.ts';
import type { ApprovalMode, ApprovalSettings } from '../approval.ts';
import { AgentError } from '../errors.ts';
import { OUTPUT_FORMATS, type OutputFormat } from './ask-output.ts';

/** As commander hands them over. */
export interface AskFlags {
  readonly output?: string;
  readonly maxTurns?: string;
  readonly maxToolCalls?: string;
  readonly maxTokens?: string;
  readonly maxUsd?: string;
  readonly timeout?: string;
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
  readonly approval?: string;
  readonly schema?: string;
  readonly continue?: boolean;
  readonly resume?: string;
  readonly quiet?: boolean;
}

export interface AskSettings {
  readonly limits: TurnLimits;
  readonly approval: ApprovalSettings;
  readonly answerSchema: Readonly<Record<string, unknown>> | undefined;
}

const MODES: readonly ApprovalMode[] = ['ask', 'read-only', 'all', 'none'];
const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
/** What timers of the platform can hold. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** The format, by itself, since all other faults are told in it; an unknown one counts as text. */
export function outputFormatOf({ output = 'text' }: AskFlags): OutputFormat {
  return OUTPUT_FORMATS.find((format) => format === output) ?? 'text';
}

/** @throws {AgentError} `usage` with every fault in its message, one a line */
export function parseAskFlags(flags: AskFlags): AskSettings {
  const faults: string[] = [];
  const number = (flag: string, text: string | undefined, expected: string, isRight: (value: number) => boolean) => {
    if (text === undefined) return undefined;
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (isRight(value)) return value;
    faults.push(`${flag}: expected ${expected}, got ${JSON.stringify(text)}`);
    return undefined;
  };
  const isWhole = (value: number) => Number.isInteger(value) && value >= 1;
  const { output = 'text', approval = 'read-only' } = flags;
  if (!OUTPUT_FORMATS.some((format) => format === output))
    faults.push(`--output: expected ${OUTPUT_FORMATS.join(', ')}, got ${JSON.stringify(output)}`);
  const mode = MODES.find((one) => one === approval);
  if (!mode) faults.push(`--approval: expected ${MODES.join(', ')}, got ${JSON.stringify(approval)}`);
  if (flags.continue && flags.resume !== undefined) faults.push('--continue and --resume exclude each other');
  const limits = {
    maxTurns: number('--max-turns', flags.maxTurns, 'a whole number from 1', isWhole),
    maxToolCalls: number(
      '--max-tool-calls',
      flags.maxToolCalls,
      'a whole number from 0',
      (value) => Number.isInteger(value) && value >= 0,
    ),
    maxTokens: number('--max-tokens', flags.maxTokens, 'a whole number from 1', isWhole),
    maxUsd: number('--max-usd', flags.maxUsd, 'US dollars, such as 0.50', (value) => value > 0 && value < 1e6),
    timeoutMs: timeoutOf(flags.timeout, faults),
  };
  const answerSchema = flags.schema === undefined ? undefined : readSchema(flags.schema, faults);
  if (faults.length > 0 || !mode) throw new AgentError('usage', faults.join('\n'));
  return {
    // What was not given is not there, so that defaults apply.
    limits: Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined)),
    approval: { mode, allow: flags.allow ?? [], deny: flags.deny ?? [] },
    answerSchema,
  };
}

/** `--allow a,b --allow c` → three patterns. */
export function collectPatterns(text: string, before: readonly string[] = []): readonly string[] {
  return [
    ...before,
    ...text
      .split(',')
      .map((pattern) => pattern.trim())
      .filter((pattern) => pattern !== ''),
  ];
}

function timeoutOf(text: string | undefined, faults: string[]): number | undefined {
  if (text === undefined) return undefined;
  const [, digits, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? [];
  const timeoutMs = Math.round(Number(digits) * (UNITS_MS[unit] ?? Number.NaN));
  if (timeoutMs >= 1 && timeoutMs <= MAX_TIMEOUT_MS) return timeoutMs;
  faults.push(`--timeout: expected seconds, or a time such as 90s or 5m, got ${JSON.stringify(text)}`);
  return undefined;
}

function readSchema(file: string, faults: string[]): Readonly<Record<string, unknown>> | undefined {
  try {
    const schema: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof schema === 'object' && schema !== null && !Array.isArray(schema))
      // An object with string keys is what JSON's objects are.
      return schema as Readonly<Record<string, unknown>>;
    faults.push(`--schema: expected a JSON Schema in ${file}, an object`);
  } catch (error) {
    faults.push(`--schema: cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  return undefined;
}
