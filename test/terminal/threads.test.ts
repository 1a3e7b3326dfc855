// Conversations that outlive their chat: after `kill -9`, in a second chat beside the first, by id and by `--continue`.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { runAgent } from '../support/agent-process.ts';
import { toolCallDeltas } from '../support/chat-completions.ts';
import { makeStateHome, newest, openChat, openModel } from '../support/chat-terminal.ts';
import { startEndpointServer, tokenOf } from '../support/endpoint-server.ts';
import { startTestServer, type TestServer } from '../support/mcp-server.ts';

describe('conversations that are kept', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  test('a chat that was killed in the middle of a tool call goes on where it was', async (t) => {
    const endpoint = await startEndpointServer();
    t.after(() => endpoint.close());
    const stateHome = await makeStateHome(t);
    const roles: string[][] = [];
    const model = await openModel(t, (_index, request) => {
      roles.push(request.messages.map(({ role }) => role));
      return newest(request).text === 'wait' ? toolCallDeltas('wait', {}) : [{ content: 'I remember.' }];
    });
    const environment = { MCP_SERVER_URL: endpoint.url, MCP_BEARER_TOKEN: tokenOf('alice') };
    const start = { environment, stateHome, model, flags: '--approval all' };
    const first = await openChat(t, start);
    await first.send('remember me');
    await first.waitFor(/I remember\./);
    await first.send('wait');
    await endpoint.waiting;
    await first.kill();
    await first.waitFor(/exit code 137/);

    const second = await openChat(t, { ...start, flags: '--approval all --continue' });
    assert.match(await second.screen(), /going on with "remember me"/);
    await second.send('do you?');
    await second.waitFor(/^› do you\?[\s\S]*I remember\./m);
    // What had no result when the chat died has one now.
    assert.deepEqual(roles.at(-1), ['system', 'user', 'assistant', 'user', 'assistant', 'tool', 'user']);
  });

  test('two chats on one store do not harm each other, and see what the other keeps', async (t) => {
    const stateHome = await makeStateHome(t);
    const model = await openModel(t, (_index, { messages }) => [
      { content: `I heard ${messages.filter(({ role }) => role === 'user').map(({ content }) => content)}.` },
    ]);
    const start = { environment: server.environment, stateHome, model };
    const [one, two] = await Promise.all([openChat(t, start), openChat(t, start)]);
    for (const turn of [1, 2]) {
      await Promise.all([one.send(`one-${turn}`), two.send(`two-${turn}`)]);
      await Promise.all(
        [one, two].map((chat, index) => chat.waitFor(new RegExp(`I heard .*${['one', 'two'][index]}-${turn}\\.`))),
      );
    }
    assert.match(await one.screen(), /I heard one-1,one-2\./);
    assert.match(await two.screen(), /I heard two-1,two-2\./);
    await one.send('/threads');
    const listed = await one.waitFor(/● \w{8} one-1 [\s\S]*^› ?$/m);
    const [, id = ''] = /^ +(\w{8}) two-1 /m.exec(listed) ?? [];
    await two.press('C-d');
    await two.waitFor(/exit code 0/);
    await one.send(`/resume ${id}`);
    await one.waitFor(/going on with "two-1" · 2 turns/);
    await one.send('and now');
    await one.waitFor(/I heard two-1,two-2,and now\./);
    await one.send('/new');
    await one.send('fresh');
    await one.waitFor(/I heard fresh\./);
  });

  test('--resume takes the beginning of an id, and an unknown one ends with 2', async (t) => {
    const stateHome = await makeStateHome(t);
    const start = { environment: server.environment, stateHome };
    const first = await openChat(t, start);
    await first.send('What is 2 + 40?');
    await first.waitFor(/→ 42/);
    await first.send('/threads');
    const [, id = ''] = /● (\w{8})/.exec(await first.waitFor(/● \w{8}/)) ?? [];
    await first.press('C-d');
    await first.waitFor(/exit code 0/);
    const second = await openChat(t, { ...start, flags: `--resume ${id}` });
    assert.match(await second.screen(), /going on with "What is 2 \+ 40\?"/);
    const environment = { ...server.environment, XDG_STATE_HOME: stateHome, LLM_MODEL: 'demo' };
    const { exitCode, stderr } = await runAgent(['chat', '--resume', 'none'], environment);
    assert.match(stderr, /no conversation has an id that begins with none/);
    assert.equal(exitCode, 2);
  });
});
