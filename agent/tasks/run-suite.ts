// `agent tasks`, from checked flags to the exit code: files → tasks → attempts → reports. What the terminal, the clock, the
// models and the agents are is handed in.

import { AgentError } from '../errors.ts';
import { plural } from '../plural.ts';
import type { Judge } from './expect/judge-run.ts';
import { reportFaults } from './file/fault.ts';
import { loadSuite } from './file/load-suite.ts';
import { createProgress, type Reporter } from './progress/progress.ts';
import { createReport } from './report/run-report.ts';
import { writeReports } from './report/write-reports.ts';
import { type LoadedChecks, loadChecks } from './run/check-modules.ts';
import type { Executor } from './run/executor.ts';
import { openResults, readResults } from './run/results-file.ts';
import { nameOfRun, newestRun, RUNS_DIRECTORY, takeDirectory, writeTranscript } from './run/run-directory.ts';
import { runTasks } from './run/run-tasks.ts';
import { selectTasks } from './run/select-tasks.ts';
import { exitCodeOfRun } from './run/verdict.ts';
import type { SuiteFlags } from './suite-flags.ts';
import type { Task } from './task.ts';

export interface RunSuiteOptions {
  readonly flags: SuiteFlags;
  /** Takes the place of every task's model; `undefined` leaves them. */
  readonly model: string | undefined;
  /** Takes the place of the judge that a file names; `undefined` leaves it. */
  readonly judge: string | undefined;
  /** Names of the servers that the configuration has. */
  readonly servers: readonly string[];
  /** Why a model that a task file names is none. */
  readonly modelFault: (name: string) => string | undefined;
  /** What else has to be right before anything runs; throws what is not. */
  readonly checkTasks: (tasks: readonly Task[]) => void;
  /** @param onNotice hears what a person should know */
  readonly createExecutor: (onNotice: (text: string) => void) => Executor;
  /** @param named what `judge:` in a file says; of no interest where `judge` takes its place */
  readonly createJudge: (named: string | undefined) => Judge | undefined;
  readonly scrub: (text: string) => string;
  /** A file that the summary is appended to as well. */
  readonly summaryFile: string | undefined;
  readonly terminal: {
    readonly stdout: (text: string) => void;
    readonly stderr: (text: string) => void;
    readonly columns: () => number;
    readonly hasColor: boolean;
    /** Used where no flag names one. */
    readonly reporter: Reporter;
    readonly visible: (text: string) => string;
  };
  /** The first time: what runs goes to its end. */
  readonly finish: AbortSignal;
  /** The second time: what runs is cancelled. */
  readonly stop: AbortSignal;
}

/**
 * Runs the suite and writes its reports.
 *
 * @returns the exit code
 * @throws {AgentError} `invalid_configuration` for faults in task files, `usage`, and what `checkTasks` throws; then
 * nothing has run
 */
export async function runSuite(options: RunSuiteOptions): Promise<number> {
  const { flags } = options;
  const suite = loadSuite(flags.files, {
    directory: '.',
    servers: options.servers,
    modelFault: options.modelFault,
    model: options.model,
    judge: options.judge,
    repeat: flags.repeat,
  });
  if (suite.faults.length > 0) throw new AgentError('invalid_configuration', reportFaults(suite.faults));
  const before = await earlierRun(flags);
  const tasks = selectTasks(suite.tasks, { ...flags, failedIn: flags.isOnlyFailed ? before.results : undefined });
  // A shard may be empty, and after --only-failed nothing may be left; a pattern that fits nothing is a slip.
  if (tasks.length === 0 && (flags.grep || flags.tags.length > 0) && !flags.shard && !flags.isOnlyFailed)
    throw new AgentError(
      'usage',
      `No task of ${suite.tasks.length} fits --grep and --tag. The first ids are ${first(suite.tasks.map(({ id }) => id))}; tags are ${first([...new Set(suite.tasks.flatMap(({ tags }) => tags))]) || 'none'}.`,
    );
  options.checkTasks(tasks.filter(({ skip }) => skip === undefined));
  const { checks, faults } = await loadChecks(
    tasks.filter(({ skip }) => skip === undefined),
    { signal: options.finish },
  );
  if (faults.length > 0) throw new AgentError('invalid_configuration', reportFaults(faults));
  const judge = options.createJudge(suite.judge);

  const startedAt = new Date();
  const directory = flags.resume ? before.directory : (flags.out ?? `${RUNS_DIRECTORY}/${nameOfRun(startedAt)}`);
  const release = await takeDirectory(directory, { isNew: !flags.resume });
  try {
    return await runIn(directory, { options, tasks, judge, checks, startedAt });
  } finally {
    await release();
  }
}

