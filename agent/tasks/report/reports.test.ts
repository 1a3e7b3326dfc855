import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parse } from 'junit2json';
import { assertJunit } from '../../../test/support/junit-schema.ts';
import { fakeResult, fakeTask } from '../fake-task.ts';
import type { Result } from '../run/result.ts';
import { verdictOf } from '../run/verdict.ts';
import type { Task } from '../task.ts';
import { toJunit } from './junit.ts';
import { toPage } from './page.ts';
import { createReport, type RunReport } from './run-report.ts';
import { toSummary } from './summary.ts';
import { reasonsOf } from './words.ts';
import { writeReports } from './write-reports.ts';

const failure = (message: string): Partial<Result> => ({
  outcome: 'failed',
  findings: [{ name: 'tools', outcome: 'failed', message }],
});
const reportOf = (...pairs: readonly (readonly [Task, readonly Result[]])[]): RunReport =>
  createReport(
    pairs.map(([task, results]) => verdictOf(task, results)),
    {
      startedAt: new Date('2026-11-27T21:00:00Z'),
      finishedAt: new Date('2026-11-27T21:00:47Z'),
      endedBy: 'itself',
      exitCode: 1,
    },
  );

/** One of everything. */
const mixed = reportOf(
  [fakeTask('good'), [fakeResult('good', 1, { inputTokens: 10, outputTokens: 2, costUsd: 0.5 })]],
  [
    fakeTask('bad', { file: 'other/more.yaml' }),
    [fakeResult('bad', 1, failure('tools: <expected> & "this"\n  came that\u0000\u001b[31m'))],
  ],
  [
    fakeTask('down'),
    [
      fakeResult('down', 1, {
        outcome: 'error',
        errorCode: 'unreachable',
        findings: [{ name: 'status', outcome: 'error', message: 'nobody there' }],
      }),
    ],
  ],
  [
    fakeTask('wording'),
    [
      fakeResult('wording', 1, {
        outcome: 'skipped',
        findings: [{ name: 'rubric', outcome: 'skipped', message: 'no judge' }],
      }),
    ],
  ],
  [fakeTask('later', { skip: 'not yet' }), []],
  [fakeTask('ended'), []],
  [
    fakeTask('flaky', { repeat: 4, mustPass: 3 }),
    [1, 2, 3, 4].map((n) => fakeResult('flaky', n, n === 2 ? failure('not this time') : {})),
  ],
);

describe('the report of a run', () => {
  test('counts each task once, and knows a flaky one', () => {
    assert.deepEqual(mixed.totals, { passed: 2, failed: 1, errors: 1, skipped: 3 });
    assert.equal(mixed.flaky, 1);
    const flaky = mixed.tasks.find(({ id }) => id === 'flaky');
    assert.deepEqual([flaky?.outcome, flaky?.passes, flaky?.isFlaky], ['passed', 3, true]);
    assert.deepEqual(flaky?.passAtK, [0.75, 1, 1, 1]);
    assert.deepEqual(
      flaky?.passHatK.map((share) => Math.round(share * 1e6) / 1e6),
      [0.75, 0.5, 0.25, 0],
    );
  });

  test('a cost is said only where all of it is known', () => {
    assert.equal(mixed.costUsd, 0.5);
    const partly = reportOf([
      fakeTask('a', { repeat: 2 }),
      [fakeResult('a', 1, { inputTokens: 1, costUsd: 1 }), fakeResult('a', 2, { inputTokens: 1 })],
    ]);
    assert.equal(partly.costUsd, undefined);
    assert.equal(reportOf([fakeTask('a'), [fakeResult('a')]]).inputTokens, undefined);
  });

  test('each reason stands once, with the attempts that it holds for', () => {
    const [task] = reportOf([
      fakeTask('a', { repeat: 3 }),
      [1, 2, 3].map((n) => fakeResult('a', n, n === 2 ? failure('other') : failure('same'))),
    ]).tasks;
    assert.deepEqual(task && reasonsOf(task), ['attempts 1, 3: same', 'attempt 2: other']);
  });
});

