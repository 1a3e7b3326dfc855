import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

test('a measurement that is not there ends with 2, and names those that are', () => {
  const { status, stderr, stdout } = spawnSync(process.execPath, [join(import.meta.dirname, 'bench.ts'), 'theads'], {
    encoding: 'utf8',
  });
  assert.equal(status, 2);
  assert.equal(stderr, '"theads" is not measured. There is: start, threads, tasks\n');
  assert.equal(stdout, '');
});
