// Runs task files: wires the agent, the models and the terminal to the suite runner.

import { existsSync, statSync } from 'node:fs';
import type { Agent, CassetteOptions } from '../agent.ts';
import { visibleLine } from '../chat/visible-text.ts';
import { type AgentConfig, type Environment, parseConfig } from '../config.ts';
import { modelOf } from '../configure.ts';
import { AgentError } from '../errors.ts';
import {
  checkModel,
  createModel,
  describeModelError,
  type ModelWish,
  modelNameFault,
  selectModel,
} from '../models/registry.ts';
import { createScrub } from '../models/scrub.ts';
import type { Judge } from '../tasks/expect/judge-run.ts';
import { createJudge } from '../tasks/run/judge-model.ts';
import { createLocalExecutor } from '../tasks/run/local-executor.ts';
import { runSuite } from '../tasks/run-suite.ts';
import { parseSuiteFlags, type WrittenFlags } from '../tasks/suite-flags.ts';
import type { AgentNeeds, Task } from '../tasks/task.ts';
import { configForTask } from './config-for-task.ts';

export interface TasksOptions {
  readonly environment: Environment;
  readonly files: readonly string[];
  readonly flags: WrittenFlags;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** The terminal, if stderr is one. */
  readonly terminal: { readonly columns: () => number; readonly hasColor: boolean } | undefined;
  readonly finish: AbortSignal;
  readonly stop: AbortSignal;
}

/**
 * Runs the tasks and returns the exit code.
 *
 * @throws {AgentError} when nothing could be run: flags, files, configuration, models
 */
export async function tasks(options: TasksOptions): Promise<number> {
  const { environment, terminal } = options;
  const flags = parseSuiteFlags(options.files, options.flags);
  const model = modelOf(options.flags);
  const cassette: CassetteOptions = options.flags;
  const { record, replay } = cassette;
  if (replay !== undefined && !isDirectory(replay))
    throw new AgentError('usage', `--replay: there is no directory ${JSON.stringify(replay)}. Make one with --record.`);
  if (record !== undefined && existsSync(record) && !isDirectory(record))
    throw new AgentError('usage', `--record: ${JSON.stringify(record)} is no directory. Name one; it may be new.`);
  const config = parseConfig(environment, options.flags);
  const scrub = createScrub(environment);
  // Loaded when the first task runs: what is wrong with a file should show at once.
  const startAgentFor = async (needs: AgentNeeds): Promise<Agent> => {
    const { startAgent } = await import('../agent.ts');
    return startAgent(configForTask(needs, config), { model: needs.model ?? model, cassette });
  };
  const github = config.tasks.isGithub ? 'github' : 'plain';
  return await runSuite({
    flags,
    model,
    judge: options.flags.judge,
    servers: config.servers.map(({ name }) => name),
    modelFault: (name) => modelNameFault(environment, name, 'a task file'),
    checkTasks: (all) => checkNeeds(all, config, model),
    createExecutor: (onNotice) => createLocalExecutor({ onNotice, startAgentFor }),
    createJudge: (named) => judgeFor(judgeWish(options.flags.judge, named), environment),
    scrub,
    summaryFile: config.tasks.summaryFile,
    terminal: {
      stdout: options.stdout,
      stderr: options.stderr,
      columns: terminal?.columns ?? (() => 80),
      hasColor: terminal?.hasColor ?? false,
      reporter: terminal ? 'tty' : github,
      visible: visibleLine,
    },
    finish: options.finish,
    stop: options.stop,
  });
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/**
 * Everything about models and logins that can be known before a server is asked; each fault once.
 *
 * @param override the model that takes the place of every task's
 */
function checkNeeds(all: readonly Task[], config: AgentConfig, override: string | undefined): void {
  const failures = new Map<string, AgentError>();
  const attempt = (check: () => unknown) => {
    try {
      check();
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      failures.set(error.message, error);
    }
  };
  // Nobody watches each answer of a task: where nothing is chosen in CI, nothing is made up.
  for (const one of new Set(all.map((task) => task.model))) {
    const wish = one === undefined || one === override ? one : { text: one, source: 'model: in a task file' };
    attempt(() => checkModel(config.environment, wish, false));
  }
  for (const task of distinct(all)) attempt(() => configForTask(task, config));
  const [first, ...others] = failures.values();
  if (!first) return;
  if (others.length === 0) throw first;
  throw new AgentError('invalid_configuration', [...failures.keys()].join('\n'));
}

function distinct(all: readonly Task[]): readonly Task[] {
  return [...new Map(all.map((task) => [JSON.stringify([task.servers, task.actingAs]), task])).values()];
}

/** The judge of the command line before the one of a file. */
function judgeWish(flag: string | undefined, inFile: string | undefined): ModelWish | undefined {
  if (flag !== undefined) return { text: flag, source: '--judge' };
  return inFile === undefined ? undefined : { text: inFile, source: 'judge: in a task file' };
}

/** @throws {AgentError} when the judge that was named cannot be used */
function judgeFor(named: ModelWish | undefined, environment: Environment): Judge | undefined {
  if (named === undefined) return undefined;
  checkModel(environment, named, false);
  const selection = selectModel(environment, named);
  let created: ReturnType<typeof createModel> | undefined;
  return createJudge(async (prompt, signal) => {
    created ??= createModel(selection, environment);
    const { model } = await created;
    try {
      return (await model.invoke(prompt, { signal })).text;
    } catch (error) {
      throw signal.aborted ? error : describeModelError(error, selection);
    }
  });
}
