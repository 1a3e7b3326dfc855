import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { BroadcastChannel } from 'node:worker_threads';
import { fakeRun, fakeTask } from '../fake-task.ts';
import { type LoadChecksOptions, loadChecks } from './check-modules.ts';
import type { FinishedRun } from './finished-run.ts';

const NEVER = new AbortController().signal;

/** Some of the modules come to no end. */
describe('check modules', { timeout: 60_000 }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'check-modules-'));
  after(() => rmSync(directory, { recursive: true }));
  let count = 0;
  const load = (text: string, options: Partial<LoadChecksOptions> = {}) => {
    count += 1;
    const path = join(directory, `check-${count}.ts`);
    writeFileSync(path, text);
    return loadChecks([fakeTask('one', { check: path })], { signal: NEVER, ...options });
  };
  const checkOf = async (text: string, options: Partial<LoadChecksOptions> = {}) => {
    const { checks, faults } = await load(text, options);
    assert.deepEqual(faults, []);
    const [check] = checks.values();
    assert.ok(check);
    return (...[run, signal, onStart = () => undefined]: [...Parameters<typeof check>] | [FinishedRun, AbortSignal]) =>
      check(run, signal, onStart);
  };

  /** What a module says before it comes to no end: `said` resolves then, `say` is the code for it. */
  const hear = (t: TestContext) => {
    count += 1;
    const channel = new BroadcastChannel(`check-${process.pid}-${count}`);
    t.after(() => channel.close());
    return {
      said: once(channel, 'message'),
      say: `new (await import('node:worker_threads')).BroadcastChannel('${channel.name}').postMessage('here');`,
    };
  };

  test('are handed the run, and their verdict comes back as it is', async () => {
    for (const [text, expected] of [
      ['export default (run: { answer: string }) => run.answer === "42" || "wrong";', true],
      ['export default async (run: { answer: string }) => `got ${run.answer}`;', 'got 42'],
      ['export default () => ({ ok: false });', { ok: false }],
      ['export default () => undefined;', undefined],
    ] as const)
      assert.deepEqual(await (await checkOf(text))(fakeRun({ answer: '42' }), NEVER), expected);
  });

  test('what they throw comes back by its name, so that an assertion is told from a fault', async () => {
    for (const [text, name, message] of [
      [
        'import assert from "node:assert/strict"; export default () => assert.equal(1, 2);',
        'AssertionError',
        /1 !== 2/,
      ],
      ['export default () => (undefined as any).answer;', 'TypeError', /answer/],
      ['export default () => { throw "a text"; };', 'Error', /^a text$/],
      ['export default () => () => true;', 'DataCloneError', /could not be cloned/],
    ] as const)
      await assert.rejects((await checkOf(text))(fakeRun(), NEVER), { name, message });
  });

  test('one that exits ends its thread and nothing else, and waiting for nothing is no verdict', async () => {
    for (const text of [
      'export default () => process.exit(0);',
      'export default () => new Promise(() => undefined);',
      'export default () => { queueMicrotask(() => process.exit(0)); return new Promise(() => undefined); };',
    ])
      await assert.rejects((await checkOf(text))(fakeRun(), NEVER), /ended before it came to its end/);
  });

  /** A program that says that it runs, and when it has ended. */
  const program = (t: TestContext, name: string) => {
    const [begun, ended] = [join(directory, `${name}-begun`), join(directory, `${name}-ended`)];
    const { promise, resolve } = Promise.withResolvers<void>();
    const watcher = watch(directory, () => existsSync(begun) && resolve());
    t.after(() => watcher.close());
    return { runs: promise, ended, command: JSON.stringify(`touch '${begun}'; sleep 5; touch '${ended}'`) };
  };

  test('one that waits for a program is left when its time is over: nobody waits for the program', async (t) => {
    const { runs, ended, command } = program(t, 'judging');
    const check = await checkOf(
      `import { execSync } from 'node:child_process'; export default () => { execSync(${command}); return true; };`,
    );
    const limit = new AbortController();
    const judging = assert.rejects(check(fakeRun(), limit.signal), /took too long$/);
    await runs;
    limit.abort(new Error('took too long'));
    await judging;
    assert.ok(!existsSync(ended), 'the program still runs');
  });

  test('loading one that waits for a program ends when the run is interrupted', async (t) => {
    const { runs, ended, command } = program(t, 'loading');
    const text = `import { spawnSync } from 'node:child_process'; spawnSync(${command}, { shell: true }); export default () => true;`;
    const interrupt = new AbortController();
    const loading = assert.rejects(load(text, { signal: interrupt.signal }), { code: 'interrupted' });
    await runs;
    interrupt.abort();
    await loading;
    assert.ok(!existsSync(ended), 'the program still runs');
  });

  test('one that loops is stopped when its time is over, and is named', async (t) => {
    const { said, say } = hear(t);
    const check = await checkOf(`export default async () => { ${say} for (;;); };`);
    const limit = new AbortController();
    const judging = assert.rejects(check(fakeRun(), limit.signal), /^Error: .*check-\d+\.ts took too long$/);
    await said;
    limit.abort(new Error('took too long'));
    await judging;
  });

  test('so many judge at a time, the others wait for their turn, and one that was stopped waits no more', async () => {
    const check = await checkOf('export default (run: { answer: string }) => run.answer;', { maxThreads: 1 });
    const events: string[] = [];
    const stop = new AbortController();
    const judge = (answer: string, signal = NEVER) =>
      check(fakeRun({ answer }), signal, () => events.push(`${answer} begins`)).then(
        () => events.push(`${answer} has ended`),
        (error: Error) => events.push(`${answer} ${error.message.replace(/^\S+ /, '')}`),
      );
    const all = [judge('a'), judge('b'), judge('c', stop.signal), judge('d')];
    stop.abort(new Error('was not wanted'));
    await Promise.all(all);
    assert.deepEqual(events, [
      'c was not wanted',
      ...['a begins', 'a has ended', 'b begins', 'b has ended', 'd begins', 'd has ended'],
    ]);
  });

  test('what they print arrives, every line of it', async () => {
    const path = join(directory, 'talks.ts');
    writeFileSync(
      path,
      'export default (run: { answer: string }) => { for (let n = 0; n < 500; n += 1) { console.log(`${run.answer} out ${n}`); console.error(`${run.answer} err ${n}`); } return true; };',
    );
    // In a process of its own: what a thread prints is printed by its process.
    const text = `
      import { loadChecks } from ${JSON.stringify(new URL('./check-modules.ts', import.meta.url).href)};
      const { signal } = new AbortController();
      const { checks } = await loadChecks([{ check: ${JSON.stringify(path)}, file: 'f', line: 1 }], { signal });
      const [check] = checks.values();
      for (const answer of ['a', 'b', 'c']) await check({ answer }, signal, () => undefined);
      await Promise.all(['d', 'e'].map((answer) => check({ answer }, signal, () => undefined)));`;
    const judges = join(directory, 'judges.mjs');
    writeFileSync(judges, text);
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [judges]);
    for (const [printed, stream] of [
      [stdout, 'out'],
      [stderr, 'err'],
    ] as const)
      for (const answer of ['a', 'b', 'c', 'd', 'e'])
        assert.deepEqual(
          printed.split('\n').filter((line) => line.startsWith(answer)),
          Array.from({ length: 500 }, (_, n) => `${answer} ${stream} ${n}`),
        );
  });

  test('nothing of one judgement is left for the next', async () => {
    const check = await checkOf('let count = 0; export default () => `${(count += 1)}`;');
    assert.deepEqual([await check(fakeRun(), NEVER), await check(fakeRun(), NEVER)], ['1', '1']);
  });

  for (const [what, end] of [
    ['loops', 'for (;;);'],
    ['waits', 'setInterval(() => undefined, 1_000); await new Promise(() => undefined);'],
  ] as const)
    test(`one that ${what} instead of being loaded is a fault when the time for that is over`, async (t) => {
      const { said, say } = hear(t);
      const limits: number[] = [];
      const startTimer = (ms: number, callback: () => void) => {
        limits.push(ms);
        void said.then(callback);
        return () => undefined;
      };
      const { checks, faults } = await load(`${say} ${end}\nexport default () => true;`, { startTimer });
      assert.deepEqual([checks.size, limits], [0, [30_000]]);
      assert.match(
        faults[0]?.message ?? '',
        /check-\d+\.ts": the module cannot be loaded: it was not loaded within 30000 ms/,
      );
    });

  test('loading ends when the run is interrupted', async (t) => {
    const { said, say } = hear(t);
    const interrupt = new AbortController();
    const loading = assert.rejects(load(`${say} for (;;);`, { signal: interrupt.signal }), { code: 'interrupted' });
    await said;
    interrupt.abort();
    await loading;
  });
});
