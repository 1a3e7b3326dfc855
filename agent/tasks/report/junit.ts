// junit.xml, as Jenkins, GitLab and the others read it: one suite for each task file, one case for each task. Keeps to what
// the schemas of Ant and of Jenkins have in common, so no reader refuses it. Pure.

import type { RunReport, TaskReport } from './run-report.ts';
import { reasonsOf } from './words.ts';

export interface JunitOptions {
  /** The machine, for the attribute that every suite has to have. */
  readonly hostname: string;
}

/** The report as an XML document. */
export function toJunit(report: RunReport, { hostname }: JunitOptions): string {
  const suites = [...Map.groupBy(report.tasks, ({ file }) => file)];
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    ...suites.map(([file, tasks], id) => suiteOf({ file, tasks, id, report, hostname })),
    '</testsuites>',
    '',
  ].join('\n');
}

interface Suite extends JunitOptions {
  readonly file: string;
  readonly tasks: readonly TaskReport[];
  readonly id: number;
  readonly report: RunReport;
}

function suiteOf({ file, tasks, id, report, hostname }: Suite): string {
  const count = (...outcomes: readonly TaskReport['outcome'][]) =>
    tasks.filter(({ outcome }) => outcomes.includes(outcome)).length;
  const attributes = attributesOf({
    name: file,
    package: classNameOf(file),
    id,
    // Ant's schema takes no time zone.
    timestamp: report.startedAt.slice(0, 19),
    hostname: hostname === '' ? 'localhost' : hostname,
    tests: tasks.length,
    failures: count('failed'),
    errors: count('error'),
    skipped: count('skipped', 'not-run'),
    time: seconds(tasks.reduce((sum, task) => sum + msOf(task), 0)),
  });
  const properties = report.models.map((model) => `      <property ${attributesOf({ name: 'model', value: model })}/>`);
  return [
    `  <testsuite ${attributes}>`,
    ...(properties.length === 0 ? ['    <properties/>'] : ['    <properties>', ...properties, '    </properties>']),
    ...tasks.map(caseOf),
    '    <system-out/>',
    '    <system-err/>',
    '  </testsuite>',
  ].join('\n');
}

function caseOf(task: TaskReport): string {
  const opening = `    <testcase ${attributesOf({ name: task.id, classname: classNameOf(task.file), time: seconds(msOf(task)) })}`;
  const reasons = reasonsOf(task);
  const text = reasons.join('\n\n');
  const message = text.split('\n', 1)[0] ?? '';
  switch (task.outcome) {
    case 'passed':
      return `${opening}/>`;
    case 'failed':
      return `${opening}>\n      <failure ${attributesOf({ message, type: 'expectation' })}>${escapeXml(text)}</failure>\n    </testcase>`;
    case 'error': {
      const code = task.attempts.findLast(({ errorCode }) => errorCode !== undefined)?.errorCode ?? 'error';
      return `${opening}>\n      <error ${attributesOf({ message, type: code })}>${escapeXml(text)}</error>\n    </testcase>`;
    }
    case 'skipped':
    case 'not-run':
      return `${opening}>\n      <skipped ${attributesOf({ message })}/>\n    </testcase>`;
  }
}

/** `examples/tasks/arithmetic.yaml` → `examples.tasks.arithmetic`, which readers show as a tree. */
function classNameOf(file: string): string {
  return (
    file
      .replace(/\.[^./\\]+$/, '')
      .replace(/[\\/]+/g, '.')
      .replace(/^\.+/, '') || 'tasks'
  );
}

function msOf({ attempts }: TaskReport): number {
  return attempts.reduce((sum, { durationMs }) => sum + durationMs, 0);
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(3);
}

function attributesOf(attributes: Readonly<Record<string, string | number>>): string {
  return Object.entries(attributes)
    .map(([name, value]) => `${name}="${escapeXml(String(value)).replaceAll('\n', '&#10;').replaceAll('\t', '&#9;')}"`)
    .join(' ');
}

/** For text and attributes. What XML 1.0 cannot hold at all becomes a replacement character. */
function escapeXml(text: string): string {
  return (
    text
      .toWellFormed()
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to take out
      .replace(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g, '\uFFFD')
      .replace(/\r\n?/g, '\n')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
  );
}
