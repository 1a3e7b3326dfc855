// What was approved is kept, for this user alone, and nothing that is damaged counts as approval.

import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createApprovals } from './approvals.ts';

const SERVER = 'https://tools.example/mcp';
const tool = (fingerprint: string) => ({ fingerprint, words: `words of ${fingerprint}` });

describe('approvals', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'approvals-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  for (const kind of ['on disk', 'of this run'] as const)
    test(`${kind}: the first description counts, a later one only once it is approved`, async () => {
      const directory = kind === 'on disk' ? join(folder, 'first') : undefined;
      const approvals = createApprovals(directory);
      assert.deepEqual(await approvals.approvedTools(SERVER, { add: tool('one') }), { add: tool('one') });
      const later = directory ? createApprovals(directory) : approvals;
      const seen = { add: tool('two'), sub: tool('three') };
      assert.deepEqual(await later.approvedTools(SERVER, seen), { add: tool('one'), sub: tool('three') });
      await later.approveTool(SERVER, 'add', tool('two'));
      assert.deepEqual((await later.approvedTools(SERVER, seen))['add'], tool('two'));
      assert.deepEqual(await later.approvedTools('https://other.example/mcp', {}), {});
    });

  test('a tool may be called like a member of every object', async () => {
    const approvals = createApprovals(undefined);
    const seen = { constructor: tool('one'), toString: tool('two') };
    assert.deepEqual(await approvals.approvedTools(SERVER, seen), seen);
  });

  test('definitions are approved by their hash', async () => {
    const directory = join(folder, 'definitions');
    assert.equal(await createApprovals(directory).isDefinitionApproved('hash'), false);
    await createApprovals(directory).approveDefinition('hash', 'local');
    assert.equal(await createApprovals(directory).isDefinitionApproved('hash'), true);
    assert.equal(await createApprovals(directory).isDefinitionApproved('other'), false);
    assert.equal(await createApprovals(directory).isDefinitionApproved('constructor'), false);
  });

  test('files are of mode 0600 in a directory of mode 0700', async () => {
    const directory = join(folder, 'modes');
    await createApprovals(directory).approveTool(SERVER, 'add', tool('one'));
    assert.equal((await stat(directory)).mode & 0o777, 0o700);
    const [file = ''] = await readdir(directory);
    assert.equal((await stat(join(directory, file))).mode & 0o777, 0o600);
  });

  test('a damaged file approves of nothing, and is not silently replaced', async () => {
    const directory = join(folder, 'damaged');
    const approvals = createApprovals(directory);
    await approvals.approveTool(SERVER, 'add', tool('one'));
    const [file = ''] = await readdir(directory);
    await writeFile(join(directory, file), '{"tools":');
    await assert.rejects(approvals.approvedTools(SERVER, { add: tool('two') }), { code: 'invalid_configuration' });
  });

  test('many processes worth of approvals at once lose none', async () => {
    const directory = join(folder, 'many');
    const names = Array.from({ length: 20 }, (_, index) => `tool-${index}`);
    await Promise.all(names.map((name) => createApprovals(directory).approveTool(SERVER, name, tool(name))));
    assert.deepEqual(
      Object.keys(await createApprovals(directory).approvedTools(SERVER, {})).toSorted(),
      names.toSorted(),
    );
  });
});
