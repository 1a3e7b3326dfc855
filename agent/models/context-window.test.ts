import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createModel } from './registry.ts';

const ENVIRONMENT = { ANTHROPIC_API_KEY: 'key-0123456789', OLLAMA_HOST: '127.0.0.1' };

async function windowOf(provider: string, model: string): Promise<number | undefined> {
  const { maxInputTokens } = await createModel({ provider, model, reason: '' }, ENVIRONMENT);
  return maxInputTokens;
}

test('what a package knows about the window of its model comes with the model', async () => {
  const known = await windowOf('anthropic', 'claude-sonnet-4-5');
  assert.ok(known !== undefined && known >= 200_000, String(known));
});

test('the window of an unknown model, of a local server and of the demo stays unknown', async () => {
  assert.equal(await windowOf('anthropic', 'claude-of-tomorrow'), undefined);
  assert.equal(await windowOf('ollama', 'qwen3:8b'), undefined);
  assert.equal(await windowOf('demo', ''), undefined);
});
