import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { AgentError } from '../../errors.ts';
import { fakeRun, fakeTask } from '../fake-task.ts';
import type { Task } from '../task.ts';
import { loadChecks } from './check-modules.ts';
import type { Attempt, AttemptResult, Executor, Identity } from './executor.ts';
import { hashOf, type Result } from './result.ts';
import { type RunEvent, type RunTasksOptions, runTasks } from './run-tasks.ts';
import { exitCodeOfRun } from './verdict.ts';

const IDENTITY: Identity = { model: 'fake', toolsHash: 'tools' };

/** An executor that a test scripts: what each attempt answers, and when. */
function scripted(
  answer: (
    attempt: Attempt,
    signal: AbortSignal,
  ) => Promise<Partial<AttemptResult['run']>> | Partial<AttemptResult['run']>,
  identity: () => Identity = () => IDENTITY,
): Executor & { readonly ran: string[] } {
  const ran: string[] = [];
  return {
    ran,
    run: async (attempt, signal) => {
      ran.push(`${attempt.task.id}#${attempt.attempt}`);
      return {
        run: fakeRun({ taskId: attempt.task.id, attempt: attempt.attempt, ...(await answer(attempt, signal)) }),
        identity: identity(),
      };
    },
    identify: async () => identity(),
    close: async () => undefined,
  };
}

interface Ran {
  readonly verdicts: Awaited<ReturnType<typeof runTasks>>;
  readonly written: Result[];
  readonly events: RunEvent[];
}

async function run(tasks: readonly Task[], executor: Executor, changed: Partial<RunTasksOptions> = {}): Promise<Ran> {
  const written: Result[] = [];
  const events: RunEvent[] = [];
  const verdicts = await runTasks({
    tasks,
    executor,
    earlier: [],
    concurrency: 4,
    retryErrors: 0,
    isFailFast: false,
    judge: undefined,
    checks: new Map(),
    scrub: (text) => text,
    writeTranscript: async ({ taskId }) => `transcripts/${taskId}.jsonl`,
    append: async (result) => void written.push(result),
    onEvent: (event) => events.push(event),
    finish: new AbortController().signal,
    stop: new AbortController().signal,
    ...changed,
  });
  return { verdicts, written, events };
}

const outcomes = ({ verdicts }: Ran) => verdicts.map(({ task, outcome }) => `${task.id} ${outcome}`);
const tasks = (...ids: string[]) => ids.map((id) => fakeTask(id));
const unreachable = { status: 'error', error: { code: 'unreachable', message: 'down' } } as const;
const wantsYes = (id: string, changed: Partial<Task> = {}) =>
  fakeTask(id, { expectations: [{ answer: { equals: 'yes' } }], ...changed });

