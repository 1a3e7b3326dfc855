import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fakeResult, fakeTask } from '../fake-task.ts';
import { createReport } from '../report/run-report.ts';
import type { Result } from '../run/result.ts';
import { verdictOf } from '../run/verdict.ts';
import { createProgress, type Reporter } from './progress.ts';

const bad: Partial<Result> = {
  outcome: 'failed',
  findings: [{ name: 'answer', outcome: 'failed', message: 'answer: no\n  came  \u001b[2Jx' }],
};

function display(reporter: Reporter, { hasColor = false, columns = 60 } = {}) {
  let stdout = '';
  let stderr = '';
  let nowMs = 0;
  const progress = createProgress({
    reporter,
    total: 4,
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
    columns: () => columns,
    hasColor,
    visible: (text) => text.replaceAll('\u001b', '<ESC>'),
    now: () => nowMs,
  });
  return {
    progress,
    at: (ms: number) => {
      nowMs = ms;
    },
    stdout: () => stdout,
    stderr: () => stderr,
  };
}

/** The usual course of things. */
function play(reporter: Reporter, options?: Parameters<typeof display>[1]) {
  const shown = display(reporter, options);
  const [a, b] = [fakeTask('a'), fakeTask('b', { repeat: 3 })];
  shown.progress.event({ type: 'attempt-start', task: a, attempt: 1 });
  shown.progress.event({ type: 'attempt-start', task: b, attempt: 1 });
  shown.at(1_000);
  shown.progress.event({ type: 'attempt-end', task: a, result: fakeResult('a', 1, bad), isReused: false });
  shown.progress.event({ type: 'attempt-retry', task: b, attempt: 1, message: 'down\nmore' });
  shown.progress.event({ type: 'attempt-end', task: b, result: fakeResult('b', 1), isReused: true });
  const report = createReport(
    [verdictOf(a, [fakeResult('a', 1, bad)]), verdictOf(fakeTask('c', { skip: 'later' }), [])],
    {
      startedAt: new Date(0),
      finishedAt: new Date(1_000),
      endedBy: 'itself',
      exitCode: 1,
    },
  );
  shown.progress.end(report, 'runs/x');
  return shown;
}

describe('the display of a run', () => {
  test('without a terminal: plain lines, no escapes, the totals alone in the last one', () => {
    const { stdout, stderr } = play('plain', { hasColor: true });
    assert.equal(
      stdout(),
      `✗ a (100 ms)
    answer: no
      came  <ESC>[2Jx
↻ b 1/3 is tried again: down
✓ b 1/3 (as before)
- c (skipped: later)

FAILED a tasks.yaml:3 answer: no
report in runs/x/report.html
0 passed, 1 failed, 1 skipped
`,
    );
    assert.equal(stderr(), '');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that there is none is the point
    assert.doesNotMatch(stdout(), /\u001b|\r/);
  });

  test('on a terminal: one line that moves, with what is done, what runs and how long it may take', () => {
    const { stdout, stderr } = play('tty');
    const lines = stderr().split('\r\u001b[2K');
    assert.ok(lines.includes('0/4 done · 2 running · a, b 1/3'));
    assert.ok(
      lines.includes('1/4 done · 1 not passed · 1 running · about 3.0 s left · b 1/'.slice(0, 59)),
      JSON.stringify(lines),
    );
    assert.equal(lines.at(-1), '', 'it is gone at the end');
    assert.ok(lines.every((line) => line.length < 60));
    assert.match(stdout(), /0 passed, 1 failed, 1 skipped\n$/);
  });

  test('a run that was cut short says how to go on, in words that a shell reads back', () => {
    const facts = { startedAt: new Date(0), finishedAt: new Date(1), endedBy: 'interrupt', exitCode: 130 } as const;
    for (const [directory, word] of [
      ['runs/x', 'runs/x'],
      ["my run's", "'my run'\\''s'"],
    ] as const) {
      const { progress, stdout } = display('plain');
      progress.end(createReport([], facts), directory);
      assert.ok(stdout().includes(`ended by an interrupt; go on with --resume ${word}\n`), stdout());
    }
  });

  test('colours only on a terminal that has them', () => {
    assert.ok(play('tty', { hasColor: true }).stdout().includes('\u001b[31m✗\u001b[0m a'));
    assert.ok(!play('tty').stdout().includes('\u001b'));
  });

  test('no line of a model or a server is a command to a runner of GitHub', () => {
    for (const reporter of ['github', 'plain', 'tty'] as const) {
      const { progress, stdout, stderr } = display(reporter);
      const task = fakeTask('a', { skip: '::set-output name=a::b' });
      const message = 'answer: no\n::set-output name=x::y\n   ::add-mask::z\nhello ##[set-env name=PATH]x';
      const findings = [{ name: 'answer', outcome: 'failed' as const, message }];
      const result = fakeResult('a', 1, { outcome: 'failed', findings });
      progress.notice('::stop-commands::x');
      progress.event({ type: 'attempt-retry', task, attempt: 1, message: '##[warning]x' });
      progress.event({ type: 'attempt-end', task, result, isReused: false });
      const facts = { startedAt: new Date(0), finishedAt: new Date(1), endedBy: 'itself', exitCode: 1 } as const;
      progress.end(createReport([verdictOf(fakeTask('a'), [result]), verdictOf(task, [])], facts), 'runs/x');
      const commands = `${stdout()}\n${stderr()}`
        .replaceAll('\r\u001b[2K', '\n')
        .split('\n')
        .filter((line) => /^\s*::/.test(line) || line.includes('##['));
      // One annotation is ours; what it says is its data.
      assert.deepEqual(
        commands.map((line) => line.slice(0, 8)),
        reporter === 'github' ? ['::error '] : [],
      );
    }
  });

  test('on GitHub each failure is an annotation of one line, whatever the text says', () => {
    const { stdout } = play('github');
    assert.match(stdout(), /^::error file=tasks\.yaml,line=3,title=a failed::answer: no%0A {2}came {2}<ESC>\[2Jx$/m);
    assert.match(stdout(), /\n0 passed, 1 failed, 1 skipped\n$/);
  });
});
