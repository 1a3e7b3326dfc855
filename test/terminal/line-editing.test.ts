// Writing requests in a real terminal: pastes, history and its search, completion, typing ahead.

import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeStateHome, newest, openChat, openModel } from '../support/chat-terminal.ts';
import { startTestServer, type TestServer } from '../support/mcp-server.ts';
import { openTerminal } from '../support/terminal.ts';

const root = join(import.meta.dirname, '../..');

describe('writing requests in a terminal', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  test('a paste of 200 lines is one request, to the last character', async (t) => {
    const pasted = Array.from({ length: 200 }, (_, index) => `line ${index} \t"quoted" ünï 中文`).join('\n');
    const heard: string[] = [];
    const model = await openModel(t, (_index, request) => {
      heard.push(newest(request).text);
      return [{ content: `${heard.at(-1)?.split('\n').length} lines came.` }];
    });
    const chat = await openChat(t, { environment: server.environment, stateHome: await makeStateHome(t), model });
    await chat.type('Read: ');
    await chat.paste(pasted);
    await chat.waitFor(/line 199/);
    assert.equal(heard.length, 0);
    await chat.press('Enter');
    await chat.waitFor(/200 lines came\./);
    assert.deepEqual(heard, [`Read: ${pasted}`]);
  });

  test('requests are called back in the next chat: by the up arrow, and by a part of them', async (t) => {
    const stateHome = await makeStateHome(t);
    const model = await openModel(t, (_index, request) => [{ content: `You said ${newest(request).text}.` }]);
    const first = await openChat(t, { environment: server.environment, stateHome, model });
    for (const request of ['alpha one', 'beta two', 'gamma three']) {
      await first.send(request);
      await first.waitFor(new RegExp(`You said ${request}\\.`));
    }
    await first.press('C-d');
    await first.waitFor(/exit code 0/);
    const file = join(server.dataDir, 'chat-history');
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.match(await readFile(file, 'utf8'), /"alpha one"\n"beta two"\n"gamma three"\n$/);

    const second = await openChat(t, { environment: server.environment, stateHome, model });
    await second.press('Up', 'Up');
    await second.waitFor(/^› beta two$/m);
    await second.press('C-u', 'C-r');
    await second.waitFor(/^\(search\) /m);
    await second.type('A');
    await second.waitFor(/^\(search\) A: gamma three$/m);
    await second.press('C-r');
    await second.waitFor(/^\(search\) A: beta two$/m);
    await second.type('l');
    await second.waitFor(/^\(search\) Al: alpha one$/m);
    await second.press('Right');
    await second.waitFor(/^› alpha one$/m);
    await second.send(' again');
    await second.waitFor(/You said alpha one again\./);
    await second.press('C-r');
    await second.type('gam');
    await second.waitFor(/^\(search\) gam: gamma three$/m);
    await second.press('Enter');
    await second.waitFor(/You said gamma three\./);
  });

  test('Tab completes commands, models, tools and names of servers', async (t) => {
    const chat = await openChat(t, { environment: server.environment, stateHome: await makeStateHome(t) });
    await chat.type('/mod');
    await chat.waitFor(/^› \/mod$/m);
    await chat.press('Tab');
    await chat.waitFor(/^› \/model$/m);
    await chat.type('dem');
    await chat.waitFor(/^› \/model dem$/m);
    await chat.press('Tab');
    await chat.waitFor(/^› \/model demo$/m);
    await chat.press('C-u');
    await chat.type('please subtr');
    await chat.waitFor(/^› please subtr$/m);
    await chat.press('Tab');
    await chat.waitFor(/^› please subtract$/m);
  });

  test('what is typed ahead is kept, and Ctrl+C puts it back into the line', async (t) => {
    const gate = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const model = await openModel(t, (index, request) => {
      if (index !== 0) return [{ content: `You said ${newest(request).text}.` }];
      return (async function* () {
        asked.resolve();
        await gate.promise;
        yield { content: 'Done.' };
      })();
    });
    const chat = await openChat(t, { environment: server.environment, stateHome: await makeStateHome(t), model });
    await chat.send('first');
    await asked.promise;
    await chat.send('second');
    await chat.type('thi');
    gate.resolve();
    await chat.waitFor(/Done\.[\s\S]*^› second\n[\s\S]*You said second\.[\s\S]*^› thi$/m);
  });

  test('Ctrl+Z gives the shell back, whatever waits for the chat in front of it, and fg goes on in the line', async (t) => {
    const model = await openModel(t, (_index, request) => [{ content: `You said ${newest(request).text}.` }]);
    const shell = await openTerminal(
      "env 'PS1=shell> ' bash --norc --noprofile -i",
      {
        ...server.environment,
        XDG_STATE_HOME: await makeStateHome(t),
        LLM_MODEL: 'openai:double',
        OPENAI_BASE_URL: model.baseUrl,
        NO_COLOR: '1',
      },
      root,
    );
    t.after(() => shell.close());
    await shell.waitFor(/^shell>$/m);
    await shell.type('npm run -s chat');
    await shell.press('Enter');
    await shell.waitFor(/^›$/m);
    await shell.type('half');
    await shell.waitFor(/^› half$/m);
    await shell.press('C-z');
    await shell.waitFor(/Stopped .*npm run -s chat\nshell>$/);
    await shell.type('fg');
    await shell.press('Enter');
    await shell.waitFor(/\n› half$/);
    await shell.type(' a line');
    await shell.press('Enter');
    await shell.waitFor(/You said half a line\./);
    await shell.press('C-d');
    await shell.waitFor(/\nshell>$/);
  });

  test('a backslash goes on with the request on the next line, and Ctrl+C clears all of it', async (t) => {
    const model = await openModel(t, (_index, request) => [
      { content: `You said ${JSON.stringify(newest(request).text)}.` },
    ]);
    const chat = await openChat(t, { environment: server.environment, stateHome: await makeStateHome(t), model });
    await chat.send('one\\');
    await chat.waitFor(/^… ?$/m);
    await chat.type('two');
    await chat.press('C-c');
    await chat.waitFor(/\^C\n^› ?$/m);
    await chat.send('three\\');
    await chat.send('four');
    await chat.waitFor(/You said "three\\nfour"\./);
  });
});
