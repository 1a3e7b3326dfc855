import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import {
  answer,
  assertEveryCallIsAnswered,
  calling,
  converse,
  endOf,
  type Script,
} from '../../test/support/scripted-conversation.ts';
import { createGraph } from '../graph.ts';
import { createMemoryThreadStore } from './memory-thread-store.ts';
import { openSqliteThreadStore } from './sqlite-thread-store.ts';
import type { ThreadStore } from './thread-store.ts';

const HANGING_TURN = join(import.meta.dirname, '../../test/fixtures/hanging-turn.ts');

async function createFile(context: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'threads-'));
  context.after(() => rm(directory, { recursive: true, force: true }));
  return join(directory, 'state', 'threads.sqlite');
}

function converseIn(store: ThreadStore, threadId: string, script: Script) {
  return converse({ graph: createGraph({ checkpointer: store.saver }), store, threadId, ...script });
}

const STORES: Record<string, (context: TestContext, now: () => number) => Promise<ThreadStore>> = {
  'in SQLite': async (context, now) => openSqliteThreadStore(await createFile(context), now),
  'in memory': async (_context, now) => createMemoryThreadStore(now),
};

for (const [where, open] of Object.entries(STORES))
  describe(`conversations ${where}`, () => {
    test('are listed newest first, with title, model, times and turns', async (context) => {
      let nowMs = 1_000;
      const store = await open(context, () => nowMs);
      await store.recordTurn('a', { request: 'First\n\u001b[31m request', model: 'demo' });
      nowMs = 2_000;
      await store.recordTurn('b', { request: 'x'.repeat(200), model: 'demo' });
      nowMs = 3_000;
      await store.recordTurn('a', { request: 'Second request', model: 'openai:gpt-5' });
      const [first, second] = await store.list();
      assert.deepEqual(first, {
        id: 'a',
        title: 'First [31m request',
        model: 'openai:gpt-5',
        createdAtMs: 1_000,
        updatedAtMs: 3_000,
        turns: 2,
      });
      assert.equal(second?.title.length, 80);
      assert.equal((await store.list(1)).length, 1);
      await store.close();
    });

    test('are found by the beginning of their id, if it is the beginning of one', async (context) => {
      const store = await open(context, () => 0);
      for (const id of ['abc', 'abd', 'ab', 'x_z', 'xyz']) await store.recordTurn(id, { request: id, model: 'demo' });
      const idOf = async (text: string) => (await store.find(text))?.id;
      assert.deepEqual(
        [await idOf('abc'), await idOf('ab'), await idOf('a'), await idOf('x_'), await idOf('%'), await idOf('')],
        ['abc', 'ab', undefined, 'x_z', undefined, undefined],
      );
      await store.close();
    });

    test('have their messages, and none after they were deleted', async (context) => {
      const store = await open(context, () => 0);
      const turns = [calling({ name: 'double', args: { n: 21 } }), answer('It is 42.')];
      const { run } = converseIn(store, 't', { turns, tools: { double: async ({ n }) => String(n * 2) } });
      await run('Double 21.');
      assert.deepEqual(
        (await store.messages('t')).map((message) => [message.getType(), message.text]),
        [
          ['human', 'Double 21.'],
          ['ai', ''],
          ['tool', '42'],
          ['ai', 'It is 42.'],
        ],
      );
      assert.deepEqual(await store.messages('other'), []);
      await store.delete('t');
      assert.deepEqual([await store.messages('t'), await store.find('t')], [[], undefined]);
      await store.close();
    });

    test('have one turn at a time', async (context) => {
      const store = await open(context, () => 0);
      const release = await store.takeTurn('t');
      await assert.rejects(store.takeTurn('t'), { code: 'usage', message: /running in this conversation already/ });
      await (await store.takeTurn('other'))();
      await release();
      await (await store.takeTurn('t'))();
      await store.close();
    });
  });

