import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Environment } from './provider.ts';
import { PROVIDERS } from './registry.ts';
import { loadModelSettings } from './settings.ts';

function load(id: string, environment: Environment) {
  const provider = PROVIDERS.find((row) => row.id === id);
  assert.ok(provider);
  return loadModelSettings(provider, { provider: id, model: 'm', reason: 'LLM_MODEL' }, environment);
}

/** Row, environment, endpoint. */
const ENDPOINTS: readonly (readonly [string, Environment, string])[] = [
  ['ollama', {}, 'http://127.0.0.1:11434'],
  ['ollama', { OLLAMA_HOST: '127.0.0.1:9999' }, 'http://127.0.0.1:9999'],
  ['ollama', { OLLAMA_HOST: 'localhost' }, 'http://localhost:11434'],
  ['ollama', { OLLAMA_HOST: '0.0.0.0' }, 'http://127.0.0.1:11434'],
  ['ollama', { OLLAMA_HOST: ':9999' }, 'http://127.0.0.1:9999'],
  ['ollama', { OLLAMA_HOST: '192.168.1.5' }, 'http://192.168.1.5:11434'],
  ['ollama', { OLLAMA_HOST: 'http://gpu.local:11434/' }, 'http://gpu.local:11434'],
  ['ollama', { OLLAMA_HOST: 'https://ollama.example' }, 'https://ollama.example'],
  ['ollama', { OLLAMA_BASE_URL: 'http://localhost:11434/v1' }, 'http://localhost:11434'],
  ['ollama', { OLLAMA_HOST: 'localhost:1', OLLAMA_BASE_URL: 'http://localhost:2' }, 'http://localhost:1'],
  ['anthropic', { ANTHROPIC_API_KEY: 'k', ANTHROPIC_BASE_URL: 'https://x.example/v1/' }, 'https://x.example'],
  ['google', { GEMINI_API_KEY: 'k', GOOGLE_BASE_URL: 'https://x.example/v1beta' }, 'https://x.example'],
  ['groq', { GROQ_API_KEY: 'k', GROQ_BASE_URL: 'https://x.example/openai/v1' }, 'https://x.example'],
  ['mistral', { MISTRAL_API_KEY: 'k', MISTRAL_BASE_URL: 'https://x.example/v1' }, 'https://x.example'],
  ['azure', { AZURE_OPENAI_API_KEY: 'k', AZURE_OPENAI_ENDPOINT: 'https://x.example/openai/v1/' }, 'https://x.example'],
  ['bedrock', { AWS_REGION: 'eu-central-1' }, 'https://bedrock-runtime.eu-central-1.amazonaws.com'],
  ['bedrock', { BEDROCK_BASE_URL: 'https://vpce.example' }, 'https://vpce.example'],
  ['openai-compatible', { LLM_BASE_URL: 'http://10.0.0.5:8000/v1' }, 'http://10.0.0.5:8000/v1'],
  ['openai-compatible', { LLM_BASE_URL: 'http://vllm:8000/v1' }, 'http://vllm:8000/v1'],
];

for (const [id, environment, baseUrl] of ENDPOINTS)
  test(`${id} with ${JSON.stringify(environment)} goes to ${baseUrl}`, () => {
    assert.equal(load(id, environment).baseUrl, baseUrl);
  });

const FAULTS: readonly (readonly [string, Environment, RegExp])[] = [
  ['ollama', { OLLAMA_HOST: 'http://ollama.example' }, /OLLAMA_HOST: expected an https URL.*private network/],
  ['ollama', { OLLAMA_HOST: 'user:password@host' }, /OLLAMA_HOST: expected an https URL/],
  [
    'openai-compatible',
    { LLM_BASE_URL: 'http://10.0.0.5/v1', LLM_API_KEY: 'k' },
    /LLM_BASE_URL: expected an https URL/,
  ],
  ['openai-compatible', {}, /LLM_BASE_URL: expected the URL of the server that openai-compatible means, it is not set/],
  ['azure', { AZURE_OPENAI_API_KEY: 'k' }, /AZURE_OPENAI_ENDPOINT: expected the URL/],
];

for (const [id, environment, said] of FAULTS)
  test(`${id} with ${JSON.stringify(environment)} is refused`, () => {
    assert.throws(
      () => load(id, environment),
      (error) => {
        assert.ok(error instanceof Error);
        assert.match(error.message, said);
        assert.doesNotMatch(error.message, /password/);
        return true;
      },
    );
  });

test('every provider that needs a key says which variable holds it', () => {
  for (const { id, keyVariables, isKeyOptional, baseUrlVariables, isBaseUrlRequired } of PROVIDERS) {
    if (isKeyOptional) continue;
    const environment = isBaseUrlRequired ? { [baseUrlVariables[0] ?? '']: 'https://x.example' } : {};
    assert.throws(() => load(id, environment), {
      code: 'missing_key',
      message: new RegExp(`Set ${keyVariables.join(' or ')} in your shell`),
    });
  }
});
