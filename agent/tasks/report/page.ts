// report.html: the whole run on one page that needs nothing but itself. No outside asset, no inline handler, a policy that
// lets only the style and the script of this page run, by their hashes.

import { createHash } from 'node:crypto';
import { plural } from '../../plural.ts';
import { type Html, html, verbatim } from './html.ts';
import { PAGE_SCRIPT, PAGE_STYLE } from './page-style.ts';
import type { RunReport, TaskReport } from './run-report.ts';
import { timelineOf } from './timeline.ts';
import { actingText, costText, durationText, reasonsOf } from './words.ts';

export interface PageOptions {
  /** The text of a transcript, named as in its result; `undefined` if it is not there. */
  readonly readTranscript: (name: string) => string | undefined;
  /** Conversations are put in until the page has about so many bytes, those of failures first. Default 16 MiB. */
  readonly maxBytes?: number;
}

const DEFAULT_MAX_BYTES = 16 * 1024 * 1024;

type Timelines = ReadonlyMap<string, Html>;

/** The report as a page. */
export function toPage(report: RunReport, { readTranscript, maxBytes = DEFAULT_MAX_BYTES }: PageOptions): string {
  const timelines = readTimelines(report, readTranscript, maxBytes);
  const policy = `default-src 'none'; style-src '${hashOf(PAGE_STYLE)}'; script-src '${hashOf(PAGE_SCRIPT)}'; base-uri 'none'; form-action 'none'`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${titleOf(report)}</title>
<style>${verbatim(PAGE_STYLE)}</style>
</head>
<body>
${headerOf(report)}
<main>
${statsOf(report)}
${filtersOf(report)}
<section class="list" aria-label="Tasks">
${report.tasks.toSorted((a, b) => urgencyOf(a) - urgencyOf(b)).map((task) => taskOf(task, timelines))}
<p class="empty" ${report.tasks.length > 0 && 'hidden'}>No task fits.</p>
</section>
</main>
<footer>Made from <code>results.jsonl</code> and <code>transcripts/</code> beside this file. Credentials are taken out; what tools returned is not.</footer>
<script>${verbatim(PAGE_SCRIPT)}</script>
</body>
</html>
`.text;
}

function titleOf({ totals }: RunReport): string {
  const bad = totals.failed + totals.errors;
  return bad === 0
    ? `${plural(totals.passed, 'task')} passed`
    : `${bad} of ${plural(totals.passed + bad, 'task')} failed`;
}

function headerOf(report: RunReport): Html {
  const { totals, flaky } = report;
  const parts = [
    ['passed', totals.passed, 'passed'],
    ['failed', totals.failed, 'failed'],
    ['error', totals.errors, totals.errors === 1 ? 'error' : 'errors'],
    ['skipped', totals.skipped, 'skipped'],
  ] as const;
  const when = `${report.startedAt.slice(0, 16).replace('T', ' ')} UTC`;
  const ended = { itself: '', interrupt: ' · interrupted', timeout: ' · ended by its timeout' }[report.endedBy];
  return html`<header><div>
<h1>${titleOf(report)}<small>${when} · ${report.models.join(', ') || 'no model answered'} · took ${durationText(report.wallMs)}${ended}</small></h1>
<svg class="bar" role="img" aria-label="${parts.map(([, count, word]) => `${count} ${word}`).join(', ')}" width="100%" height="10" preserveAspectRatio="none">${segmentsOf(parts)}</svg>
<div class="legend">${parts
    .filter(([kind, count]) => count > 0 || kind === 'passed')
    .map(([kind, count, word]) => html`<span class="${kind}"><b>${count}</b> ${word}</span>`)}${
    flaky > 0 && html`<span class="flaky"><b>${flaky}</b> flaky</span>`
  }</div>
</div></header>`;
}

/** Drawn, not styled: the policy forbids style attributes, and widths are data. */
function segmentsOf(parts: readonly (readonly [kind: string, count: number, word: string])[]): readonly Html[] {
  const all = parts.reduce((sum, [, count]) => sum + count, 0);
  let from = 0;
  return parts.map(([kind, count]) => {
    const width = all === 0 ? 0 : (count / all) * 100;
    const segment = html`<rect class="${kind}" x="${from.toFixed(3)}%" width="${width.toFixed(3)}%" height="10"/>`;
    from += width;
    return segment;
  });
}

function statsOf(report: RunReport): Html {
  const { totals, durationMs, inputTokens, outputTokens } = report;
  const judged = totals.passed + totals.failed + totals.errors;
  const stat = (label: string, value: string, note: string) =>
    html`<div class="stat"><span>${label}</span><strong>${value}</strong><em>${note}</em></div>`;
  return html`<div class="cards">
${stat('Pass rate', judged === 0 ? '–' : `${Math.floor((totals.passed / judged) * 1_000) / 10} %`, `${totals.passed} of ${plural(judged, 'task')}`)}
${stat('Attempt, median', durationMs.p50 === undefined ? '–' : durationText(durationMs.p50), durationMs.p95 === undefined ? '' : `95 % within ${durationText(durationMs.p95)}`)}
${stat('Tool calls', String(report.toolCalls), `in ${plural(report.modelCalls, 'model call')}`)}
${stat('Tokens', inputTokens === undefined ? '–' : amount(inputTokens + (outputTokens ?? 0)), inputTokens === undefined ? 'not reported' : `${amount(inputTokens)} in, ${amount(outputTokens ?? 0)} out`)}
${stat('Cost', costText(report.costUsd), report.costUsd === undefined ? 'price unknown' : `${plural(report.attempts, 'attempt')}`)}
${stat('Flaky', String(report.flaky), report.flaky === 0 ? 'no task both passed and failed' : 'passed and failed')}
</div>`;
}

function filtersOf(report: RunReport): Html {
  const { totals } = report;
  const kinds = [
    ['all', 'All', report.tasks.length],
    ['failed', 'Failed', totals.failed],
    ['error', 'Errors', totals.errors],
    ['flaky', 'Flaky', report.flaky],
    ['skipped', 'Skipped', totals.skipped],
    ['passed', 'Passed', totals.passed],
  ] as const;
  return html`<div class="tools" hidden>${kinds
    .filter(([kind, , count]) => kind === 'all' || count > 0)
    .map(
      ([kind, label, count]) =>
        html`<button type="button" data-kind="${kind}" aria-pressed="false">${label} ${count}</button>`,
    )}${
    report.models.length > 1 &&
    html`<select aria-label="Model"><option value="">All models</option>${report.models.map((model) => html`<option>${model}</option>`)}</select>`
  }<input type="search" placeholder="Filter by id, tag, as … or words of the prompt" aria-label="Filter"></div>`;
}

/** What needs a look comes first; tasks that are alike stay in the order of their files. */
function urgencyOf({ outcome, isFlaky }: TaskReport): number {
  if (outcome === 'failed') return 0;
  if (outcome === 'error') return 1;
  return isFlaky ? 2 : 3;
}

function taskOf(task: TaskReport, timelines: Timelines): Html {
  const models = [...new Set(task.attempts.map(({ model }) => model))];
  const kinds = [task.outcome === 'not-run' ? 'skipped' : task.outcome, ...(task.isFlaky ? ['flaky'] : [])];
  const acting = task.actingAs === undefined ? [] : [actingText(task.actingAs)];
  const text = [task.id, ...acting, ...task.tags, ...(task.servers ?? []), task.file, ...task.turns]
    .join(' ')
    .slice(0, 400)
    .toLowerCase();
  const [reason] = reasonsOf(task);
  const shown =
    task.attempts.find((attempt) => attempt.outcome !== 'passed') ?? (task.repeat === 1 ? task.attempts[0] : undefined);
  const ms = task.attempts.reduce((sum, { durationMs }) => sum + durationMs, 0);
  return html`<details class="task" data-kinds="${kinds.join(' ')}" data-models="${JSON.stringify(models)}" data-text="${text}">
<summary><span class="chip ${task.outcome}">${task.outcome === 'not-run' ? 'not run' : task.outcome}</span><span class="name">${task.id}${
    task.isFlaky && html`<span class="tag flaky">flaky</span>`
  }${acting.map((who) => html`<span class="tag acting">${who}</span>`)}${task.tags.map((tag) => html`<span class="tag">${tag}</span>`)}${
    task.outcome !== 'passed' && reason !== undefined && html`<span class="why">${reason.split('\n', 1)}</span>`
  }</span><span class="meta">${task.repeat > 1 && html`<span class="dots" aria-hidden="true">${task.attempts.slice(0, 20).map(({ outcome }) => html`<i class="${outcome}"></i>`)}</span>`}${
    task.repeat > 1 && `${task.passes}/${task.repeat} · `
  }${task.attempts.length > 0 && durationText(ms)}</span></summary>
<div class="body">
<p class="facts">${task.description !== undefined && html`${task.description}<br>`}<code>${task.file}:${task.line}</code>${
    models.length > 0 && html` · ${models.join(', ')}`
  }${task.repeat > 1 && html` · ${task.mustPass} of ${task.repeat} have to pass`}${task.skip !== undefined && html` · skipped: ${task.skip}`}</p>
${permissionsOf(task)}
${task.repeat > 1 && task.passAtK.length > 0 && estimatesOf(task)}
${task.attempts.map((attempt) => attemptOf(attempt, attempt === shown, timelines))}
${task.attempts.length === 0 && task.turns.map((turn) => html`<pre>${turn}</pre>`)}
</div></details>`;
}

/** What sets a task apart from another with the same words: whom it acted as, with which servers, and what it was allowed. */
function permissionsOf({ actingAs, servers, approve }: TaskReport): Html | false {
  const list = (names: readonly string[]) => names.map((name, index) => html`${index > 0 && ', '}<code>${name}</code>`);
  const facts = [
    ...(actingAs ? [html`acted <code>${actingText(actingAs)}</code>`] : []),
    ...(servers ? [html`servers ${servers.length === 0 ? 'none' : list(servers)}`] : []),
    ...(approve.length > 0 ? [html`approved ${list(approve)}`] : []),
  ];
  return (
    facts.length > 0 && html`<p class="facts">${facts.map((fact, index) => html`${index > 0 && ' · '}${fact}`)}</p>`
  );
}

/** The first, the last, and some between: a table of 100 columns helps nobody. */
function estimatesOf({ passAtK, passHatK }: TaskReport): Html {
  const columns = [1, 2, 3, 5, 10, 20, 50, passAtK.length]
    .filter((k, index, all) => k <= passAtK.length && all.indexOf(k) === index)
    .toSorted((a, b) => a - b);
  const row = (label: string, values: readonly number[]) =>
    html`<tr><th scope="row">${label}</th>${columns.map((k) => html`<td>${Math.round((values[k - 1] ?? 0) * 100)} %</td>`)}</tr>`;
  return html`<div class="scroll"><table class="k"><tr><th>of k attempts</th>${columns.map((k) => html`<th scope="col">${k}</th>`)}</tr>${row('at least one passes (pass@k)', passAtK)}${row('all pass (pass^k)', passHatK)}</table></div>`;
}

function attemptOf(result: TaskReport['attempts'][number], isOpen: boolean, timelines: Timelines): Html {
  const tokens =
    result.inputTokens === undefined ? '' : ` · ${amount(result.inputTokens + (result.outputTokens ?? 0))} tokens`;
  const cost = result.costUsd === undefined ? '' : ` · ${costText(result.costUsd)}`;
  const wrong = result.findings.filter(({ outcome }) => outcome !== 'passed');
  const held = result.findings.filter(({ outcome }) => outcome === 'passed').map(({ name }) => name);
  const timeline = timelines.get(result.transcript ?? '');
  return html`<details class="attempt" ${isOpen && 'open'}>
<summary><span class="chip ${result.outcome}">${result.outcome}</span>Attempt ${result.attempt}<span class="meta">${result.status} · ${durationText(result.durationMs)} · ${plural(result.toolCalls, 'call')}${tokens}${cost}${result.tries > 1 && ` · ${result.tries} tries`}</span></summary>
<div class="inner">
${wrong.map((finding) => html`<div class="finding ${finding.outcome}"><pre>${finding.message}</pre></div>`)}
${held.length > 0 && html`<p class="held"><b>✓</b> ${held.join(', ')}</p>`}
${timeline ?? html`<p class="facts">The conversation is in <code>${result.transcript ?? 'no transcript'}</code>.</p>`}
</div></details>`;
}

/** Those of attempts that did not pass come first, as long as there is room. */
function readTimelines(report: RunReport, read: PageOptions['readTranscript'], maxBytes: number): Timelines {
  const timelines = new Map<string, Html>();
  const results = report.tasks.flatMap(({ attempts }) => attempts);
  let room = maxBytes - results.length * 1_000;
  for (const result of [
    ...results.filter(({ outcome }) => outcome !== 'passed'),
    ...results.filter(({ outcome }) => outcome === 'passed'),
  ]) {
    const text = room > 0 && result.transcript !== undefined ? read(result.transcript) : undefined;
    if (text === undefined || result.transcript === undefined) continue;
    const timeline = timelineOf(text);
    room -= timeline.text.length;
    timelines.set(result.transcript, timeline);
  }
  return timelines;
}

function amount(count: number): string {
  return count < 10_000
    ? String(count)
    : count < 1_000_000
      ? `${(count / 1_000).toFixed(1)}k`
      : `${(count / 1_000_000).toFixed(2)}M`;
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
