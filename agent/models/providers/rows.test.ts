// What every row has in common, over the real packages and a made-up network.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import type { Environment, Provider } from '../provider.ts';
import { createModel, LAST_RESORT, PROVIDERS } from '../registry.ts';

const KEY = 'test-key-0123456789abcdef';
const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));

/** Rows that send requests. */
const SENDING = PROVIDERS.filter((row) => row.package !== undefined);

/** What the packages would take from the process environment, and where it would lead. */
const STRAY: Environment = {
  OPENAI_API_BASE: 'https://stray.example/v1',
  OPENAI_BASE_URL: 'https://stray.example/v1',
  OPENAI_API_KEY: 'stray',
  OPENAI_ORG_ID: 'stray',
  OPENAI_ORGANIZATION: 'stray',
  OPENAI_PROJECT_ID: 'stray',
  OPENAI_API_VERSION: 'stray',
  ANTHROPIC_BASE_URL: 'https://stray.example',
  ANTHROPIC_API_URL: 'https://stray.example',
  ANTHROPIC_API_KEY: 'stray',
  ANTHROPIC_AUTH_TOKEN: 'stray',
  AZURE_OPENAI_API_KEY: 'stray',
  AZURE_OPENAI_BASE_PATH: 'https://stray.example',
  AZURE_OPENAI_ENDPOINT: 'https://stray.example',
  AZURE_OPENAI_API_INSTANCE_NAME: 'stray',
  AZURE_OPENAI_API_DEPLOYMENT_NAME: 'stray',
  AZURE_OPENAI_API_VERSION: 'stray',
  GOOGLE_API_KEY: 'stray',
  GEMINI_API_KEY: 'stray',
  OLLAMA_BASE_URL: 'https://stray.example',
  OLLAMA_HOST: 'https://stray.example',
  MISTRAL_API_KEY: 'stray',
  GROQ_BASE_URL: 'https://stray.example',
  GROQ_API_KEY: 'stray',
  XAI_API_KEY: 'stray',
  DEEPSEEK_API_KEY: 'stray',
  OPENROUTER_API_KEY: 'stray',
  OPENROUTER_SESSION_ID: 'stray',
  AWS_BEARER_TOKEN_BEDROCK: 'stray',
  AWS_ENDPOINT_URL_BEDROCK_RUNTIME: 'https://stray.example',
  AWS_DEFAULT_REGION: 'stray-region-1',
  LANGSMITH_GATEWAY: 'true',
  LANGSMITH_GATEWAY_API_KEY: 'stray',
  LANGSMITH_API_KEY: 'stray',
};

function environmentFor({ keyVariables, isBaseUrlRequired, baseUrlVariables }: Provider): Environment {
  return {
    ...(keyVariables[0] ? { [keyVariables[0]]: KEY } : {}),
    ...(isBaseUrlRequired ? { [baseUrlVariables[0] ?? '']: 'https://mine.example/v1' } : {}),
  };
}

/** The first request that a row sends; it is refused. */
async function firstRequest(row: Provider, environment: Environment) {
  const sent: { readonly url: string; readonly headers: Headers }[] = [];
  const { model } = await createModel({ provider: row.id, model: 'some-model', reason: 'LLM_MODEL' }, environment, {
    fetch: async (input, init) => {
      sent.push({ url: String(input), headers: new Headers(init?.headers) });
      return new Response('{"message":"no"}', { status: 403, headers: { 'content-type': 'application/json' } });
    },
  });
  const error: unknown = await model.invoke('hello').catch((thrown: unknown) => thrown);
  const [request] = sent;
  assert.ok(request, `${row.id} sent nothing: ${error}`);
  assert.equal(sent.length, 1);
  return { ...request, error };
}

