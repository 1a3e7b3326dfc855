// Secrets as canaries, as in test/canaries.test.ts, in a chat: what a person sees, and what is written behind it.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { assertSent, playStage } from '../support/canary-stage.ts';
import { openTerminal } from '../support/terminal.ts';

const ROOT = join(import.meta.dirname, '../..');

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'canaries-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

test('the secret of a machine client and the key of a model stand nowhere in a chat, nor in what it writes', async (t) => {
  await playStage(folder, 'chat', async (at) => {
    const secret = at.canary('client secret');
    const key = at.canary('key', 'sk-');
    at.configure({ peer: { url: at.peer.mcpUrl } });
    const names = { AUTH_ISSUER: at.peer.origin, AUTH_CLIENT_ID: 'machine', AUTH_CLIENT_SECRET: secret };
    Object.assign(at.environment, names, { OPENAI_API_KEY: key });
    const chat = await openTerminal(`${process.execPath} agent/main.ts chat`, at.environment, ROOT);
    t.after(() => chat.close());
    await chat.waitFor(/^›/m);
    const ask = async (text: string, answer: RegExp) => {
      await chat.type(text);
      await chat.press('Enter');
      await chat.waitFor(answer);
    };
    await ask('use tell', /I was told[\s\S]*You sent/);
    await ask('use forbid', /lacks the scope/);
    at.peer.expireAll();
    at.peer.refusals.push({ status: 400, error: 'invalid_client' });
    await ask('use fail', /gave no token/);
    await ask('/servers', /needs-login/);
    at.say('chat', await chat.unwrapped(500));
    assertSent(at, secret, key);
  });
});
