// One task as written → the tasks that are run: defaults filled in, one for each model of the matrix, schemas and check
// modules found.

import { dirname, resolve } from 'node:path';
import type { TurnLimits } from '../../agent.ts';
import { jsonSchemaFault } from '../expect/json-schema.ts';
import type { ActingAs, Task } from '../task.ts';
import { canonicalHash } from './canonical-hash.ts';
import { parseDuration } from './duration.ts';
import type { Expectation, TaskFile, WrittenTask } from './task-file-schema.ts';

/** What a file says for all of its tasks. */
export type FileSettings = Partial<Pick<TaskFile, 'defaults' | 'servers' | 'judge'>>;

export interface Expansion {
  readonly written: WrittenTask;
  readonly settings: FileSettings;
  /** Absolute path of the task file. */
  readonly file: string;
  readonly shownFile: string;
  readonly line: number;
  readonly overrides: { readonly model?: string | undefined; readonly repeat?: number | undefined };
  /**
   * Reads a file that the task refers to.
   *
   * @param where the place in the task that names it
   * @returns `undefined` after reporting that it cannot be read
   */
  readonly readFixture: (
    name: string,
    ...where: PropertyKey[]
  ) => { readonly text: string; readonly hash: string } | undefined;
  /** Reports what is wrong with the task at a place in it. */
  readonly fault: (message: string, ...where: PropertyKey[]) => void;
}

const DEFAULT_TIMEOUT_MS = 120_000;

/** All forms of one written task. */
export function expandTask(expansion: Expansion): Task[] {
  const { written, settings, overrides } = expansion;
  const matrix = overrides.model === undefined ? written.matrix?.model : undefined;
  const models = matrix ?? [overrides.model ?? written.model ?? settings.defaults?.model];
  const expectations = (written.expect ?? []).map((one, index) => withSchemas(one, index, expansion));
  const check = written.check === undefined ? undefined : expansion.readFixture(written.check, 'check');
  return [...new Set(models)].map((model) => {
    const asked = {
      servers: written.servers ?? settings.defaults?.servers ?? settings.servers,
      actingAs: actingAsOf(written.as ?? settings.defaults?.as),
      turns: written.turns ?? [written.prompt ?? ''],
      approve: written.approve ?? settings.defaults?.approve ?? [],
      timeoutMs: parseDuration(written.timeout ?? settings.defaults?.timeout ?? '') ?? DEFAULT_TIMEOUT_MS,
      limits: limitsOf(written, settings),
      expectations,
    };
    return {
      id: matrix ? `${written.id}@${model}` : written.id,
      description: written.description,
      file: expansion.shownFile,
      line: expansion.line,
      model,
      ...asked,
      ...repetition(written, settings, overrides.repeat),
      tags: [...new Set([...(settings.defaults?.tags ?? []), ...(written.tags ?? [])])],
      check: check && written.check ? resolve(dirname(expansion.file), written.check) : undefined,
      skip: skipOf(written.skip),
      // Who answers is no part of it: two runs with different models are to be compared.
      hash: canonicalHash({ ...asked, check: check?.hash }),
    };
  });
}

/** Schemas that stand in files of their own, put in; every schema looked at. */
function withSchemas(expectation: Expectation, index: number, { readFixture, fault }: Expansion): Expectation {
  const { answer } = expectation;
  if (!answer) return expectation;
  const load = (schema: string | Record<string, unknown> | undefined, ...below: string[]) => {
    const where = ['expect', index, 'answer', ...below, 'json_schema'];
    const loaded = typeof schema === 'string' ? parseSchema(schema, where) : schema;
    const wrong = loaded && jsonSchemaFault(loaded);
    if (wrong !== undefined) fault(`json_schema: expected a JSON Schema (${wrong})`, ...where);
    return loaded;
  };
  const parseSchema = (name: string, where: readonly PropertyKey[]): Record<string, unknown> | undefined => {
    const text = readFixture(name, ...where)?.text;
    if (text === undefined) return undefined;
    try {
      const value: unknown = JSON.parse(text);
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
      fault(`json_schema: expected a JSON object in ${JSON.stringify(name)}`, ...where);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      fault(`json_schema: expected JSON in ${JSON.stringify(name)} (${error.message.slice(0, 120)})`, ...where);
    }
    return undefined;
  };
  const { json_schema, not, ...plain } = answer;
  const schema = load(json_schema);
  const notSchema = load(not?.json_schema, 'not');
  return {
    ...expectation,
    answer: {
      ...plain,
      ...(schema ? { json_schema: schema } : {}),
      ...(not ? { not: { ...not, ...(notSchema ? { json_schema: notSchema } : {}) } } : {}),
    },
  };
}

function repetition(written: WrittenTask, { defaults }: FileSettings, override: number | undefined) {
  const share = written.pass ?? (written.repeat === undefined ? defaults?.pass : undefined) ?? 'all';
  const [passed, of] = share.split('/').map(Number);
  const isShare = passed !== undefined && of !== undefined;
  const repeat = override ?? written.repeat ?? (isShare ? of : undefined) ?? defaults?.repeat ?? 1;
  return { repeat, mustPass: isShare ? Math.ceil((passed * repeat) / of) : repeat };
}

function limitsOf({ limits = {} }: WrittenTask, { defaults }: FileSettings): TurnLimits {
  const maxTurns = limits.max_turns ?? defaults?.limits?.max_turns ?? defaults?.max_turns;
  const maxToolCalls = limits.max_tool_calls ?? defaults?.limits?.max_tool_calls;
  const maxTokens = limits.max_tokens ?? defaults?.limits?.max_tokens;
  const maxUsd = limits.max_usd ?? defaults?.limits?.max_usd;
  return {
    ...(maxTurns === undefined ? {} : { maxTurns }),
    ...(maxToolCalls === undefined ? {} : { maxToolCalls }),
    ...(maxTokens === undefined ? {} : { maxTokens }),
    ...(maxUsd === undefined ? {} : { maxUsd }),
  };
}

function actingAsOf(as: WrittenTask['as']): ActingAs | undefined {
  if (as === undefined) return undefined;
  return typeof as === 'string' ? { kind: 'profile', name: as } : { kind: 'machine', name: as.machine };
}

function skipOf(skip: WrittenTask['skip']): string | undefined {
  if (skip === undefined || skip === false) return undefined;
  return skip === true ? 'the task file says so' : skip;
}