describe('junit.xml', () => {
  test('is what CI servers take', () => assertJunit(toJunit(mixed, { hostname: 'ci' })));
  test('is so without a task, and without a host name', () => {
    assertJunit(toJunit(reportOf(), { hostname: 'ci' }));
    assertJunit(toJunit(reportOf([fakeTask('a'), []]), { hostname: '' }));
  });

  test('the schema refuses what it should', () => {
    const good = toJunit(mixed, { hostname: 'ci' });
    for (const [from, to] of [
      [' time="', ' duration="'],
      ['timestamp="2026-11-27T21:00:00"', 'timestamp="2026-11-27T21:00:00Z"'],
      ['<failure message', '<failed message'],
      [' type="expectation"', ''],
      ['<testcase name="good"', '<testcase'],
      ['tests="', 'tests="many'],
      ['    <system-out/>\n', ''],
    ] as const) {
      assert.ok(good.includes(from));
      assert.throws(() => assertJunit(good.replace(from, to)), /./, `${from} → ${to}`);
    }
  });

  test('is read by another reader as it was meant', async () => {
    const read = await parse(toJunit(mixed, { hostname: 'ci' }));
    assert.ok(read && 'testsuite' in read && Array.isArray(read.testsuite));
    const [tasks, more] = read.testsuite;
    assert.deepEqual(
      [tasks?.name, tasks?.tests, tasks?.failures, tasks?.errors, tasks?.skipped],
      ['tasks.yaml', 6, 0, 1, 3],
    );
    assert.deepEqual([more?.name, more?.tests, more?.failures], ['other/more.yaml', 1, 1]);
    const [bad] = more?.testcase ?? [];
    assert.deepEqual([bad?.name, bad?.classname, bad?.time], ['bad', 'other.more', 0.1]);
    assert.equal(bad?.failure?.[0]?.message, 'tools: <expected> & "this"');
    assert.equal(bad?.failure?.[0]?.inner, 'tools: <expected> & "this"\n  came that\uFFFD\uFFFD[31m');
    assert.equal(tasks?.testcase?.find(({ name }) => name === 'down')?.error?.[0]?.type, 'unreachable');
  });

  test('whatever a model or server says, it stays a document', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        assertJunit(toJunit(reportOf([fakeTask('a'), [fakeResult('a', 1, failure(text))]]), { hostname: 'ci' }));
      }),
      { numRuns: 200 },
    );
  });
});

