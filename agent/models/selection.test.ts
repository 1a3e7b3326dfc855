import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AgentError } from '../errors.ts';
import type { Environment, Provider } from './provider.ts';
import { checkModel, listFallbacks, PROVIDERS, selectModel } from './registry.ts';

const KEY = { OPENAI_API_KEY: 'sk-secret-secret' };
const LOCAL = { OPENAI_BASE_URL: 'http://127.0.0.1:8080/v1' };

interface Row {
  readonly title: string;
  readonly env: Environment;
  readonly flag?: string;
  /** Provider, model and reason. */
  readonly chosen: readonly [string, string, string];
}

const CHOICES: readonly Row[] = [
  { title: 'nothing is set', env: {}, chosen: ['demo', '', 'no key found'] },
  { title: 'everything is empty', env: { LLM_MODEL: '', OPENAI_API_KEY: ' ' }, chosen: ['demo', '', 'no key found'] },
  { title: 'one key is set', env: KEY, chosen: ['openai', 'gpt-5', 'OPENAI_API_KEY found'] },
  { title: 'demo is asked for', env: { ...KEY, LLM_MODEL: 'demo' }, chosen: ['demo', '', 'LLM_MODEL'] },
  { title: 'a colon', env: { LLM_MODEL: 'openai:gpt-x' }, chosen: ['openai', 'gpt-x', 'LLM_MODEL'] },
  { title: 'a slash', env: { LLM_MODEL: 'openai/gpt-x' }, chosen: ['openai', 'gpt-x', 'LLM_MODEL'] },
  { title: 'a capital', env: { LLM_MODEL: ' OpenAI:gpt-X ' }, chosen: ['openai', 'gpt-X', 'LLM_MODEL'] },
  {
    title: 'a colon, a slash and a colon',
    env: { LLM_MODEL: 'openai:my-org/model:free' },
    chosen: ['openai', 'my-org/model:free', 'LLM_MODEL'],
  },
  { title: 'a slash and a colon', env: { LLM_MODEL: 'openai/m:free' }, chosen: ['openai', 'm:free', 'LLM_MODEL'] },
  { title: 'a provider alone', env: { LLM_MODEL: 'openai' }, chosen: ['openai', 'gpt-5', 'LLM_MODEL'] },
  { title: 'a provider and a colon', env: { LLM_MODEL: 'openai:' }, chosen: ['openai', 'gpt-5', 'LLM_MODEL'] },
  { title: 'LLM_PROVIDER alone', env: { LLM_PROVIDER: 'openai' }, chosen: ['openai', 'gpt-5', 'LLM_PROVIDER'] },
  {
    title: 'LLM_PROVIDER and a bare model',
    env: { LLM_PROVIDER: 'openai', LLM_MODEL: 'gpt-x' },
    chosen: ['openai', 'gpt-x', 'LLM_MODEL'],
  },
  {
    title: 'LLM_PROVIDER and a model with signs of its own',
    env: { LLM_PROVIDER: 'openai', LLM_MODEL: 'qwen3:8b' },
    chosen: ['openai', 'qwen3:8b', 'LLM_MODEL'],
  },
  {
    title: 'LLM_PROVIDER and a model in a folder',
    env: { LLM_PROVIDER: 'openai', LLM_MODEL: 'my-org/model' },
    chosen: ['openai', 'my-org/model', 'LLM_MODEL'],
  },
  {
    title: 'LLM_MODEL with a prefix beside another LLM_PROVIDER',
    env: { LLM_PROVIDER: 'openai', LLM_MODEL: 'demo' },
    chosen: ['demo', '', 'LLM_MODEL'],
  },
  {
    title: 'a flag beside everything else',
    env: { ...KEY, LLM_PROVIDER: 'demo', LLM_MODEL: 'demo' },
    flag: 'openai:gpt-x',
    chosen: ['openai', 'gpt-x', '--model'],
  },
  { title: 'an empty flag', env: { LLM_MODEL: 'demo' }, flag: '', chosen: ['demo', '', 'LLM_MODEL'] },
  {
    title: 'a base URL and a named model',
    env: { ...LOCAL, LLM_MODEL: 'openai:qwen' },
    chosen: ['openai', 'qwen', 'LLM_MODEL'],
  },
  {
    title: "the provider's own base URL",
    env: { ...KEY, OPENAI_BASE_URL: 'https://api.openai.com/v1/' },
    chosen: ['openai', 'gpt-5', 'OPENAI_API_KEY found'],
  },
];

for (const { title, env, flag, chosen } of CHOICES)
  test(`${title}: ${chosen.filter(Boolean).join(', ')}`, () => {
    const { provider, model, reason } = selectModel(env, flag);
    assert.deepEqual([provider, model, reason], chosen);
  });

