// What a command loads, counted in a process of its own: nothing of LangChain to print help, no graph and no server to look
// at models, and no provider's package but the one that is used.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Environment } from '../../agent/models/provider.ts';
import { PROVIDERS } from '../../agent/models/registry.ts';

const MAIN = join(import.meta.dirname, '../../agent/main.ts');
const KEY = 'test-key-0123456789abcdef';
const PROVIDER_PACKAGES = [...new Set(PROVIDERS.flatMap((row) => row.package?.name ?? [])), 'langchain'];
const GRAPH = ['@langchain/langgraph', '@langchain/mcp-adapters'];

/** Prints the packages whose modules were loaded, when the process ends, behind everything else. */
const COUNTER = `
import { registerHooks } from 'node:module';
const loaded = new Set();
registerHooks({
  load(url, context, next) {
    const name = /.*node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url)?.[1];
    if (name) loaded.add(name);
    return next(url, context);
  },
});
process.on('exit', () => process.stderr.write('\\nLOADED ' + JSON.stringify([...loaded])));
`;

const SLOW = /^(?:@langchain|@modelcontextprotocol|openai|langchain|langsmith)/;
const PROVIDER = new RegExp(`^(?:${PROVIDER_PACKAGES.join('|')})$`);

const LIGHT: readonly { readonly args: readonly string[]; readonly never: RegExp }[] = [
  { args: ['--help'], never: SLOW },
  { args: ['--version'], never: SLOW },
  { args: ['ask', '--help'], never: SLOW },
  { args: ['models', '--help'], never: SLOW },
  { args: ['mcp', 'list'], never: PROVIDER },
];

describe('what a command loads', () => {
  let home: string;
  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'loaded-'));
  });
  after(() => rm(home, { recursive: true, force: true }));

  const loadedBy = (args: readonly string[], environment: Environment = {}): Promise<readonly string[]> =>
    new Promise((resolve, reject) => {
      execFile(
        process.execPath,
        ['--import', `data:text/javascript,${encodeURIComponent(COUNTER)}`, MAIN, ...args],
        { cwd: home, env: { PATH: process.env['PATH'], HOME: home, ...environment } },
        (error, _stdout, stderr) => {
          const list = /\nLOADED (.*)$/.exec(stderr)?.[1];
          if (list === undefined) reject(error ?? new Error(stderr));
          else resolve(JSON.parse(list));
        },
      );
    });

  for (const { args, never } of LIGHT)
    test(`${args.join(' ')} loads no more than it needs`, async () => {
      const loaded = await loadedBy(args);
      assert.ok(loaded.includes('commander'), 'modules are counted');
      assert.deepEqual(
        loaded.filter((name) => never.test(name)),
        [],
      );
    });

  test('models loads neither graph nor provider when no model needs one', async () => {
    const loaded = await loadedBy(['models'], { LLM_MODEL: 'demo' });
    assert.deepEqual(
      loaded.filter((name) => [...PROVIDER_PACKAGES, ...GRAPH].includes(name)),
      [],
    );
  });

  test('models loads the package of the selected model and no other', async () => {
    const loaded = await loadedBy(['models', '--model', 'anthropic:claude-sonnet-4-5'], {
      ANTHROPIC_API_KEY: KEY,
      OPENAI_API_KEY: KEY,
    });
    assert.deepEqual(
      loaded.filter((name) => [...PROVIDER_PACKAGES, ...GRAPH].includes(name)),
      ['@langchain/anthropic'],
    );
  });
});
