import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Environment } from '../config.ts';
import { models } from './models.ts';

const KEY = 'sk-0123456789abcdefghij';

async function run(environment: Environment, flags: { check?: boolean; json?: boolean; fetch?: typeof fetch } = {}) {
  let output = '';
  const { fetch = () => Promise.reject(new Error('Nothing should be sent.')) } = flags;
  const exitCode = await models({
    environment,
    model: undefined,
    check: flags.check === true,
    json: flags.json === true,
    stdout: (text) => {
      output += text;
    },
    fetch,
  });
  return {
    output,
    exitCode,
    lineOf: (id: string) => output.split('\n').find((line) => line.startsWith(`${id} `)) ?? '',
  };
}

test('says which model would be used and why, and sends nothing', async () => {
  const { output, exitCode, lineOf } = await run({ OPENAI_API_KEY: KEY });
  assert.match(
    output,
    /^model openai:gpt-5 \(OPENAI_API_KEY found\)\n {2}tools, images, reasoning, .* tokens of input\n/,
  );
  assert.match(lineOf('openai'), /OPENAI_API_KEY sk-…ghij +https:\/\/api\.openai\.com\/v1$/);
  assert.match(lineOf('google'), /GOOGLE_API_KEY or GEMINI_API_KEY not set/);
  assert.equal(exitCode, 0);
  assert.doesNotMatch(output, new RegExp(KEY));
});

test('tells what is wrong, and still lists the providers', async () => {
  const cases: readonly (readonly [Environment, RegExp])[] = [
    [{ OPENAI_API_KEY: KEY, GROQ_API_KEY: KEY }, /^no model\nSeveral keys are set: OPENAI_API_KEY, GROQ_API_KEY/],
    [{ LLM_MODEL: 'anthropic:x' }, /^model anthropic:x \(LLM_MODEL\)\nNo API key for anthropic/],
    [{ LLM_FALLBACK_MODELS: 'opnai:x' }, /Unknown provider "opnai" in LLM_FALLBACK_MODELS/],
    [
      { LLM_MODEL: 'openai:x', OPENAI_API_KEY: KEY, OPENAI_BASE_URL: 'http://user:password@x.example' },
      /OPENAI_BASE_URL: expected an https URL/,
    ],
  ];
  for (const [environment, said] of cases) {
    const { output, exitCode, lineOf } = await run(environment);
    assert.match(output, said);
    assert.equal(exitCode, 2);
    assert.match(lineOf('ollama'), /no key needed/);
    assert.doesNotMatch(output, /password/);
  }
});

test('asks only what is configured, without a prompt, and says who answers', async () => {
  const asked: (readonly [string, string | undefined])[] = [];
  const { exitCode, lineOf } = await run(
    { LLM_MODEL: 'ollama:qwen3:8b', OPENAI_API_KEY: KEY, ANTHROPIC_API_KEY: KEY, AWS_BEARER_TOKEN_BEDROCK: KEY },
    {
      check: true,
      fetch: async (input, init) => {
        asked.push([String(input), init?.method]);
        if (String(input).includes('anthropic')) return new Response('{}', { status: 401 });
        return new Response(JSON.stringify({ models: [{ name: 'qwen3:8b' }] }));
      },
    },
  );
  assert.deepEqual(asked.toSorted(), [
    ['http://127.0.0.1:11434/api/tags', 'GET'],
    ['https://api.anthropic.com/v1/models', 'GET'],
    ['https://api.openai.com/v1/models', 'GET'],
  ]);
  assert.match(lineOf('openai'), /reachable$/);
  assert.match(lineOf('anthropic'), /anthropic refused the API key \(HTTP 401\)\. Check ANTHROPIC_API_KEY\.$/);
  assert.match(lineOf('bedrock'), /cannot be checked without a prompt$/);
  assert.match(lineOf('ollama'), /reachable$/);
  assert.equal(exitCode, 0);
});

test('4 when the selected one does not answer, or has no such model', async () => {
  const gone = new TypeError('fetch failed', { cause: Object.assign(new Error('x'), { code: 'ECONNREFUSED' }) });
  const down = await run({ LLM_MODEL: 'ollama' }, { check: true, fetch: () => Promise.reject(gone) });
  assert.equal(down.exitCode, 4);
  assert.match(
    down.lineOf('ollama'),
    /did not answer at http:\/\/127\.0\.0\.1:11434 \(ECONNREFUSED\)\. Is `ollama serve` running\? Model present\? `ollama pull qwen3:8b`$/,
  );
  const empty = await run({ LLM_MODEL: 'ollama' }, { check: true, fetch: async () => new Response('{"models":[]}') });
  assert.equal(empty.exitCode, 4);
  assert.match(empty.lineOf('ollama'), /has no model qwen3:8b\..*`ollama pull qwen3:8b`$/);
});

test('says the same to a program', async () => {
  const { output } = await run({ OPENAI_API_KEY: KEY }, { json: true });
  const { selected, providers, capabilities } = JSON.parse(output);
  assert.deepEqual(selected, { label: 'openai:gpt-5', reason: 'OPENAI_API_KEY found' });
  assert.equal(capabilities.toolCalling, true);
  assert.deepEqual(providers[0].key, { variable: 'OPENAI_API_KEY', masked: 'sk-…ghij' });
  assert.doesNotMatch(output, new RegExp(KEY));
});