const REFUSALS: readonly { readonly env: Environment; readonly flag?: string; readonly said: RegExp }[] = [
  {
    env: { LLM_MODEL: 'opnai:gpt-5' },
    said: /^Unknown provider "opnai" in LLM_MODEL\. Did you mean openai\? Known providers: anthropic, azure, bedrock, /,
  },
  { env: {}, flag: 'dmeo:x', said: /"dmeo" in --model\. Did you mean demo\?/ },
  { env: { LLM_MODEL: 'zzzzzzzz:x' }, said: /^Unknown provider "zzzzzzzz" in LLM_MODEL\. Known/ },
  { env: { LLM_MODEL: 'my-org/model' }, said: /^Unknown provider "my-org"/ },
  { env: { LLM_PROVIDER: 'opena' }, said: /"opena" in LLM_PROVIDER\. Did you mean openai\?/ },
  { env: { LLM_MODEL: 'gpt-5' }, said: /^LLM_MODEL: "gpt-5" has no provider; .* Did you mean openai:gpt-5\?/ },
  { env: { LLM_MODEL: 'opnai' }, said: /"opnai" has no provider; .* Did you mean openai\?/ },
  { env: { LLM_MODEL: 'foo3' }, said: /"foo3" has no provider; expected provider:model\. Known/ },
  { env: { LLM_MODEL: 'llama3' }, said: /"llama3" has no provider; .* Did you mean ollama:llama3\?/ },
  { env: { ...KEY, ...LOCAL }, said: /^OPENAI_BASE_URL is set, but no model is named\. Set LLM_MODEL=openai:NAME/ },
  { env: LOCAL, said: /^OPENAI_BASE_URL is set, but no model is named/ },
  { env: { ...LOCAL, LLM_PROVIDER: 'openai' }, said: /^OPENAI_BASE_URL is set/ },
  { env: { ...LOCAL, LLM_MODEL: 'openai:' }, said: /^OPENAI_BASE_URL is set/ },
];

for (const { env, flag, said } of REFUSALS)
  test(`${JSON.stringify({ ...env, flag })} is refused with ${said}`, () => {
    assert.throws(
      () => selectModel(env, flag),
      (error) => error instanceof AgentError && error.code === 'invalid_configuration' && said.test(error.message),
    );
  });

test('what is said in a conversation is advised about in the words of the conversation', () => {
  const typed = (text: string) => ({ text, source: '/model' });
  const said = (work: () => unknown) => {
    try {
      work();
    } catch (error) {
      assert.ok(error instanceof AgentError);
      return error.message;
    }
    return assert.fail('nothing was refused');
  };
  const messages = [
    said(() => selectModel({}, typed('x'))),
    said(() => selectModel({}, typed('dmeo:x'))),
    said(() => selectModel(LOCAL, typed('openai'))),
    said(() => selectModel({}, typed('azure'))),
    said(() => checkModel({}, typed('openai:gpt-x'))),
  ];
  assert.match(messages[0] ?? '', /^\/model: "x" has no provider; expected provider:model\./);
  assert.match(messages[1] ?? '', /^Unknown provider "dmeo" in \/model\. Did you mean demo\?/);
  assert.match(messages[2] ?? '', /is named\. Type \/model openai:NAME with .*, or \/model demo to do without\.$/);
  assert.match(messages[3] ?? '', /\(chosen by \/model\)\. Type \/model azure:NAME\.$/);
  assert.match(messages[4] ?? '', /from \/model\)\.\n.*in \.env and start again, or try without a key: \/model demo$/);
  assert.deepEqual(
    messages.filter((message) => /--model|LLM_MODEL/.test(message)),
    [],
  );
});

test('several keys are no choice, and none of them is shown', () => {
  const [openai] = PROVIDERS;
  assert.ok(openai);
  const other: Provider = {
    ...openai,
    id: 'other',
    keyVariables: ['OTHER_KEY', 'OTHER_KEY_ALIAS'],
    baseUrlVariables: [],
  };
  const env = { ...KEY, OTHER_KEY_ALIAS: 'sk-other' };
  assert.throws(
    () => selectModel(env, undefined, [...PROVIDERS, other]),
    (error) =>
      error instanceof AgentError &&
      error.message ===
        'Several keys are set: OPENAI_API_KEY, OTHER_KEY_ALIAS. Say which model to use, for example LLM_MODEL=openai:gpt-5.',
  );
  assert.equal(selectModel({ OTHER_KEY_ALIAS: 'x' }, undefined, [...PROVIDERS, other]).provider, 'other');
});

