// Reads every import of the sources and holds them to docs/architecture.md: which way imports run, which folder owns
// which library, and who may touch the process.

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, test } from 'node:test';

const root = join(import.meta.dirname, '..');
const sources = globSync('{agent,mcp-server,scripts,test}/**/*.ts', { cwd: root });
const production = sources.filter((file) => /^(agent|mcp-server)\//.test(file) && !file.endsWith('.test.ts'));

/** A layer may import the layers above it in this list, and itself. Parts of one line do not know each other. */
const LAYERS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  agent: [
    [
      'errors',
      'plural',
      'credential-config',
      'nearest-word',
      'secret-words',
      'server-auth',
      'mcp-file',
      'task-variables',
    ],
    ['config'],
    ['auth'],
    ['mcp', 'models'],
    ['approval', 'threads'],
    ['turn-events'],
    ['graph'],
    ['session'],
    ['agent', 'configure'],
    ['chat', 'tasks'],
    ['commands', 'deployment'],
    ['main'],
  ],
  'mcp-server': [
    ['config', 'environment-schema', 'loopback', 'errors', 'log', 'clock', 'token-profiles', 'rate-limit'],
    [
      'auth',
      'notebook',
      'listen',
      'admitted-request',
      'change-feed',
      'event-store',
      'exchanges',
      'open-requests',
      'open-streams',
      'rejection',
      'host-guard',
      'metrics',
      'request-body',
      'request-id',
      'request-target',
      'tracing',
      'turns',
    ],
    ['caller', 'request-state'],
    ['lists'],
    ['resource-metadata', 'tools', 'resources', 'prompts'],
    ['create-server', 'sessions'],
    ['mcp-endpoint', 'conformance-fixtures'],
    ['app'],
    ['server', 'administer'],
    ['main'],
  ],
};

/** Beside the layers: sees only these, and is seen only by the file that starts it. */
const AUTHORIZATION_SERVER = {
  part: 'authorization-server',
  sees: ['config', 'errors', 'log'],
  seenBy: ['mcp-server/server.ts', 'mcp-server/administer.ts'],
};

/** The one place that may import a library; a major version then touches one place. */
const OWNERS: Readonly<Record<string, readonly string[]>> = {
  '@hono/node-server': ['mcp-server/server.ts'],
  '@langchain/core': [
    'agent/agent/',
    'agent/graph.ts',
    'agent/graph/',
    'agent/mcp/',
    'agent/models/',
    'agent/session/',
    'agent/threads/',
  ],
  '@langchain/langgraph': ['agent/agent/', 'agent/graph.ts', 'agent/graph/', 'agent/session/', 'agent/threads/'],
  '@langchain/langgraph-checkpoint-sqlite': ['agent/threads/'],
  '@langchain/mcp-adapters': ['agent/mcp/'],
  '@langchain/openai': ['agent/models/'],
  '@langchain/anthropic': ['agent/models/'],
  '@langchain/aws': ['agent/models/'],
  '@langchain/deepseek': ['agent/models/'],
  '@langchain/google-genai': ['agent/models/'],
  '@langchain/groq': ['agent/models/'],
  '@langchain/mistralai': ['agent/models/'],
  '@langchain/ollama': ['agent/models/'],
  '@langchain/openrouter': ['agent/models/'],
  '@langchain/xai': ['agent/models/'],
  '@modelcontextprotocol/client': ['agent/mcp/'],
  '@modelcontextprotocol/server': ['mcp-server/'],
  '@napi-rs/keyring': ['agent/auth/'],
  '@opentelemetry/api': ['mcp-server/tracing.ts'],
  '@opentelemetry/core': ['mcp-server/tracing.ts'],
  '@opentelemetry/exporter-trace-otlp-http': ['mcp-server/tracing.ts'],
  '@opentelemetry/resources': ['mcp-server/tracing.ts'],
  '@opentelemetry/sdk-trace': ['mcp-server/tracing.ts'],
  ajv: ['agent/'],
  'better-sqlite3': ['agent/threads/'],
  commander: ['agent/main.ts', 'agent/commands/'],
  dotenv: ['agent/config.ts', 'mcp-server/config.ts'],
  hono: ['mcp-server/app.ts'],
  jose: ['agent/auth/', 'mcp-server/auth/', 'mcp-server/authorization-server/'],
  langchain: ['agent/models/'],
  marked: ['agent/chat/'],
  'oidc-provider': ['mcp-server/authorization-server/'],
  open: ['agent/commands/', 'agent/chat/'],
  'openid-client': ['agent/auth/'],
  'prom-client': ['mcp-server/metrics.ts'],
  yaml: ['agent/tasks/'],
  zod: ['agent/', 'mcp-server/'],
};

const text = (file: string) => readFileSync(join(root, file), 'utf8');
/** Comments may talk about anything. */
const code = (file: string) => text(file).replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
const importsOf = (file: string) =>
  [...code(file).matchAll(/(?:\bfrom\s+|\bimport\s*\(?\s*)'([^']+)'/g)].map((match) => match[1] ?? '');
const relativeImportsOf = (file: string) =>
  importsOf(file)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => normalize(join(dirname(file), specifier)));