describe('running tasks', () => {
  test('a check that comes to no end is an error of its task that names it, and the others go on', async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'checks-'));
    t.after(() => rmSync(directory, { recursive: true }));
    const module = (name: string, text: string) => {
      writeFileSync(join(directory, name), text);
      return join(directory, name);
    };
    const looping = module('looping.ts', 'export default (run: unknown): true => { while (run !== 1); return true; };');
    const waiting = module(
      'waiting.ts',
      'export default () => new Promise(() => setInterval(() => undefined, 1_000));',
    );
    const fine = module('fine.ts', 'export default () => true;');
    const all = [
      fakeTask('loops', { check: looping, timeoutMs: 2_000 }),
      fakeTask('waits', { check: waiting, timeoutMs: 1_000 }),
      fakeTask('fine', { check: fine }),
    ];
    const { checks, faults } = await loadChecks(all, { signal: t.signal });
    assert.deepEqual(faults, []);
    const ran = await run(
      all,
      scripted(() => ({})),
      { checks },
    );
    assert.deepEqual(outcomes(ran), ['loops error', 'waits error', 'fine passed']);
    const message = (id: string) => ran.written.find(({ task }) => task === id)?.findings.at(-1)?.message ?? '';
    assert.match(message('loops'), /^check: .*looping\.ts came to no verdict within 2000 ms, the timeout of the task$/);
    assert.match(message('waits'), /^check: .*waiting\.ts came to no verdict within 1000 ms, the timeout of the task$/);
  });

  test('the time of a check begins when its module does, however many wait for their turn', async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'checks-'));
    t.after(() => rmSync(directory, { recursive: true }));
    const check = join(directory, 'fine.ts');
    writeFileSync(check, 'export default () => true;');
    const all = Array.from({ length: 8 }, (_, n) => fakeTask(`t-${n}`, { check, timeoutMs: 1_000 }));
    const { checks } = await loadChecks(all, { signal: t.signal, maxThreads: 1 });
    // A clock that moves with each verdict alone: eight of them take longer than one may.
    let nowMs = 0;
    const timers = new Set<{ readonly atMs: number; readonly callback: () => void }>();
    const startTimer = (ms: number, callback: () => void) => {
      const timer = { atMs: nowMs + ms, callback };
      timers.add(timer);
      return () => void timers.delete(timer);
    };
    const onEvent = ({ type }: RunEvent) => {
      if (type === 'attempt-end') nowMs += 300;
      for (const timer of timers) if (timer.atMs <= nowMs) timer.callback();
    };
    const ran = await run(
      all,
      scripted(() => ({})),
      { checks, concurrency: 8, startTimer, onEvent },
    );
    assert.deepEqual(
      outcomes(ran),
      all.map(({ id }) => `${id} passed`),
    );
    assert.equal(timers.size, 0);
  });

  test('every attempt has one final result, and no more run at once than asked for', async () => {
    let running = 0;
    let most = 0;
    const executor = scripted(async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise(setImmediate);
      running -= 1;
      return {};
    });
    const ran = await run(
      Array.from({ length: 20 }, (_, n) => fakeTask(`t-${n}`, { repeat: 3 })),
      executor,
      { concurrency: 5 },
    );
    assert.equal(most, 5);
    assert.equal(new Set(executor.ran).size, 60);
    assert.equal(executor.ran.length, 60);
    assert.deepEqual(ran.written.map(({ task, attempt }) => `${task}#${attempt}`).toSorted(), executor.ran.toSorted());
    assert.ok(ran.verdicts.every(({ outcome }) => outcome === 'passed'));
  });

  test('nobody hears of a result before it is safe', async () => {
    const safe = Promise.withResolvers<void>();
    const events: string[] = [];
    const running = run(
      tasks('one'),
      scripted(() => ({})),
      {
        append: async () => {
          await safe.promise;
          events.push('safe');
        },
        onEvent: ({ type }) => events.push(type),
      },
    );
    await new Promise(setImmediate);
    assert.deepEqual(events, ['attempt-start']);
    safe.resolve();
    await running;
    assert.deepEqual(events, ['attempt-start', 'safe', 'attempt-end']);
  });

  test('errors are tried again as often as allowed, failures never', async () => {
    const executor = scripted(({ task }) =>
      task.id === 'flaky' && executor.ran.length < 4 ? unreachable : { answer: 'no' },
    );
    const ran = await run([wantsYes('flaky'), wantsYes('wrong')], executor, { retryErrors: 3, concurrency: 1 });
    assert.deepEqual(executor.ran, ['flaky#1', 'flaky#1', 'flaky#1', 'flaky#1', 'wrong#1']);
    assert.deepEqual(
      ran.written.map(({ task, outcome, tries }) => [task, outcome, tries]),
      [
        ['flaky', 'failed', 4],
        ['wrong', 'failed', 1],
      ],
    );
    assert.equal(ran.events.filter(({ type }) => type === 'attempt-retry').length, 3);
  });

  test('an error that stays one is an error, apart from failures', async () => {
    const ran = await run(
      tasks('one'),
      scripted(() => unreachable),
      { retryErrors: 1 },
    );
    assert.deepEqual(outcomes(ran), ['one error']);
    assert.equal(ran.written[0]?.errorCode, 'unreachable');
    assert.equal(exitCodeOfRun(ran.verdicts, 'itself'), 4);
  });

  test('what a run has finished stands; what is missing, failed to run or was changed runs', async () => {
    const known = tasks('stands', 'changed', 'missing', 'broke');
    const before = (
      await run(
        known,
        scripted(({ task }) => (task.id === 'broke' ? unreachable : {})),
      )
    ).written;
    const executor = scripted(() => ({}));
    const now = known.map((task) => (task.id === 'changed' ? { ...task, hash: 'new' } : task));
    const ran = await run(now, executor, { earlier: before.filter(({ task }) => task !== 'missing') });
    assert.deepEqual(executor.ran.toSorted(), ['broke#1', 'changed#1', 'missing#1']);
    assert.deepEqual(
      ran.events.flatMap((event) => (event.type === 'attempt-end' && event.isReused ? [event.task.id] : [])),
      ['stands'],
    );
    assert.ok(ran.verdicts.every(({ outcome }) => outcome === 'passed'));
  });

  for (const [what, identity] of [
    ['model', { model: 'other', toolsHash: 'tools' }],
    ['tool', { model: 'fake', toolsHash: 'other' }],
  ] as const)
    test(`another ${what} makes a result void`, async () => {
      const before = (
        await run(
          tasks('one'),
          scripted(() => ({})),
        )
      ).written;
      const executor = scripted(
        () => ({}),
        () => identity,
      );
      await run(tasks('one'), executor, { earlier: before });
      assert.deepEqual(executor.ran, ['one#1']);
    });

  test('where nobody can say what answers now, the attempt runs and says why', async () => {
    const before = (
      await run(
        tasks('one'),
        scripted(() => ({})),
      )
    ).written;
    const executor: Executor = {
      ...scripted(() => unreachable),
      identify: () => Promise.reject(new AgentError('unreachable', 'down')),
    };
    assert.deepEqual(outcomes(await run(tasks('one'), executor, { earlier: before })), ['one error']);
  });

  test('repeats add up: so many of them have to pass', async () => {
    const executor = scripted(({ attempt }) => ({ answer: attempt === 2 ? 'no' : 'yes' }));
    const five = (mustPass: number) => wantsYes(`needs-${mustPass}`, { repeat: 5, mustPass });
    assert.deepEqual(outcomes(await run([five(4), five(5)], executor)), ['needs-4 passed', 'needs-5 failed']);
  });

  test('with --fail-fast nothing new starts after a failure, and the rest is not run', async () => {
    const executor = scripted(({ task }) => ({ answer: task.id === 'b' ? 'no' : 'yes' }));
    const ran = await run(
      ['a', 'b', 'c', 'd'].map((id) => wantsYes(id)),
      executor,
      { isFailFast: true, concurrency: 1 },
    );
    assert.deepEqual(outcomes(ran), ['a passed', 'b failed', 'c not-run', 'd not-run']);
    assert.equal(exitCodeOfRun(ran.verdicts, 'itself'), 1);
  });

  test('with --fail-fast a failure that the share allows stops nothing', async () => {
    const executor = scripted(({ attempt }) => ({ answer: attempt === 1 ? 'no' : 'yes' }));
    const ran = await run(
      [wantsYes('a', { repeat: 3, mustPass: 2 }), wantsYes('b', { repeat: 3, mustPass: 2 })],
      executor,
      { isFailFast: true },
    );
    assert.deepEqual(outcomes(ran), ['a passed', 'b passed']);
  });

  test('the first interrupt lets runs finish, and nothing new starts', async () => {
    const finish = new AbortController();
    const executor = scripted(({ task }) => {
      if (task.id === 'b') finish.abort();
      return {};
    });
    const ran = await run(tasks('a', 'b', 'c'), executor, { finish: finish.signal, concurrency: 1 });
    assert.deepEqual(outcomes(ran), ['a passed', 'b passed', 'c not-run']);
    assert.equal(exitCodeOfRun(ran.verdicts, 'interrupt'), 130);
  });

  test('an interrupt that came after the last start changes nothing', async () => {
    const finish = new AbortController();
    const ran = await run(
      tasks('a'),
      scripted(() => {
        finish.abort();
        return {};
      }),
      { finish: finish.signal },
    );
    assert.equal(exitCodeOfRun(ran.verdicts, 'interrupt'), 0);
  });

  test('the second interrupt cancels what runs, which then has no result', async () => {
    const stop = new AbortController();
    const executor = scripted(async ({ task }, signal) => {
      if (task.id === 'a') return {};
      stop.abort();
      signal.throwIfAborted();
      return {};
    });
    const ran = await run(tasks('a', 'b', 'c'), executor, { stop: stop.signal, concurrency: 1 });
    assert.deepEqual(outcomes(ran), ['a passed', 'b not-run', 'c not-run']);
    assert.deepEqual(
      ran.written.map(({ task }) => task),
      ['a'],
    );
    assert.equal(exitCodeOfRun(ran.verdicts, 'timeout'), 124);
  });

  test('skipped tasks do not run', async () => {
    const executor = scripted(() => ({}));
    assert.deepEqual(outcomes(await run([fakeTask('a', { skip: 'later' })], executor)), ['a skipped']);
    assert.deepEqual(executor.ran, []);
  });

  test('secrets are taken out of a result before anybody sees it', async () => {
    const ran = await run(
      [wantsYes('one')],
      scripted(() => ({ answer: 'the key is hunter2' })),
      { scrub: (text) => text.replaceAll('hunter2', '[secret]') },
    );
    assert.ok(!JSON.stringify([ran.written, ran.verdicts, ran.events]).includes('hunter2'));
    assert.match(ran.written[0]?.answer ?? '', /\[secret\]/);
  });

  test('a result that cannot be written ends the run when nothing runs any more, and nothing new is started', async () => {
    const refused = Promise.withResolvers<void>();
    const executor = scripted(async ({ task }) => {
      if (task.id === 'b') await refused.promise;
      return {};
    });
    const events: string[] = [];
    const running = run(tasks('a', 'b', 'c', 'd'), executor, {
      concurrency: 2,
      append: async ({ task }) => {
        if (task === 'a') throw new AgentError('internal', 'the disk is full');
        events.push(`${task} is written`);
      },
    }).catch((error: Error) => events.push(error.message));
    // Whoever does not wait for b is through by then.
    await new Promise(setImmediate);
    refused.resolve();
    await running;
    assert.deepEqual(events, ['b is written', 'the disk is full']);
    assert.deepEqual(executor.ran, ['a#1', 'b#1']);
  });

  test('a fault of the executor itself ends the run', async () => {
    const executor = { ...scripted(() => ({})), run: () => Promise.reject(new TypeError('a slip')) };
    await assert.rejects(run(tasks('one'), executor), /a slip/);
  });

  test('a result carries what has to be the same for it to stand', async () => {
    const [task] = tasks('one');
    const { written } = await run(
      task ? [task] : [],
      scripted(() => ({})),
    );
    assert.equal(written[0]?.hash, task && hashOf(task, IDENTITY));
  });
});