for (const row of SENDING) {
  test(`${row.id} sends its key to its own host, whatever else the process environment says`, async (context) => {
    setForTest(context, STRAY);
    const environment = environmentFor(row);
    const { url, headers, error } = await firstRequest(row, environment);
    const own = row.baseUrlFor?.({}) ?? row.baseUrl;
    assert.equal(new URL(url).origin, new URL(own || 'https://mine.example').origin);
    const sent = JSON.stringify([url, ...headers]);
    assert.doesNotMatch(sent, /stray/);
    if (row.keyVariables.length > 0) assert.ok(sent.includes(KEY));
    assert.equal((error as { code: string }).code, 'model_refused');
    assert.doesNotMatch(String(error), new RegExp(KEY));
  });

  test(`${row.id} takes its endpoint from ${row.baseUrlVariables[0]}`, async () => {
    const environment = { ...environmentFor(row), [row.baseUrlVariables[0] ?? '']: 'https://proxy.example/base' };
    const { url } = await firstRequest(row, environment);
    assert.ok(new URL(url).href.startsWith('https://proxy.example/base/'), url);
  });

  test(`the hint of ${row.id} installs the version that this project is tested with`, () => {
    const { name = '', version = '' } = row.package ?? {};
    assert.equal({ ...manifest.dependencies, ...manifest.devDependencies }[name], version);
  });
}

test('what only LangChain knows needs the version of langchain that this project is tested with', () => {
  for (const row of LAST_RESORT) assert.equal(row.package?.version, manifest.devDependencies.langchain);
});

test('OpenAI is the only provider whose package is a dependency; the others are installed when they are wanted', () => {
  const names = Object.keys(manifest.dependencies);
  assert.deepEqual(
    [...new Set(SENDING.map((row) => row.package?.name ?? ''))].filter((name) => names.includes(name)),
    ['@langchain/openai'],
  );
});

test('names, aliases and variables belong to one row each', () => {
  const names = [...PROVIDERS, ...LAST_RESORT].flatMap(({ id, aliases }) => [id, ...aliases]);
  const variables = [...PROVIDERS, ...LAST_RESORT].flatMap((row) => [...row.keyVariables, ...row.baseUrlVariables]);
  for (const list of [names, variables]) assert.equal(new Set(list).size, list.length);
});

test('a row loads its own package and no other, when a model is built and not before', () => {
  for (const row of SENDING) {
    const { before, after } = traceLoading(row);
    assert.deepEqual(before, [], row.id);
    const expected = row.package?.name ?? '';
    assert.ok(after.includes(expected), row.id);
    const foreign = after.filter((name) => SENDING.some((other) => other.package?.name === name) && name !== expected);
    // These two are built on it.
    const isBuiltOnOpenai = ['@langchain/deepseek', '@langchain/xai', '@langchain/openrouter'].includes(expected);
    assert.deepEqual(isBuiltOnOpenai ? foreign.filter((name) => name !== '@langchain/openai') : foreign, [], row.id);
  }
});

/** The packages that a process has loaded after importing the registry, and after building a model. */
function traceLoading(row: Provider): { readonly before: readonly string[]; readonly after: readonly string[] } {
  const script = `
    import { registerHooks } from 'node:module';
    const loaded = new Set();
    registerHooks({
      load(url, context, next) {
        const name = /.*node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url)?.[1];
        if (name) loaded.add(name);
        return next(url, context);
      },
    });
    const { createModel } = await import(${JSON.stringify(new URL('../registry.ts', import.meta.url).href)});
    const before = [...loaded];
    await createModel({ provider: ${JSON.stringify(row.id)}, model: 'm', reason: '' }, ${JSON.stringify(environmentFor(row))});
    console.log(JSON.stringify({ before, after: [...loaded] }));`;
  return JSON.parse(
    execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8', env: { PATH: '' } }),
  );
}

/** Sets what a package would read from the process environment behind our back. */
function setForTest(context: TestContext, variables: Environment): void {
  const before = { ...process.env };
  Object.assign(process.env, variables);
  context.after(() => {
    for (const name of Object.keys(variables)) {
      delete process.env[name];
      if (before[name] !== undefined) process.env[name] = before[name];
    }
  });
}