const librariesOf = (file: string) =>
  importsOf(file)
    .filter((specifier) => !specifier.startsWith('.') && !specifier.startsWith('node:'))
    .map((specifier) =>
      specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/'),
    );
const halfOf = (file: string) => file.split('/')[0] ?? '';
const partOf = (file: string) => (file.split('/')[1] ?? '').replace(/\.ts$/, '');
const rankOf = (file: string) => LAYERS[halfOf(file)]?.findIndex((layer) => layer.includes(partOf(file))) ?? -1;

describe('architecture', () => {
  test('there are sources to look at, and their imports are found', () => {
    assert.ok(production.length > 20);
    assert.ok(importsOf('mcp-server/server.ts').includes('./app.ts'));
    assert.ok(librariesOf('agent/mcp/connection.ts').includes('@modelcontextprotocol/client'));
  });

  test('agent and mcp-server never import each other, types and unit tests included', () => {
    for (const file of sources.filter((name) => /^(agent|mcp-server)\//.test(name)))
      for (const target of relativeImportsOf(file))
        assert.ok(halfOf(target) === halfOf(file) || target.startsWith('test/support/'), `${file} imports ${target}`);
  });

  test('imports run one way through the layers', () => {
    for (const file of production.filter((name) => partOf(name) !== AUTHORIZATION_SERVER.part)) {
      assert.notEqual(rankOf(file), -1, `${file} belongs to no layer: add it to LAYERS`);
      for (const target of relativeImportsOf(file)) {
        if (partOf(target) === partOf(file)) continue;
        if (partOf(target) === AUTHORIZATION_SERVER.part) {
          assert.ok(AUTHORIZATION_SERVER.seenBy.includes(file), `${file} imports ${target}`);
          continue;
        }
        const sibling = rankOf(target) === rankOf(file) && rankOf(file) > 0;
        assert.ok(rankOf(target) <= rankOf(file) && !sibling, `${file} imports ${target}, which is not below it`);
      }
    }
  });

  test('the embedded authorization server sees configuration and log only', () => {
    for (const file of production.filter((name) => partOf(name) === AUTHORIZATION_SERVER.part))
      for (const target of relativeImportsOf(file))
        assert.ok(
          partOf(target) === AUTHORIZATION_SERVER.part || AUTHORIZATION_SERVER.sees.includes(partOf(target)),
          `${file} imports ${target}`,
        );
  });

  test('the fixtures of the conformance suite are loaded on demand only', () => {
    for (const file of production.filter((name) => !name.includes('/conformance-fixtures/')))
      assert.doesNotMatch(code(file), /\bfrom\s+'[^']*conformance-fixtures/, file);
    assert.match(code('mcp-server/server.ts'), /await import\('\.\/conformance-fixtures\//);
  });

  test('every library has one owner', () => {
    for (const file of production)
      for (const library of librariesOf(file)) {
        const owners = OWNERS[library];
        assert.ok(owners, `${file} imports ${library}, which has no owner: add it to OWNERS and docs/decisions.md`);
        assert.ok(
          owners.some((owner) => file.startsWith(owner)),
          `${file} imports ${library}, which belongs to ${owners.join(', ')}`,
        );
      }
  });

  test('every dependency has its line of reason in docs/decisions.md', () => {
    const { dependencies, devDependencies } = JSON.parse(text('package.json'));
    const decisions = text('docs/decisions.md');
    for (const library of Object.keys({ ...dependencies, ...devDependencies }))
      assert.ok(decisions.includes(`| \`${library}\` |`), `docs/decisions.md has no reason for ${library}`);
  });

  test('only config.ts reads the environment, and only main.ts touches argv and exit', () => {
    for (const file of production) {
      if (partOf(file) !== 'config') assert.doesNotMatch(code(file), /process\.env\b/, file);
      if (partOf(file) !== 'main') assert.doesNotMatch(code(file), /process\.(argv|exit|exitCode)\b/, file);
    }
  });

  test('npm test needs no tmux: only tests that are asked for by another name come to one', () => {
    const reached = (file: string, seen = new Set<string>()): Set<string> => {
      for (const target of seen.has(file) ? [] : relativeImportsOf(file)) reached(target, seen.add(file));
      return seen.add(file);
    };
    const tests = sources.filter((file) => file.endsWith('.test.ts'));
    const users = tests.filter((file) => reached(file).has('test/support/terminal.ts'));
    assert.ok(users.length > 0);
    assert.deepEqual(
      users.filter((file) => !/^test\/(?:terminal|browser)\//.test(file)),
      [],
    );
  });

  test('no file is named for being a leftover', () => {
    for (const file of sources) assert.doesNotMatch(file, /\/(utils?|helpers?|manager|common|misc|shared)(\/|\.|-)/);
  });
});