const OTHERS: readonly Row[] = [
  {
    title: 'the other name of a key',
    env: { GEMINI_API_KEY: 'k' },
    chosen: ['google', 'gemini-2.5-flash', 'GEMINI_API_KEY found'],
  },
  {
    title: 'both names of a key',
    env: { GEMINI_API_KEY: 'k', GOOGLE_API_KEY: 'k' },
    chosen: ['google', 'gemini-2.5-flash', 'GOOGLE_API_KEY found'],
  },
  {
    title: 'the other name of a provider',
    env: { LLM_MODEL: 'azure_openai:gpt-5' },
    chosen: ['azure', 'gpt-5', 'LLM_MODEL'],
  },
  { title: 'a model with a colon', env: { LLM_MODEL: 'ollama:qwen3:8b' }, chosen: ['ollama', 'qwen3:8b', 'LLM_MODEL'] },
  {
    title: 'a model with a slash',
    env: { LLM_MODEL: 'openrouter/openai/gpt-5' },
    chosen: ['openrouter', 'openai/gpt-5', 'LLM_MODEL'],
  },
  {
    title: "Ollama's own address",
    env: { OLLAMA_HOST: '127.0.0.1' },
    flag: 'ollama',
    chosen: ['ollama', 'qwen3:8b', '--model'],
  },
  {
    title: 'a deployment of Azure',
    env: {
      AZURE_OPENAI_API_KEY: 'k',
      AZURE_OPENAI_ENDPOINT: 'https://x.openai.azure.com',
      AZURE_OPENAI_API_DEPLOYMENT_NAME: 'mine',
    },
    chosen: ['azure', 'mine', 'AZURE_OPENAI_API_KEY found'],
  },
  {
    title: 'keys of AWS, which many have',
    env: { AWS_ACCESS_KEY_ID: 'k', AWS_SECRET_ACCESS_KEY: 'k' },
    chosen: ['demo', '', 'no key found'],
  },
  {
    title: 'what only LangChain knows',
    env: { LLM_MODEL: 'cohere:command-a' },
    chosen: ['cohere', 'command-a', 'LLM_MODEL'],
  },
  { title: 'a key of what only LangChain knows', env: { COHERE_API_KEY: 'k' }, chosen: ['demo', '', 'no key found'] },
];

for (const { title, env, flag, chosen } of OTHERS)
  test(`${title} selects ${chosen[0]}`, () => {
    const { provider, model, reason } = selectModel(env, flag);
    assert.deepEqual([provider, model, reason], chosen);
  });

const REFUSED: readonly (readonly [Environment, RegExp])[] = [
  [{ OLLAMA_HOST: 'gpu.local' }, /^OLLAMA_HOST is set, but no model is named\. Set LLM_MODEL=ollama:NAME/],
  [{ LLM_BASE_URL: 'http://127.0.0.1:1234/v1' }, /^LLM_BASE_URL is set, but no model is named/],
  [
    { LLM_API_KEY: 'k' },
    /^openai-compatible has no model that goes without saying .* Set LLM_MODEL=openai-compatible:NAME\./,
  ],
  [{ AZURE_OPENAI_API_KEY: 'k' }, /Set LLM_MODEL=azure:NAME or AZURE_OPENAI_API_DEPLOYMENT_NAME\./],
  [{ ...KEY, LLM_API_KEY: 'k' }, /^Several keys are set: OPENAI_API_KEY, LLM_API_KEY\./],
  [{ LLM_MODEL: 'gemini-2.5-flash' }, /Did you mean google:gemini-2\.5-flash\?/],
  [{ LLM_MODEL: 'qwen3:8b' }, /^Unknown provider "qwen3"/],
];

for (const [env, said] of REFUSED)
  test(`${JSON.stringify(env)} is refused with ${said}`, () => {
    assert.throws(() => selectModel(env), { code: 'invalid_configuration', message: said });
  });

test('in CI nobody gets a model that was not chosen', () => {
  for (const CI of ['true', '1', 'woodpecker'])
    assert.throws(() => checkModel({ CI }, undefined, false), { code: 'missing_key', message: /say LLM_MODEL=demo/ });
  for (const CI of ['false', '0', '', ' ']) checkModel({ CI }, undefined, false);
  checkModel({ CI: 'true' }, undefined, true);
  checkModel({ CI: 'true', LLM_MODEL: 'demo' }, undefined, false);
  checkModel({ CI: 'true' }, 'demo', false);
  checkModel({ CI: 'true', ...KEY }, undefined, false);
});

test('fallbacks come in their order, and each is checked at start', () => {
  const env = { ...KEY, LLM_MODEL: 'openai:gpt-5', LLM_FALLBACK_MODELS: ' anthropic:claude-x, ollama:qwen3:8b ,' };
  assert.deepEqual(
    listFallbacks(env).map(({ provider, model }) => `${provider}:${model}`),
    ['anthropic:claude-x', 'ollama:qwen3:8b'],
  );
  assert.throws(() => checkModel(env), { code: 'missing_key', message: /ANTHROPIC_API_KEY/ });
  checkModel({ ...env, ANTHROPIC_API_KEY: 'k' });
  assert.throws(() => listFallbacks({ LLM_FALLBACK_MODELS: 'opnai:x' }), {
    message: /LLM_FALLBACK_MODELS\. Did you mean openai/,
  });
  assert.deepEqual(listFallbacks({}), []);
});
