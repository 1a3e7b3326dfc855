// What a person sees while tasks run: a line for each attempt that is over, and on a terminal one more that moves. The same
// events in three renderings: terminal, plain lines, GitHub's annotations.

import { plural } from '../../plural.ts';
import type { RunReport, TaskReport } from '../report/run-report.ts';
import { durationText, reasonsOf } from '../report/words.ts';
import type { Result } from '../run/result.ts';
import type { RunEvent } from '../run/run-tasks.ts';
import { shellWord } from '../run/shell-word.ts';
import { totalsLine } from '../run/verdict.ts';
import type { Task } from '../task.ts';
import { annotationOf, withoutCommands } from './annotation.ts';

export const REPORTERS = ['tty', 'plain', 'github'] as const;
export type Reporter = (typeof REPORTERS)[number];

export interface ProgressOptions {
  readonly reporter: Reporter;
  /** Attempts in all. */
  readonly total: number;
  /** Lines that stay. */
  readonly stdout: (text: string) => void;
  /** The line that moves, and notices. */
  readonly stderr: (text: string) => void;
  /** Columns of the terminal. */
  readonly columns: () => number;
  readonly hasColor: boolean;
  /** Takes out what a terminal would obey; most of what is shown is a model's or a server's. */
  readonly visible: (text: string) => string;
  /** Milliseconds of a steady clock. */
  readonly now: () => number;
}

export interface Progress {
  event(event: RunEvent): void;
  notice(text: string): void;
  /**
   * Takes the moving line away and writes what the run came to; its last line is the totals alone.
   *
   * @param written what is in the directory; default all
   */
  end(report: RunReport, directory: string, written?: { readonly hasPage: boolean }): void;
}

const MARKS: Readonly<Record<Result['outcome'], string>> = { passed: '✓', failed: '✗', error: '!', skipped: '-' };
const COLORS: Readonly<Record<Result['outcome'], number>> = { passed: 32, failed: 31, error: 33, skipped: 90 };
const CLEAR_LINE = '\r\u001b[2K';
/** Lines of one difference; the reports have all of it. */
const MAX_LINES = 30;

