import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fakeResult, fakeTask } from './fake-task.ts';
import { selectTasks } from './run/select-tasks.ts';
import { exitCodeOfRun, totalsLine, totalsOf, verdictOf } from './run/verdict.ts';
import { parseSuiteFlags } from './suite-flags.ts';

describe('flags of a run', () => {
  test('everything has a default', () => {
    const { grep, shard, repeat, resume, ...flags } = parseSuiteFlags(['a.yaml'], {});
    assert.deepEqual([grep, shard, repeat, resume], [undefined, undefined, undefined, undefined]);
    assert.deepEqual(
      [flags.jobs, flags.retryErrors, flags.isFailFast, flags.isOnlyFailed, flags.reporter],
      [4, 0, false, false, undefined],
    );
  });

  test('all faults come in one message', () => {
    assert.throws(
      () =>
        parseSuiteFlags([], {
          jobs: '0',
          grep: '(',
          shard: '4/3',
          repeat: 'x',
          retryErrors: '-1',
          reporter: 'dots',
          timeout: '5',
          resume: true,
          out: 'x',
        }),
      (error: Error) => {
        assert.equal(error.message.split('\n').length, 9);
        for (const flag of [
          '--jobs',
          '--grep',
          '--shard',
          '--repeat',
          '--retry-errors',
          '--reporter',
          '--timeout',
          '--out',
          'at least one task file',
        ])
          assert.ok(error.message.includes(flag), flag);
        return true;
      },
    );
  });

  test('a task file after --resume is a task file', () => {
    const flags = parseSuiteFlags(['b.yaml'], { resume: 'a.yaml' });
    assert.deepEqual([flags.files, flags.resume], [['a.yaml', 'b.yaml'], { kind: 'newest' }]);
    assert.deepEqual(parseSuiteFlags(['b.yaml'], { resume: 'runs/x' }).resume, {
      kind: 'directory',
      directory: 'runs/x',
    });
  });
});

describe('which tasks run', () => {
  const all = ['a-1', 'a-2', 'b-1', 'b-2', 'c-1'].map((id, n) =>
    fakeTask(id, { tags: n % 2 === 0 ? ['even'] : ['odd', 'x'] }),
  );
  const ids = (selection: Partial<Parameters<typeof selectTasks>[1]>) =>
    selectTasks(all, { tags: [], ...selection }).map(({ id }) => id);

  test('by id, by any of the tags', () => {
    assert.deepEqual(ids({ grep: /^a/ }), ['a-1', 'a-2']);
    assert.deepEqual(ids({ tags: ['x', 'nothing'] }), ['a-2', 'b-2']);
  });

  test('all shards together are all tasks, and no two have one in common', () => {
    const parts = [1, 2, 3].map((index) => ids({ shard: { index, of: 3 } }));
    assert.deepEqual(parts, [['a-1', 'b-2'], ['a-2', 'c-1'], ['b-1']]);
  });

  test('those that did not pass before, and those that were not there', () => {
    const failedIn = [
      fakeResult('a-1'),
      fakeResult('a-2', 1, { outcome: 'failed' }),
      fakeResult('b-1', 1, { outcome: 'error' }),
    ];
    assert.deepEqual(ids({ failedIn }), ['a-2', 'b-1', 'b-2', 'c-1']);
  });
});

describe('verdicts and exit codes', () => {
  const five = (mustPass: number, ...outcomes: ('passed' | 'failed' | 'error' | 'skipped')[]) =>
    verdictOf(
      fakeTask('a', { repeat: 5, mustPass }),
      outcomes.map((outcome, n) => fakeResult('a', n + 1, { outcome })),
    );
  const cases = [
    [five(4, 'passed', 'passed', 'passed', 'passed', 'failed'), 'passed'],
    [five(4, 'passed', 'passed', 'passed', 'passed'), 'passed'],
    [five(4, 'failed', 'failed'), 'failed'],
    [five(4, 'passed', 'passed', 'passed', 'error', 'failed'), 'error'],
    [five(4, 'passed', 'passed', 'failed', 'failed', 'error'), 'failed'],
    [five(5, 'passed', 'passed', 'passed', 'passed', 'skipped'), 'skipped'],
    [five(4, 'passed', 'failed'), 'not-run'],
    [five(4), 'not-run'],
  ] as const;
  for (const [verdict, expected] of cases)
    test(`${verdict.results.map(({ outcome }) => outcome).join(' ') || 'nothing'}, ${verdict.task.mustPass} of 5: ${expected}`, () =>
      assert.equal(verdict.outcome, expected));

  test('results of attempts that are not asked for any more do not count', () => {
    assert.equal(
      verdictOf(fakeTask('a'), [fakeResult('a', 1, { outcome: 'failed' }), fakeResult('a', 2)]).outcome,
      'failed',
    );
  });

  const verdictWith = (outcome: 'passed' | 'failed' | 'error', errorCode?: string) =>
    verdictOf(fakeTask('a'), [fakeResult('a', 1, { outcome, ...(errorCode ? { errorCode } : {}) })]);
  for (const [expected, ...verdicts] of [
    [0, verdictWith('passed'), verdictOf(fakeTask('s', { skip: 'x' }), [])],
    [1, verdictWith('failed')],
    [1, verdictWith('error', 'internal')],
    [1, verdictWith('error', 'no-such-code')],
    [2, verdictWith('error', 'missing_key'), verdictWith('failed')],
    [3, verdictWith('error', 'login_required'), verdictWith('error', 'unreachable')],
    [3, verdictWith('error', 'insufficient_scope')],
    [4, verdictWith('error', 'unreachable'), verdictWith('failed')],
    [1, verdictWith('failed'), verdictOf(fakeTask('n'), [])],
  ] as const)
    test(`exit ${expected}: ${verdicts.map(({ outcome, results }) => `${outcome} ${results[0]?.errorCode ?? ''}`.trim()).join(', ')}`, () =>
      assert.equal(exitCodeOfRun(verdicts, 'itself'), expected));

  test('the last line counts errors among the failed: they are no pass', () => {
    assert.equal(
      totalsLine(
        totalsOf([verdictWith('passed'), verdictWith('failed'), verdictWith('error'), verdictOf(fakeTask('n'), [])]),
      ),
      '1 passed, 2 failed, 1 skipped',
    );
  });
});
