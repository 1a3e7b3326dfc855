import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { AgentError, type AgentErrorCode } from '../errors.ts';
import type { Environment, ModelSelection, Provider } from './provider.ts';
import { createModel, PROVIDERS, selectModel } from './registry.ts';

const KEY = 'sk-secret-secret';
const OPENAI: ModelSelection = { provider: 'openai', model: 'gpt-x', reason: 'LLM_MODEL' };

test('importing the registry loads no package; building a model loads its own', () => {
  const trace = `
    import { registerHooks } from 'node:module';
    const loaded = new Set();
    registerHooks({
      resolve(specifier, context, next) {
        const resolved = next(specifier, context);
        const name = /node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(resolved.url)?.[1];
        if (name) loaded.add(name);
        return resolved;
      },
    });
    const { createModel } = await import(${JSON.stringify(new URL('./registry.ts', import.meta.url).href)});
    const before = [...loaded];
    await createModel({ provider: 'demo', model: '', reason: '' }, {});
    const demo = [...loaded];
    await createModel({ provider: 'openai', model: 'x', reason: '' }, { OPENAI_API_KEY: 'x' });
    console.log(JSON.stringify({ before, demo, openai: [...loaded] }));`;
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', trace], { encoding: 'utf8' });
  const { before, demo, openai } = JSON.parse(output);
  assert.deepEqual(before, []);
  assert.ok(demo.includes('@langchain/core') && !demo.includes('@langchain/openai'));
  assert.ok(openai.includes('@langchain/openai'));
});

test('the version that a hint tells to install is the one that the project uses', () => {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  for (const { package: required } of PROVIDERS)
    if (required && required.name in manifest.dependencies)
      assert.equal(required.version, manifest.dependencies[required.name]);
});

test('without a key the demo model is created and announces itself', async () => {
  const { model, label, notice } = await createModel(selectModel({}), {});
  assert.equal(label, 'demo');
  assert.equal(
    notice,
    'demo model: not an LLM, it only matches words to tools. Set LLM_MODEL=provider:model for a real one.',
  );
  assert.match((await model.invoke('hello')).text, /^\(demo\)/);
});

test('with a key the model is created, and label and notice do not hold it', async () => {
  const { label, notice } = await createModel(OPENAI, { OPENAI_API_KEY: KEY });
  assert.deepEqual({ label, notice }, { label: 'openai:gpt-x', notice: undefined });
});

const FAULTS: readonly {
  readonly title: string;
  readonly env: Environment;
  readonly code: AgentErrorCode;
  readonly said: readonly RegExp[];
}[] = [
  {
    title: 'a missing key is named together with the way to do without',
    env: {},
    code: 'missing_key',
    said: [/openai:gpt-x, from LLM_MODEL/, /Set OPENAI_API_KEY in your shell or in \.env, .*LLM_MODEL=demo/],
  },
  {
    title: 'a server elsewhere needs a key',
    env: { OPENAI_BASE_URL: 'https://models.example/v1' },
    code: 'missing_key',
    said: [/OPENAI_API_KEY/],
  },
  {
    title: 'all faults of the settings come at once',
    env: {
      OPENAI_API_KEY: `${KEY}\n${KEY}`,
      OPENAI_BASE_URL: 'http://user:password@models.example/v1?token=abc',
      LLM_TEMPERATURE: '3',
      LLM_MAX_TOKENS: '0x10',
      LLM_TIMEOUT_MS: '-1',
      LLM_MAX_RETRIES: '2.5',
    },
    code: 'invalid_configuration',
    said: [
      /has 6 faults/,
      /OPENAI_API_KEY: expected a key without spaces/,
      /OPENAI_BASE_URL: expected an https URL .*\(plain http is for loopback only\), got one at http:\/\/models\.example$/m,
      /LLM_TEMPERATURE: expected a number from 0 to 2, got "3"/,
      /LLM_MAX_TOKENS: expected a whole number from 1, got "0x10"/,
      /LLM_TIMEOUT_MS: expected milliseconds, a whole number from 1, got "-1"/,
      /LLM_MAX_RETRIES: expected a whole number from 0 to 10, got "2\.5"/,
    ],
  },
  {
    title: 'a base URL has to be a URL',
    env: { OPENAI_API_KEY: KEY, OPENAI_BASE_URL: 'localhost:8080' },
    code: 'invalid_configuration',
    said: [/OPENAI_BASE_URL: expected an https URL/],
  },
];

for (const { title, env, code, said } of FAULTS)
  test(title, async () => {
    await assert.rejects(createModel(OPENAI, env), (error) => {
      assert.ok(error instanceof AgentError);
      assert.equal(error.code, code);
      for (const pattern of said) assert.match(error.message, pattern);
      assert.doesNotMatch(error.message, /secret|password|token=/);
      return true;
    });
  });

test('a package that is not there comes with the line that installs it', async () => {
  await assert.rejects(
    createWith('@langchain/not-there', () => import(nameOf('@langchain/not-there'))),
    {
      name: 'AgentError',
      code: 'missing_package',
      message: /^Package @langchain\/not-there is not installed .*\n {2}npm install @langchain\/not-there@9\.9\.9$/,
    },
  );
});

test('a package that lacks one of its own is called broken, with the original error', async () => {
  const error = await createWith('@langchain/there', () => import(nameOf('its-dependency'))).catch((thrown) => thrown);
  assert.equal(error.code, 'missing_package');
  assert.match(
    error.message,
    /^Package @langchain\/there is installed, but cannot be loaded: Cannot find package 'its-/,
  );
  assert.equal(error.cause.code, 'ERR_MODULE_NOT_FOUND');
});

test('a package that throws while it loads is called broken, with the original error', async () => {
  const cause = new TypeError('x is not a function\n    at y');
  await assert.rejects(
    createWith('@langchain/there', () => Promise.reject(cause)),
    {
      code: 'missing_package',
      message: 'Package @langchain/there is installed, but cannot be loaded: x is not a function',
      cause,
    },
  );
});

/** Builds the model of a row that is made up, whose package is loaded in the given way. */
function createWith(name: string, importPackage: () => Promise<unknown>) {
  const [openai] = PROVIDERS;
  assert.ok(openai);
  const load = async () => {
    await importPackage();
    throw new Error('The package should not have been there.');
  };
  const provider: Provider = { ...openai, package: { name, version: '9.9.9' }, load };
  return createModel(OPENAI, { OPENAI_API_KEY: KEY }, { providers: [provider] });
}

/** Keeps the compiler from looking for a package that is not there. */
function nameOf(name: string): string {
  return name;
}
