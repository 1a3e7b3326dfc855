// Approvals as a person gives them: one key, in a real terminal, before a call that the real server would run.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { toolCallDeltas } from '../support/chat-completions.ts';
import { type ChatTerminal, makeStateHome, newest, openChat, openModel } from '../support/chat-terminal.ts';
import { startTestServer, type TestServer } from '../support/mcp-server.ts';

const QUESTION = /\? run create_note on \w+\?[\s\S]*^› ?$/m;

describe('approval in the chat', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  /** Each request `write X` makes the model call `create_note`; what comes of it, the model repeats. */
  const start = async (t: TestContext, stateHome: string, flags = ''): Promise<ChatTerminal> => {
    const model = await openModel(t, (_index, request) => {
      const { role, text } = newest(request);
      if (role === 'tool') return [{ content: `It said: ${text.replace(/\s+/g, ' ').slice(0, 90)}` }];
      return toolCallDeltas('create_note', { title: text.replace('write ', ''), body: 'text' });
    });
    return openChat(t, { environment: server.environment, stateHome, model, flags });
  };
  const created = () =>
    server.log().filter(({ event, tool }) => event === 'tool-call' && tool === 'create_note').length;

  test('y runs it once, n, Enter and Esc do not, d says why, e changes the arguments', async (t) => {
    const chat = await start(t, await makeStateHome(t));
    const before = created();
    await chat.send('write One');
    const asked = await chat.waitFor(QUESTION);
    assert.match(asked, /\{"title":"One","body":"text"\}/);
    assert.match(asked, /uses write:notes/);
    await chat.press('y');
    await chat.waitFor(/It said: Created One/);
    for (const [key, title] of [
      ['n', 'Two'],
      ['Enter', 'Three'],
      ['Escape', 'Four'],
    ] as const) {
      await chat.send(`write ${title}`);
      await chat.waitFor(new RegExp(`"title":"${title}"[\\s\\S]*^› ?$`, 'm'));
      await chat.press(key);
      await chat.waitFor(new RegExp(`write ${title}[\\s\\S]*create_note denied[\\s\\S]*It said:[\\s\\S]*^› ?$`, 'm'));
    }
    await chat.send('write Five');
    await chat.waitFor(/"title":"Five"[\s\S]*^› ?$/m);
    await chat.press('d');
    await chat.waitFor(/^reason: ?$/m);
    await chat.send('too many notes');
    await chat.waitFor(/denied: too many notes[\s\S]*It said: .*too many notes/);
    await chat.send('write Six');
    await chat.waitFor(/"title":"Six"[\s\S]*^› ?$/m);
    await chat.press('e');
    await chat.waitFor(/^arguments: \{"title":"Six","body":"text"\}/m);
    await chat.press('C-u');
    await chat.send('{"title":5}');
    await chat.waitFor(/edit again/);
    await chat.press('C-u');
    await chat.send('{"title":"Seven","body":"changed"}');
    await chat.waitFor(/edited to \{"title":"Seven"[\s\S]*Created Seven/);
    assert.equal(created() - before, 2);
  });

  test('t and s stop asking for the session, p for good, and says where that is kept', async (t) => {
    const stateHome = await makeStateHome(t);
    for (const key of ['t', 's', 'p']) {
      const chat = await start(t, stateHome);
      await chat.send(`write First by ${key}`);
      await chat.waitFor(QUESTION);
      const asked = await chat.unwrapped();
      const [, file = ''] = /p always, saved in (\S+)/.exec(asked) ?? [];
      assert.equal(file, join(stateHome, 'authorized-mcp-agent', 'approvals', 'tool-calls.json'));
      await chat.press(key);
      await chat.waitFor(/It said: Created First/);
      await chat.send(`write Second by ${key}`);
      await chat.waitFor(/It said: Created Second/);
      assert.equal((await chat.screen(200)).split('? run create_note').length, 2, key);
      await chat.press('C-d');
      await chat.waitFor(/exit code 0/);
    }
    const later = await start(t, stateHome);
    await later.send('write Third');
    await later.waitFor(/It said: Created Third/);
    assert.doesNotMatch(await later.screen(200), /\? run/);
    await later.send('/approve');
    await later.waitFor(/create_note.*/);
    const file = join(stateHome, 'authorized-mcp-agent', 'approvals', 'tool-calls.json');
    assert.match(await readFile(file, 'utf8'), /create_note/);
  });

  test('keys that were typed ahead answer nothing, and stand in the line afterwards', async (t) => {
    const gate = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const model = await openModel(t, (_index, request) => {
      if (newest(request).role === 'tool') return [{ content: 'It said no.' }];
      return (async function* () {
        asked.resolve();
        await gate.promise;
        yield* toolCallDeltas('create_note', { title: 'Ahead', body: 'text' });
      })();
    });
    const chat = await openChat(t, { environment: server.environment, stateHome: await makeStateHome(t), model });
    const before = created();
    await chat.send('write Ahead');
    await asked.promise;
    await chat.type('yyy');
    gate.resolve();
    await chat.waitFor(QUESTION);
    await chat.press('n');
    await chat.waitFor(/It said no\.[\s\S]*^› yyy/m);
    assert.equal(created(), before);
  });

  test('Ctrl+C at the question cancels the turn, and the conversation goes on', async (t) => {
    const chat = await start(t, await makeStateHome(t));
    const before = created();
    await chat.send('write Never');
    await chat.waitFor(QUESTION);
    await chat.press('C-c');
    await chat.waitFor(/\[interrupted\]/);
    await chat.send('write Then');
    await chat.waitFor(/"title":"Then"[\s\S]*^› ?$/m);
    await chat.press('y');
    await chat.waitFor(/It said: Created Then/);
    assert.equal(created() - before, 1);
  });

  test('flags decide before anybody is asked, and deny counts before allow', async (t) => {
    const chat = await start(t, await makeStateHome(t), "--allow 'create_*'");
    await chat.send('write Allowed');
    await chat.waitFor(/It said: Created Allowed/);
    await chat.send('/approve deny create_note');
    await chat.waitFor(/deny create_note/);
    await chat.send('write Denied');
    await chat.waitFor(/create_note not allowed/);
    assert.doesNotMatch(await chat.screen(200), /\? run/);
  });
});
