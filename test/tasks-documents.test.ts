// What docs/tasks.md says, held against what is there.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { MATCHER_NAMES } from '../agent/tasks/expect/value-matchers.ts';
import { describeFault } from '../agent/tasks/file/fault.ts';
import { loadSuite } from '../agent/tasks/file/load-suite.ts';
import { toJsonSchema } from '../agent/tasks/file/task-file-schema.ts';
import { runAgent } from './support/agent-process.ts';

const text = readFileSync(join(import.meta.dirname, '../docs/tasks.md'), 'utf8');
const blocks = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, block]) => block ?? '');

describe('docs/tasks.md', () => {
  test('shows a task file that is one', () => {
    const directory = mkdtempSync(join(tmpdir(), 'documents-'));
    writeFileSync(join(directory, 'shown.yaml'), blocks[0] ?? '');
    const { tasks, faults } = loadSuite(['shown.yaml'], { directory });
    rmSync(directory, { recursive: true });
    assert.deepEqual(faults.map(describeFault), []);
    assert.equal(tasks.length, 2);
  });

  test('shows workflows that are YAML, with flags that exist', async () => {
    const [, github, gitlab] = blocks.map((block) => parse(block));
    assert.ok(Array.isArray(github.jobs.tasks.steps));
    assert.equal(gitlab.tasks.artifacts.reports.junit, 'task-run/junit.xml');
    const helps = await Promise.all(
      [
        ['tasks', 'run'],
        ['mcp', 'login'],
      ].map((command) => runAgent([...command, '--help'], {})),
    );
    const help = helps.map(({ stdout }) => stdout).join('\n');
    const flags = [...text.matchAll(/(?<![\w-])--[a-z][a-z-]+/g)]
      .map(([flag]) => flag)
      .filter((flag) => flag !== '--help');
    assert.ok(flags.length > 20);
    for (const flag of flags) assert.ok(help.includes(flag), flag);
  });

  test('names every key of a task, of a file, and every matcher', () => {
    const schema: unknown = JSON.parse(JSON.stringify(toJsonSchema()));
    const keysOf = (at: unknown): string[] =>
      typeof at === 'object' && at !== null
        ? Object.entries(at).flatMap(([key, value]) => [
            ...(key === 'properties' && typeof value === 'object' && value !== null ? Object.keys(value) : []),
            ...keysOf(value),
          ])
        : [];
    const known = new Set(keysOf(schema));
    assert.ok(known.size > 40);
    for (const key of known) if (key !== '$schema') assert.match(text, new RegExp(`\\b${key}\\b`), key);
    for (const name of MATCHER_NAMES) assert.ok(text.includes(`{${name}:`), name);
  });
});