describe('the file of conversations', () => {
  test('is private, and so is what lies beside it', async (context) => {
    const file = await createFile(context);
    const store = await openSqliteThreadStore(file);
    await converseIn(store, 't', { turns: [answer('hello')] }).run('hi');
    for (const path of [file, `${file}-wal`, `${file}-shm`]) assert.equal((await stat(path)).mode & 0o777, 0o600, path);
    assert.equal((await stat(join(file, '..'))).mode & 0o777, 0o700);
    await store.close();
  });

  test('keeps nothing of a conversation that was deleted', async (context) => {
    const file = await createFile(context);
    const store = await openSqliteThreadStore(file);
    await converseIn(store, 't', { turns: [answer('the answer is hush-hush')] }).run('what is the secret?');
    await converseIn(store, 'other', { turns: [answer('this one stays')] }).run('hi');
    await store.delete('t');
    const left = async () => {
      const files = await Promise.all([file, `${file}-wal`].map((path) => readFile(path, 'latin1').catch(() => '')));
      return files.join('');
    };
    assert.doesNotMatch(await left(), /hush-hush|the secret/);
    assert.match(await left(), /this one stays/);
    await store.close();
  });

  test('takes a conversation up where another process left it, summed up or not', async (context) => {
    const file = await createFile(context);
    const first = await openSqliteThreadStore(file);
    const before = converseIn(first, 't', { turns: [answer('one'), answer('two')] });
    await before.run('first');
    await before.run('second');
    assert.match((await before.session.compact(new AbortController().signal)) ?? '', /summed up/);
    await first.close();
    const second = await openSqliteThreadStore(file);
    const { run, model } = converseIn(second, 't', { turns: [answer('three')] });
    await run('third');
    assert.deepEqual(
      model.calls[0]?.messages.slice(1).map(({ text }) => text.split('\n')[0]),
      ['Summary of the conversation so far:', 'second', 'two', 'third'],
    );
    assert.equal((await second.find('t'))?.turns, 3);
    await second.close();
  });

  test('refuses a second turn on a conversation in another process, and goes on after kill -9', async (context) => {
    const file = await createFile(context);
    const store = await openSqliteThreadStore(file);
    const child = spawn(process.execPath, [HANGING_TURN, file, 't'], { stdio: ['ignore', 'pipe', 'inherit'] });
    context.after(() => child.kill('SIGKILL'));
    await once(child.stdout, 'data');

    const { run, model } = converseIn(store, 't', { turns: [answer('fine')] });
    const refused = endOf(await run('me too'));
    assert.deepEqual([refused.status, refused.error?.code, model.callCount], ['failed', 'usage', 0]);
    // Another conversation is nobody's business.
    assert.equal(endOf(await converseIn(store, 'other', { turns: [answer('yes')] }).run('hi')).answer, 'yes');

    child.kill('SIGKILL');
    await once(child, 'exit');
    assert.equal(endOf(await run('and now?')).answer, 'fine');
    const messages = model.calls[0]?.messages ?? [];
    assertEveryCallIsAnswered(messages);
    assert.deepEqual(
      messages.slice(1).map(({ text }) => text),
      ['go', '', 'done', 'No result: the agent was stopped.', 'and now?'],
    );
    assert.deepEqual(
      (await store.messages('t')).map(({ text }) => text),
      ['go', '', 'done', 'No result: the agent was stopped.', 'and now?', 'fine'],
    );
    await store.close();
  });

  test('serves many conversations of several processes at once', async (context) => {
    const file = await createFile(context);
    const stores = await Promise.all(Array.from({ length: 4 }, () => openSqliteThreadStore(file)));
    await Promise.all(
      stores.map(async (store, index) => {
        const { run } = converseIn(store, `t${index}`, { turns: Array.from({ length: 10 }, (_, n) => answer(`${n}`)) });
        for (let turn = 0; turn < 10; turn += 1) assert.equal(endOf(await run('go')).answer, String(turn));
      }),
    );
    for (const [index, store] of stores.entries()) {
      assert.equal((await store.messages(`t${(index + 1) % 4}`)).length, 20);
      await store.close();
    }
  });

  test('that cannot be opened is named, with the way out', async (context) => {
    const file = await createFile(context);
    await assert.rejects(openSqliteThreadStore(join(import.meta.filename, 'threads.sqlite')), {
      code: 'invalid_configuration',
      message: /Conversations cannot be kept in .*THREAD_STORE=none/,
    });
    const store = await openSqliteThreadStore(file);
    await store.close();
  });
});

describe('a turn lock', () => {
  test('of a process that gave no sign of life for a minute is taken over', async (context) => {
    let nowMs = 0;
    const store = await openSqliteThreadStore(await createFile(context), () => nowMs);
    const release = await store.takeTurn('t');
    nowMs = 60_000;
    await assert.rejects(store.takeTurn('t'), { code: 'usage' });
    nowMs = 60_001;
    const next = await store.takeTurn('t');
    // Whoever lost it gives nothing free.
    await release();
    await assert.rejects(store.takeTurn('t'), { code: 'usage' });
    await next();
    await store.close();
  });
});