/** Starts the display. */
export function createProgress(options: ProgressOptions): Progress {
  const { reporter, total, stdout, stderr, columns, hasColor, now } = options;
  // Also where another reporter was asked for: what reads the output is the same.
  const visible = (text: string) => withoutCommands(options.visible(text));
  const startedAtMs = now();
  const running = new Set<string>();
  let done = 0;
  let fresh = 0;
  let bad = 0;
  /** What the last error said: of a server that is down, a hundred tasks say the same. */
  let lastError: string | undefined;
  const isLive = reporter === 'tty';
  const paint = (text: string, color: number) => (hasColor && isLive ? `\u001b[${color}m${text}\u001b[0m` : text);
  const hide = () => isLive && stderr(CLEAR_LINE);
  const show = () => {
    if (isLive) stderr(`${CLEAR_LINE}${statusLine()}`);
  };
  const line = (text: string) => {
    hide();
    stdout(`${text}\n`);
  };

  const describeFinding = ({ outcome, message }: Result['findings'][number]) => {
    if (outcome !== 'error') return indent(message, visible);
    const isSame = message === lastError;
    lastError = message;
    return isSame ? '    the same error again' : indent(message, visible);
  };
  const statusLine = () => {
    const left = total - done;
    const etaMs = fresh === 0 ? undefined : ((now() - startedAtMs) / fresh) * left;
    const eta = etaMs === undefined || left === 0 ? '' : ` · about ${durationText(etaMs)} left`;
    const failed = bad === 0 ? '' : ` · ${bad} not passed`;
    const text = `${done}/${total} done${failed} · ${running.size} running${eta} · ${[...running].join(', ')}`;
    return [...visible(text)].slice(0, Math.max(20, columns() - 1)).join('');
  };

  return {
    event: (event) => {
      const { task } = event;
      switch (event.type) {
        case 'attempt-start':
          running.add(nameOf(task, event.attempt));
          break;
        case 'attempt-retry':
          line(`↻ ${visible(nameOf(task, event.attempt))} is tried again: ${visible(firstLine(event.message))}`);
          break;
        case 'attempt-end': {
          const { result, isReused } = event;
          running.delete(nameOf(task, result.attempt));
          done += 1;
          if (!isReused) fresh += 1;
          if (result.outcome !== 'passed') bad += 1;
          const note = isReused ? 'as before' : durationText(result.durationMs);
          line(
            `${paint(MARKS[result.outcome], COLORS[result.outcome])} ${visible(nameOf(task, result.attempt))} (${note})`,
          );
          for (const finding of result.findings) if (finding.outcome !== 'passed') line(describeFinding(finding));
          break;
        }
      }
      show();
    },
    notice: (text) => {
      hide();
      stderr(`${visible(text)}\n`);
      show();
    },
    end: (report, directory, { hasPage } = { hasPage: true }) => {
      hide();
      const bad = report.tasks.filter(({ outcome }) => outcome === 'failed' || outcome === 'error');
      if (reporter === 'github') for (const task of bad) stdout(`${annotationOf(task, visible)}\n`);
      for (const task of report.tasks)
        if (task.skip !== undefined) stdout(`- ${visible(task.id)} (skipped: ${visible(task.skip)})\n`);
      stdout('\n');
      for (const tasks of Map.groupBy(bad, sharedReasonOf).values()) stdout(`${describeBad(tasks, visible)}\n`);
      if (report.flaky > 0) stdout(`${plural(report.flaky, 'flaky task')}: passed and failed\n`);
      if (report.totals.errors > 0)
        stdout(
          `${plural(report.totals.errors, 'error')} among the failed: they could not be tried, or not be judged\n`,
        );
      if (report.endedBy !== 'itself')
        stdout(
          `ended by ${report.endedBy === 'timeout' ? 'the timeout' : 'an interrupt'}; go on with --resume ${shellWord(directory)}\n`,
        );
      if (hasPage) stdout(`report in ${directory}/report.html\n`);
      stdout(`${totalsLine(report.totals)}\n`);
    },
  };
}

function nameOf({ id, repeat }: Task, attempt: number): string {
  return repeat === 1 ? id : `${id} ${attempt}/${repeat}`;
}

/** Errors that say the same stand together; a failure stands alone. */
function sharedReasonOf({ id, outcome, attempts }: TaskReport): string {
  const error = attempts.flatMap(({ findings }) => findings).find(isError);
  return outcome === 'error' && error ? `error ${error.message}` : `task ${id}`;
}

function describeBad(tasks: readonly TaskReport[], visible: (text: string) => string): string {
  const [first] = tasks;
  if (!first) return '';
  const places = tasks.map((task) => {
    const share = task.repeat === 1 ? '' : ` (${task.passes} of ${task.repeat} passed, ${task.mustPass} have to)`;
    return `${visible(task.id)}${share} ${visible(task.file)}:${task.line}`;
  });
  const reason = visible(firstLine(reasonsOf(first)[0] ?? ''));
  const mark = first.outcome === 'error' ? 'ERROR ' : 'FAILED';
  if (tasks.length === 1) return `${mark} ${places[0]} ${reason}`;
  const listed = places.slice(0, MAX_LINES).map((place) => `       ${place}`);
  const more = places.length > listed.length ? [`       … and ${places.length - listed.length} more`] : [];
  const same = visible(firstLine(first.attempts.flatMap(({ findings }) => findings).find(isError)?.message ?? reason));
  return [`${mark} ${plural(tasks.length, 'task')}: ${same}`, ...listed, ...more].join('\n');
}

function isError({ outcome }: Result['findings'][number]): boolean {
  return outcome === 'error';
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}

/** Line by line, so that the line breaks of a difference stay and others do not. */
function indent(message: string, visible: (text: string) => string): string {
  const lines = message.split('\n');
  const shown = lines
    .slice(0, MAX_LINES)
    .map((text) => `    ${/^ */.exec(text)?.[0] ?? ''}${visible(text.trimStart())}`);
  return [...shown, ...(lines.length > MAX_LINES ? ['    …'] : [])].join('\n');
}
