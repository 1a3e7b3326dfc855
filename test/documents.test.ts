// What the documents say is held against what is there.

import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { AGENT_VARIABLES } from '../agent/config.ts';
import { EXIT_CODES as AGENT_EXIT_CODES } from '../agent/errors.ts';
import { MODEL_VARIABLES, PROVIDERS } from '../agent/models/registry.ts';
import { SERVER_VARIABLES } from '../mcp-server/config.ts';
import { EXIT_CODES as SERVER_EXIT_CODES } from '../mcp-server/errors.ts';
import { runAgent } from './support/agent-process.ts';
import { startTestServer, type TestServer } from './support/mcp-server.ts';

const root = join(import.meta.dirname, '..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const readme = read('README.md');

describe('.env.example', () => {
  const lines = read('.env.example').split('\n');

  test('lists the variables that the two halves read, and no others', () => {
    const listed = lines.flatMap((line) => /^# ([A-Z][A-Z0-9_]+)=/.exec(line)?.[1] ?? []);
    const known = [...SERVER_VARIABLES, ...AGENT_VARIABLES, ...MODEL_VARIABLES, 'PORT'];
    assert.deepEqual([...new Set(listed)].toSorted(), [...new Set(known)].toSorted());
    assert.equal(listed.length, new Set(listed).size, 'each once');
  });

  test('says which half reads each', () => {
    let mark = '';
    for (const line of lines) {
      mark = /^# \[(server|agent|both)\]/.exec(line)?.[1] ?? mark;
      const variable = /^# ([A-Z][A-Z0-9_]+)=/.exec(line)?.[1];
      if (!variable) continue;
      const byServer = SERVER_VARIABLES.includes(variable);
      // The agent meets PORT in .mcp.json.
      const byAgent = [...AGENT_VARIABLES, ...MODEL_VARIABLES, 'PORT'].includes(variable);
      assert.equal(mark, byServer && byAgent ? 'both' : byServer ? 'server' : 'agent', variable);
    }
  });
});

describe('README', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  test('names only commands that exist', () => {
    const { scripts } = JSON.parse(read('package.json'));
    for (const [, name = ''] of readme.matchAll(/npm run (?:-s )?([\w:]+)/g)) assert.ok(name in scripts, name);
  });

  test('has every exit code of the two halves, and no others', () => {
    const table = [...readme.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
    const used = new Set([0, ...Object.values(AGENT_EXIT_CODES), ...Object.values(SERVER_EXIT_CODES)]);
    assert.deepEqual(
      table,
      [...used].toSorted((a, b) => a - b),
    );
  });

  test('has every provider', () => {
    for (const { id } of PROVIDERS) assert.match(readme, new RegExp(`\`LLM_MODEL\`.*\`${id}\``));
  });

  test('links to files that exist', () => {
    for (const file of ['README.md', ...globSync('docs/*.md', { cwd: root })])
      for (const [, target = ''] of read(file).matchAll(/\]\((?!https?:|#)([^)#]+)/g))
        assert.ok(existsSync(join(root, file, '..', target)), `${file} links to ${target}`);
  });

  test('shows a transcript that is what happens', async () => {
    const transcript = /```text\n\$ npm start\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
    const requests = [...transcript.matchAll(/^› (.+)$/gm)].map(([, request]) => request ?? '');
    assert.equal(requests.length, 2);
    for (const request of requests) {
      const { stdout, exitCode } = await runAgent(['ask', request], server.environment);
      assert.equal(exitCode, 0);
      assert.ok(transcript.includes(stdout), stdout);
    }
  });
});

test('docs/models.md has every provider with its package, its variables and its default model', () => {
  const lines = read('docs/models.md').split('\n');
  for (const row of PROVIDERS) {
    const line = lines.find((text) => text.startsWith(`| \`${row.id}\` |`)) ?? '';
    const expected = [row.package?.name, ...row.keyVariables, ...row.baseUrlVariables, row.defaultModel];
    for (const text of expected) assert.ok(line.includes(text ?? ''), `${row.id}: ${text}`);
  }
});

test('docs/architecture.md names only files that exist', () => {
  const tree = /```\npackage.json([\s\S]*?)```/.exec(read('docs/architecture.md'))?.[1] ?? '';
  const folders: string[] = [];
  for (const line of tree.split('\n').slice(1)) {
    const [, indent = '', name = ''] = /^( *)([\w./-]+)/.exec(line) ?? [];
    if (name === '') continue;
    const depth = indent.length / 2;
    const path = [...folders.slice(0, depth), name].join('');
    assert.ok(existsSync(join(root, path)), path);
    if (name.endsWith('/')) folders.splice(depth, folders.length, name);
  }
});