describe('report.html', () => {
  const transcript =
    '{"role":"user","content":"<script>alert(1)</script>"}\n{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"<b>","arguments":"{}"}}]}\n{"torn';
  const withTranscripts = (report: RunReport) => ({
    ...report,
    tasks: report.tasks.map((task) => ({
      ...task,
      attempts: task.attempts.map((attempt) => ({ ...attempt, transcript: `${task.id}.${attempt.attempt}` })),
    })),
  });
  const page = toPage(withTranscripts(mixed), { readTranscript: () => transcript });

  test('takes nothing from anywhere: no link, image, font or address', () => {
    assert.doesNotMatch(page, /<(?:link|img|iframe|object|embed|base)\b|\bsrc=|@import|url\(|https?:/i);
  });

  test('lets only its own style and script run', () => {
    const [, policy = ''] = /Content-Security-Policy" content="([^"]+)"/.exec(page) ?? [];
    assert.match(policy, /^default-src &#39;none&#39;;/);
    const hash = (tag: string) => {
      const [, text = ''] = new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(page) ?? [];
      return createHash('sha256').update(text).digest('base64');
    };
    assert.ok(policy.includes(`style-src &#39;sha256-${hash('style')}&#39;`));
    assert.ok(policy.includes(`script-src &#39;sha256-${hash('script')}&#39;`));
    assert.doesNotMatch(policy, /unsafe/);
    assert.doesNotMatch(page.replace(/<style>[\s\S]*?<\/style>|<script>[\s\S]*?<\/script>/g, ''), /\sstyle=|\son\w+=/);
  });

  test('shows what was said as text', () => {
    assert.ok(page.includes('&lt;script&gt;alert(1)&lt;/script&gt;'));
    assert.ok(page.includes('called &lt;b&gt;'));
    assert.equal(page.match(/<script>/g)?.length, 1);
    assert.ok(page.includes('tools: &lt;expected&gt; &amp; &quot;this&quot;'));
  });

  test('shows what would make a text read otherwise than it is', () => {
    const tricky = reportOf([
      fakeTask('a'),
      [fakeResult('a', 1, failure('safe \u202Egnp.exe\u2066\u200B \u0000\u009B2J ok\u{E0041}'))],
    ]);
    const shown = toPage(tricky, {
      readTranscript: () => `${JSON.stringify({ role: 'user', content: 'x\u202Ey' })}\n`,
    });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that there is none is the point
    assert.doesNotMatch(shown, /[\u0000\u009B\u200B\u202E\u2066\u{E0041}]/u);
    assert.ok(shown.includes('safe &lt;U+202E&gt;gnp.exe'));
  });

  test('tells tasks apart that differ in whom they acted as, in their servers or in what was approved', () => {
    const alike = reportOf(
      [fakeTask('plain'), [fakeResult('plain')]],
      [fakeTask('hers', { actingAs: { kind: 'profile', name: 'alice' } }), [fakeResult('hers')]],
      [fakeTask('its', { actingAs: { kind: 'machine', name: 'ci-bot' }, approve: ['local.*'] }), [fakeResult('its')]],
      [fakeTask('narrow', { servers: ['<b>', 'local'] }), [fakeResult('narrow')]],
    );
    const shown = toPage(alike, { readTranscript: () => undefined });
    const part = (id: string) => new RegExp(`data-text="${id} [\\s\\S]*?</details>\n`).exec(shown)?.[0] ?? '';
    assert.doesNotMatch(part('plain'), /acted|servers|approved|tag acting/);
    assert.match(part('hers'), /<span class="tag acting">as alice<\/span>/);
    assert.match(part('hers'), /acted <code>as alice<\/code>/);
    assert.match(part('its'), /data-text="its as machine ci-bot /);
    assert.match(part('its'), /acted <code>as machine ci-bot<\/code> · approved <code>local\.\*<\/code>/);
    assert.match(part('narrow'), /servers <code>&lt;b&gt;<\/code>, <code>local<\/code>/);
    const [, hers, its] = JSON.parse(JSON.stringify(alike)).tasks;
    assert.deepEqual(
      [hers.actingAs, its.approve],
      [{ kind: 'profile', name: 'alice' }, ['local.*']],
      'report.json has it as well',
    );
  });

  test('what needs a look comes first', () => {
    const order = [...page.matchAll(/<span class="name">([^<]+)/g)].map(([, id]) => id);
    assert.deepEqual(order, ['bad', 'down', 'flaky', 'good', 'wording', 'later', 'ended']);
  });

  test('conversations are left out when the page would get too large, those of failures last', () => {
    const long = `${JSON.stringify({ role: 'assistant', content: 'x'.repeat(5_000) })}\n`;
    const many = reportOf(
      ...Array.from(
        { length: 40 },
        (_, n) => [fakeTask(`t-${n}`), [fakeResult(`t-${n}`, 1, n === 39 ? failure('x') : {})]] as const,
      ),
    );
    const small = toPage(withTranscripts(many), { readTranscript: () => long, maxBytes: 60_000 });
    assert.ok(small.length < 120_000);
    const failed = small.slice(small.indexOf('>t-39<'), small.indexOf('>t-0<'));
    assert.ok(failed.includes('xxxxx'), 'the failure has its conversation');
    assert.ok(small.includes('The conversation is in <code>t-38.1</code>'));
  });
});

describe('summary.md', () => {
  test('has the totals, the failures and the flaky ones', () => {
    const text = toSummary(mixed);
    assert.match(text, /^## Tasks: 2 passed, 2 failed, 3 skipped\n/);
    assert.match(text, /Failed: <code>bad<\/code> \(other\/more\.yaml:3\)/);
    assert.match(text, /Error: <code>down<\/code>/);
    assert.match(text, /\| <code>flaky<\/code> \| 3\/4 \| 75 % \| 0 % \|/);
  });

  test('names are no Markdown', () => {
    const model = '[x](https://evil.example) ![y](//evil.example) <img src=x> `a` **b** | c\n# d';
    const text = toSummary(
      reportOf([fakeTask('a', { file: '<b>](x).yaml' }), [fakeResult('a', 1, { ...failure('no'), model })]]),
    );
    assert.doesNotMatch(text, /\]\(|<img|<b>|\*\*|^# d/m);
    assert.match(text, /<code>&#91;x&#93;&#40;https&#58;\/\/evil\.example&#41;/);
  });

  test('a text with fences in it does not end the block', () => {
    const text = toSummary(reportOf([fakeTask('a'), [fakeResult('a', 1, failure('```\n# not a heading'))]]));
    assert.match(text, /\n````text\n```\n# not a heading\n````\n/);
  });
});

test('all reports are written, whole, without secrets, and the summary goes to the page of the CI run as well', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'reports-'));
  const secret = 'hunter2hunter2';
  const report = reportOf([fakeTask('a'), [fakeResult('a', 1, failure(secret))]]);
  const summaryFile = join(directory, 'step-summary');
  const scrub = (text: string) => text.replaceAll(secret, '[secret]');
  const notices: string[] = [];
  const onNotice = (text: string) => notices.push(text);
  await writeReports(report, { directory, summaryFile, scrub, onNotice });
  await writeReports(report, { directory, summaryFile, scrub, onNotice });
  await writeReports(report, { directory, summaryFile: join(directory, 'no/such'), scrub, onNotice });
  assert.deepEqual(notices, [
    `The summary could not be added to ${directory}/no/such (ENOENT); it is in ${directory}/summary.md.`,
  ]);
  assert.deepEqual(readdirSync(directory).toSorted(), [
    'junit.xml',
    'report.html',
    'report.json',
    'step-summary',
    'summary.md',
  ]);
  for (const name of readdirSync(directory))
    assert.ok(!readFileSync(join(directory, name), 'utf8').includes(secret), name);
  assert.equal(readFileSync(summaryFile, 'utf8').match(/^## Tasks/gm)?.length, 2);
  rmSync(directory, { recursive: true });
});

test('a report that cannot be written is a notice, the others are there, and no half of it stays', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'reports-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const report = reportOf([fakeTask('a'), [fakeResult('a', 1)]]);
  const notices: string[] = [];
  const write = () =>
    writeReports(report, {
      directory,
      summaryFile: undefined,
      scrub: (text) => text,
      onNotice: (text) => notices.push(text),
    });
  // What is written there never fits; and in the place of the other there is a directory.
  symlinkSync('/dev/full', join(directory, 'report.html.new'));
  mkdirSync(join(directory, 'junit.xml'));
  assert.deepEqual(await write(), { hasPage: false });
  assert.deepEqual(readdirSync(directory).toSorted(), ['junit.xml', 'report.json', 'summary.md']);
  assert.deepEqual(notices.toSorted(), [
    `junit.xml in ${directory} cannot be written: there is a directory of that name. All results are kept. Write it when there is room: --resume ${directory}`,
    `report.html in ${directory} cannot be written: the disk is full. All results are kept. Write it when there is room: --resume ${directory}`,
  ]);
  assert.deepEqual(await write(), { hasPage: true });
});
