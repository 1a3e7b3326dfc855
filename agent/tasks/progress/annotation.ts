// A task that did not pass as an annotation of GitHub Actions, which then stands beside the task's line.

import type { TaskReport } from '../report/run-report.ts';
import { reasonsOf } from '../report/words.ts';

/** GitHub cuts longer ones. */
const MAX_LENGTH = 4_000;

/**
 * The workflow command, one line.
 *
 * @see https://docs.github.com/actions/reference/workflow-commands-for-github-actions
 */
export function annotationOf(task: TaskReport, visible: (text: string) => string): string {
  const text = reasonsOf(task)
    .flatMap((reason) => reason.split('\n').map(visible))
    .join('\n')
    .slice(0, MAX_LENGTH);
  const title = task.outcome === 'error' ? `${task.id} could not be judged` : `${task.id} failed`;
  return `::error file=${property(task.file)},line=${task.line},title=${property(title)}::${data(text)}`;
}

/** Whatever a text says, it stays the text of this one command. */
function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

/**
 * A runner of GitHub obeys `::command::` at the start of a line, whatever space is before it, and `##[command]` anywhere in
 * one. Of a line that is not ours, neither is left.
 */
export function withoutCommands(text: string): string {
  return text.replace(/^(\s*):(?=:)/, '$1:\u200B').replaceAll('##[', '##\u200B[');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
