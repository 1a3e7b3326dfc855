// summary.md: what a person wants to read on the page of a CI run. Pure.

import { plural } from '../../plural.ts';
import { totalsLine } from '../run/verdict.ts';
import type { RunReport, TaskReport } from './run-report.ts';
import { costText, durationText, reasonsOf } from './words.ts';

/** GitHub takes 1 MiB a step, and nobody reads more than some. */
const MAX_SHOWN = 50;
const MAX_REASON_LENGTH = 3_000;

/** The summary as GitHub's Markdown. */
export function toSummary(report: RunReport): string {
  const { totals, durationMs, flaky } = report;
  const notPassed = report.tasks.filter(
    ({ outcome }) => outcome !== 'passed' && outcome !== 'skipped' && outcome !== 'not-run',
  );
  const flakyTasks = report.tasks.filter(({ isFlaky }) => isFlaky);
  return [
    `## Tasks: ${totalsLine(totals)}`,
    '',
    ...(report.endedBy === 'itself'
      ? []
      : [`The run was ended by ${report.endedBy === 'timeout' ? 'its timeout' : 'an interrupt'}.`, '']),
    '| passed | failed | errors | skipped | flaky | attempts | p50 | p95 | tokens | cost |',
    '| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    `| ${[
      totals.passed,
      totals.failed,
      totals.errors,
      totals.skipped,
      flaky,
      report.attempts,
      durationMs.p50 === undefined ? '–' : durationText(durationMs.p50),
      durationMs.p95 === undefined ? '–' : durationText(durationMs.p95),
      report.inputTokens === undefined ? '–' : report.inputTokens + (report.outputTokens ?? 0),
      costText(report.costUsd),
    ].join(' | ')} |`,
    '',
    `Model: ${report.models.length === 0 ? 'none answered' : report.models.map(code).join(', ')}`,
    '',
    ...notPassed.slice(0, MAX_SHOWN).flatMap(describeTask),
    ...(notPassed.length > MAX_SHOWN
      ? [`… and ${plural(notPassed.length - MAX_SHOWN, 'more task')} in report.html`, '']
      : []),
    ...(flakyTasks.length === 0
      ? []
      : [
          '### Flaky',
          '',
          '| task | passed | pass@1 | pass^all |',
          '| --- | ---: | ---: | ---: |',
          ...flakyTasks
            .slice(0, MAX_SHOWN)
            .map(
              (task) =>
                `| ${code(task.id)} | ${task.passes}/${task.attempts.length} | ${percent(task.passAtK[0])} | ${percent(task.passHatK.at(-1))} |`,
            ),
          '',
        ]),
  ].join('\n');
}

function describeTask(task: TaskReport): string[] {
  const text = reasonsOf(task).join('\n\n').slice(0, MAX_REASON_LENGTH);
  return [
    `<details><summary>${task.outcome === 'error' ? 'Error' : 'Failed'}: <code>${literal(task.id)}</code> (${literal(task.file)}:${task.line})</summary>`,
    '',
    fence(text),
    '',
    '</details>',
    '',
  ];
}

/** A fence longer than any in the text: nothing in it ends the block. */
function fence(text: string): string {
  const longest = (text.match(/`+/g) ?? []).reduce((most, ticks) => Math.max(most, ticks.length), 0);
  const ticks = '`'.repeat(Math.max(3, longest + 1));
  return `${ticks}text\n${text}\n${ticks}`;
}

function code(text: string): string {
  return `<code>${literal(text)}</code>`;
}

/** Markdown is read inside of `<code>` as well, so whatever is no plain sign is written by its number. */
function literal(text: string): string {
  return text.toWellFormed().replace(/[^\p{L}\p{N} ./-]/gu, (sign) => `&#${sign.codePointAt(0)};`);
}

function percent(share: number | undefined): string {
  return share === undefined ? '–' : `${Math.round(share * 100)} %`;
}
