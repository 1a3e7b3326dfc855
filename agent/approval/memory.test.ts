import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createApprovalMemory, type RememberedTool } from './memory.ts';

const TOOL: RememberedTool = {
  server: 'local',
  serverUrl: 'http://localhost:1/mcp',
  name: 'create_note',
  fingerprint: 'f1',
};
const OTHERS: RememberedTool[] = [
  { ...TOOL, name: 'delete_note' },
  { ...TOOL, serverUrl: 'http://localhost:2/mcp' },
  { ...TOOL, fingerprint: 'f2' },
];

async function createDirectory(context: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'approvals-'));
  context.after(() => rm(directory, { recursive: true, force: true }));
  return join(directory, 'state');
}

test('an answer for the session counts for this tool as it is, in this session', async (context) => {
  const directory = await createDirectory(context);
  const memory = createApprovalMemory(directory);
  await memory.remember(TOOL, { kind: 'tool-for-session' });
  assert.ok(memory.isRemembered(TOOL));
  for (const other of OTHERS) assert.ok(!memory.isRemembered(other), JSON.stringify(other));
  const next = createApprovalMemory(directory);
  await next.refresh();
  assert.ok(!next.isRemembered(TOOL));
});

test('an answer for a server counts for all of its tools, in this session', async (context) => {
  const memory = createApprovalMemory(await createDirectory(context));
  await memory.remember(TOOL, { kind: 'server-for-session' });
  const [sameServer, otherServer] = OTHERS;
  assert.ok(sameServer && memory.isRemembered(sameServer));
  assert.ok(otherServer && !memory.isRemembered(otherServer));
});

test('an answer for good is kept in a file of mode 0600, for the tool as its server describes it now', async (context) => {
  const directory = await createDirectory(context);
  const memory = createApprovalMemory(directory, () => new Date(0));
  await memory.remember(TOOL, { kind: 'always' });
  const file = join(directory, 'approvals.json');
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.deepEqual(JSON.parse(await readFile(file, 'utf8')), {
    version: 1,
    approvals: [
      {
        server_url: TOOL.serverUrl,
        tool: 'create_note',
        fingerprint: 'f1',
        approved_at: '1970-01-01T00:00:00.000Z',
      },
    ],
  });
  const next = createApprovalMemory(directory);
  await next.refresh();
  assert.ok(next.isRemembered(TOOL));
  for (const other of OTHERS) assert.ok(!next.isRemembered(other), JSON.stringify(other));
  assert.match(next.list().join(), /create_note at http.*always/);
});

test('what two processes keep at once is all kept', async (context) => {
  const directory = await createDirectory(context);
  const tools = Array.from({ length: 8 }, (_, index) => ({ ...TOOL, name: `tool-${index}` }));
  await Promise.all(tools.map((tool) => createApprovalMemory(directory).remember(tool, { kind: 'always' })));
  const memory = createApprovalMemory(directory);
  await memory.refresh();
  assert.ok(tools.every((tool) => memory.isRemembered(tool)));
});

test('an answer for one call, an edit and a no are not kept', async (context) => {
  const memory = createApprovalMemory(await createDirectory(context));
  await memory.remember(TOOL, { kind: 'once' });
  await memory.remember(TOOL, { kind: 'edit', args: {} });
  await memory.remember(TOOL, { kind: 'deny', reason: '' });
  assert.ok(!memory.isRemembered(TOOL));
  assert.deepEqual(memory.list(), []);
});

test('a file that is spoilt, or that others may read, allows nothing and is not overwritten', async (context) => {
  const directory = await createDirectory(context);
  const memory = createApprovalMemory(directory);
  await memory.remember(TOOL, { kind: 'always' });
  const file = join(directory, 'approvals.json');
  await writeFile(file, '{"approvals": "all"}');
  await assert.rejects(memory.refresh(), { code: 'invalid_configuration', message: /approvals\.json/ });
  await assert.rejects(memory.remember(TOOL, { kind: 'always' }), { code: 'invalid_configuration' });
  assert.equal(await readFile(file, 'utf8'), '{"approvals": "all"}');
});
