// The chat as a person has it: `npm start` in a real terminal, with everything local and nothing configured.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createChatCompletions } from '../support/chat-completions.ts';
import { freePorts } from '../support/ports.ts';
import { openTerminal, type Terminal } from '../support/terminal.ts';

const root = join(import.meta.dirname, '../..');

describe('npm start in a terminal', () => {
  let terminal: Terminal;
  let dataDir: string;

  const open = async (environment: Record<string, string> = {}) => {
    const [port, authPort] = await freePorts(2);
    terminal = await openTerminal(
      'npm run -s start',
      {
        PORT: String(port),
        AUTH_SERVER_PORT: String(authPort),
        DATA_DIR: dataDir,
        XDG_STATE_HOME: dataDir,
        NO_COLOR: '1',
        ...environment,
      },
      root,
    );
    await terminal.waitFor(/^›/m);
  };
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'chat-'));
  });
  afterEach(async () => {
    await terminal.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  test('a first conversation: ask, see the call, read the answer, look around, leave', async () => {
    await open();
    assert.match(await terminal.screen(), /demo model: not an LLM/);
    await terminal.type('What is 2 + 40?');
    await terminal.press('Enter');
    const answered = await terminal.waitFor(/\(demo\) add\(2, 40\) → 42/);
    assert.match(answered, /⚙ .*add.*\{"a":2,"b":40\}/);
    assert.match(answered, /✓ .*42 .*\(\d[\d.]* ms\)/);
    await terminal.type('/tools');
    await terminal.press('Enter');
    assert.match(await terminal.waitFor(/divide/), /add[\s\S]*read:add/);
    await terminal.type('/help');
    await terminal.press('Enter');
    await terminal.waitFor(/\/quit/);
    await terminal.type('/quit');
    await terminal.press('Enter');
    await terminal.waitFor(/exit code 0/);
    const log = (await readFile(join(dataDir, 'server.log'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.equal(log.filter(({ event, client_id }) => event === 'tool-call' && client_id === 'local-agent').length, 1);
    assert.equal(log.at(-1).event, 'stopping');
  });

  test('Ctrl+C cancels a turn and the conversation goes on; Ctrl+D leaves', async () => {
    const asked = Promise.withResolvers<void>();
    const model = await createChatCompletions((index) => {
      if (index > 0) return [{ content: 'Here I am.' }];
      asked.resolve();
      return 'hang';
    });
    await open({ LLM_MODEL: 'openai:double', OPENAI_BASE_URL: model.baseUrl });
    await terminal.type('think hard');
    await terminal.press('Enter');
    await asked.promise;
    await terminal.press('C-c');
    await terminal.waitFor(/\[interrupted\]/);
    await terminal.type('still there?');
    await terminal.press('Enter');
    await terminal.waitFor(/Here I am\./);
    await terminal.press('C-d');
    await terminal.waitFor(/exit code 0/);
    await model.close();
  });

  test('Ctrl+C twice at an empty prompt leaves with 130', async () => {
    await open();
    await terminal.press('C-c');
    await terminal.waitFor(/Ctrl\+C again/);
    await terminal.press('C-c');
    await terminal.waitFor(/exit code 130/);
  });
});