interface Prepared {
  readonly options: RunSuiteOptions;
  readonly tasks: readonly Task[];
  readonly judge: Judge | undefined;
  readonly checks: LoadedChecks;
  readonly startedAt: Date;
}

/** The run itself, in a directory that is ours. */
async function runIn(directory: string, { options, tasks, judge, checks, startedAt }: Prepared): Promise<number> {
  const { flags, scrub, terminal } = options;
  // Read once more: until now, another process may have gone on with the same run.
  const earlier = flags.resume ? await readResults(directory) : { results: [], torn: 0 };
  const results = await openResults(directory);
  const progress = createProgress({
    ...terminal,
    reporter: flags.reporter ?? terminal.reporter,
    total: tasks.reduce((sum, { repeat, skip }) => sum + (skip === undefined ? repeat : 0), 0),
    now: () => performance.now(),
  });
  const told = new Set<string>();
  const executor = options.createExecutor((text) => {
    if (!told.has(text)) progress.notice(scrub(text));
    told.add(text);
  });
  const timeout = new AbortController();
  const timer = flags.timeoutMs === undefined ? undefined : setTimeout(() => timeout.abort(), flags.timeoutMs);
  try {
    if (earlier.torn > 0)
      progress.notice(
        `${plural(earlier.torn, 'unfinished line')} of results.jsonl left out: what is missing runs again.`,
      );
    options.finish.addEventListener('abort', () => {
      if (!options.stop.aborted) progress.notice('Finishing what runs; once more to stop at once.');
    });
    const verdicts = await runTasks({
      tasks,
      executor,
      earlier: earlier.results,
      concurrency: flags.jobs,
      retryErrors: flags.retryErrors,
      isFailFast: flags.isFailFast,
      judge,
      checks,
      scrub,
      writeTranscript: (run) => writeTranscript(directory, run, scrub),
      append: results.append,
      onEvent: progress.event,
      finish: options.finish,
      stop: AbortSignal.any([options.stop, timeout.signal]),
    });
    const endedBy = timeout.signal.aborted ? 'timeout' : options.finish.aborted ? 'interrupt' : 'itself';
    const exitCode = exitCodeOfRun(verdicts, endedBy);
    const isCutShort = verdicts.some(({ outcome }) => outcome === 'not-run');
    const report = createReport(verdicts, {
      startedAt,
      finishedAt: new Date(),
      endedBy: isCutShort ? endedBy : 'itself',
      exitCode,
    });
    const written = await writeReports(report, {
      directory,
      summaryFile: options.summaryFile,
      scrub,
      onNotice: progress.notice,
    });
    progress.end(report, directory, written);
    return exitCode;
  } finally {
    clearTimeout(timer);
    try {
      await executor.close();
    } finally {
      await results.close();
    }
  }
}

function first(names: readonly string[]): string {
  return [...names.slice(0, 8), ...(names.length > 8 ? ['…'] : [])].join(', ');
}

/** The run that is gone on with, or whose failures are run again; nothing where neither was asked for. */
async function earlierRun({ resume, isOnlyFailed }: SuiteFlags) {
  if (!resume && !isOnlyFailed) return { directory: '', results: [], torn: 0 };
  const directory = resume?.kind === 'directory' ? resume.directory : await newestRun();
  return { directory, ...(await readResults(directory)) };
}
