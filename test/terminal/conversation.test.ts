// Conversations in a real terminal: how answers stream, how a turn is cancelled, what a swap of the model or a resize does.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { toolCallDeltas } from '../support/chat-completions.ts';
import { makeStateHome, newest, openChat, openModel } from '../support/chat-terminal.ts';
import { startEndpointServer, tokenOf } from '../support/endpoint-server.ts';
import { startTestServer, type TestServer } from '../support/mcp-server.ts';

const ESCAPE = String.fromCharCode(0x1b);
const MARKDOWN = [
  '# Sums\n\nThe **sum** of `2` and ',
  '`40` is 42.\n\n',
  '- one **bold** item\n  - nested\n',
  '\n| a | b |\n|---|--:|\n| 1 | 42 |\n',
  '\n```ts\nconst sum = 42;\n',
  '```\n中文 🎉 done.',
];

describe('a conversation in a terminal', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  test('an answer streams, word by word, and its markdown is rendered without a trace of the source', async (t) => {
    const gates = MARKDOWN.map(() => Promise.withResolvers<void>());
    const model = await openModel(t, () =>
      (async function* () {
        for (const [index, content] of MARKDOWN.entries()) {
          yield { content };
          await gates[index]?.promise;
        }
      })(),
    );
    const chat = await openChat(t, {
      environment: server.environment,
      stateHome: await makeStateHome(t),
      model,
      hasColor: true,
    });
    await chat.send('sum');
    // The model has not even finished its sentence.
    await chat.waitFor(/^Sums\n\nThe sum of 2 and$/m);
    gates[0]?.resolve();
    await chat.waitFor(/^The sum of 2 and 40 is 42\.$/m);
    gates[1]?.resolve();
    await chat.waitFor(/^• one bold item\n {2}• nested$/m);
    gates[2]?.resolve();
    gates[3]?.resolve();
    await chat.waitFor(/^a │ {2}b\n──┼───\n1 │ 42$/m);
    gates[4]?.resolve();
    gates[5]?.resolve();
    const whole = await chat.waitFor(/^ {2}ts\n {2}const sum = 42;\n中文 🎉 done\.[\s\S]*^› ?$/m);
    assert.doesNotMatch(whole, /\*\*|`|\|/);
    const colors = await chat.colors();
    assert.ok(colors.includes(`${ESCAPE}[1m`) && colors.includes(`${ESCAPE}[33m`));
    assert.doesNotMatch(await chat.screen(500), /⋯/);
  });

  test('with NO_COLOR and with --plain the source of markdown is shown, and NO_COLOR means no colour at all', async (t) => {
    const model = await openModel(t, () => [{ content: 'A **bold** word.' }]);
    const stateHome = await makeStateHome(t);
    for (const start of [{ hasColor: false }, { hasColor: true, flags: '--plain' }]) {
      const chat = await openChat(t, { environment: server.environment, stateHome, model, ...start });
      await chat.send('hi');
      await chat.waitFor(/^A \*\*bold\*\* word\.$/m);
      assert.equal((await chat.colors()).includes(ESCAPE), start.hasColor);
    }
  });

  test('Ctrl+C in the middle of a tool call cancels it at its server, and the conversation goes on', async (t) => {
    const endpoint = await startEndpointServer();
    t.after(() => endpoint.close());
    const roles: string[][] = [];
    const model = await openModel(t, (index, { messages }) => {
      roles.push(messages.map(({ role }) => role));
      return index === 0 ? toolCallDeltas('wait', {}) : [{ content: 'I am still here.' }];
    });
    const environment = { MCP_SERVER_URL: endpoint.url, MCP_BEARER_TOKEN: tokenOf('alice') };
    const chat = await openChat(t, { environment, stateHome: await makeStateHome(t), model, flags: '--approval all' });
    await chat.send('wait for me');
    await endpoint.waiting;
    await chat.waitFor(/⋯ wait/);
    await chat.press('C-c');
    await endpoint.cancelled;
    await chat.waitFor(/\[interrupted\]\n^› ?$/m);
    await chat.send('are you there?');
    await chat.waitFor(/I am still here\./);
    // The call that was cancelled has an answer: providers refuse a thread in which one is missing.
    assert.deepEqual(roles[1], ['system', 'user', 'assistant', 'tool', 'user']);
  });

  test('/model swaps the model in mid-conversation, and the new one knows what was said', async (t) => {
    const model = await openModel(t, (_index, request) => [
      { content: `${request.model} heard ${request.messages.filter(({ role }) => role === 'user').length} requests.` },
    ]);
    const chat = await openChat(t, { environment: server.environment, stateHome: await makeStateHome(t), model });
    await chat.send('one');
    await chat.waitFor(/double heard 1 requests\./);
    await chat.send('/model openai:other');
    await chat.waitFor(/from now on openai:other answers/);
    await chat.send('two');
    await chat.waitFor(/other heard 2 requests\./);
    await chat.send('/model opnai:x');
    await chat.waitFor(/Unknown provider "opnai"/);
    await chat.send('three');
    await chat.waitFor(/other heard 3 requests\./);
    await chat.send('/usage');
    await chat.waitFor(/openai:double · 1 turn[\s\S]*openai:other · 2 turns/);
  });

  test('after a resize answers fit the new width, down to 20 columns', async (t) => {
    const words = Array.from({ length: 30 }, (_, index) => `word${index}`).join(' ');
    const model = await openModel(t, (_index, request) =>
      newest(request).role === 'tool' ? [{ content: words }] : toolCallDeltas('add', { a: 2, b: 40 }),
    );
    const chat = await openChat(t, {
      environment: server.environment,
      stateHome: await makeStateHome(t),
      model,
      hasColor: true,
    });
    for (const columns of [40, 20]) {
      await chat.resize(columns, 60);
      await chat.send('/new');
      await chat.waitFor(/a new conversation/);
      await chat.press('C-l');
      await chat.send('go');
      const shown = await chat.waitFor(/word29\n[\s\S]*^› ?$/m);
      const answer = shown.slice(shown.indexOf('word0'), shown.indexOf('word29') + 'word29'.length);
      // No word is torn: each row is whole words, and as many as fit.
      assert.equal(answer.replaceAll('\n', ' '), words);
      const rows = answer.split('\n');
      for (const row of rows) assert.ok(row.length <= columns, row);
      for (const row of rows.slice(0, -1)) assert.ok(row.length > columns - 8, row);
    }
  });

  test('/graph prints the graph, /servers the login, /tools the scopes, and a slip is answered with the nearest', async (t) => {
    const chat = await openChat(t, { environment: server.environment, stateHome: await makeStateHome(t) });
    await chat.send('/graph');
    await chat.waitFor(/graph TD[\s\S]*model/);
    await chat.send('/servers');
    await chat.waitFor(/connected, \d+ tools/);
    await chat.send('/tools delete');
    await chat.waitFor(/delete_note.*needs delete:notes/);
    await chat.send('/grahp');
    await chat.waitFor(/did you mean \/graph\?/);
  });

  test('a conversation is exported as Markdown and as messages', async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'export-'));
    t.after(() => rm(directory, { recursive: true, force: true }));
    const chat = await openChat(t, { environment: server.environment, stateHome: await makeStateHome(t) });
    await chat.send('What is 2 + 40?');
    await chat.waitFor(/\(demo\) add\(2, 40\) → 42/);
    await chat.send(`/export json ${directory}/talk.json`);
    await chat.waitFor(/wrote 4 messages/);
    await chat.send(`/export md ${directory}/talk.md`);
    await chat.waitFor(/talk\.md\n^› ?$/m);
    const messages = JSON.parse(await readFile(join(directory, 'talk.json'), 'utf8'));
    assert.equal(messages[2].tool_call_id, messages[1].tool_calls[0].id);
    assert.match(await readFile(join(directory, 'talk.md'), 'utf8'), /## User\n\nWhat is 2 \+ 40\?/);
  });
});
