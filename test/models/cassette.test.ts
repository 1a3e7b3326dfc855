// A cassette replays a conversation: byte for byte, on another machine, with neither model nor server.

import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import type { McpConnection } from '../../agent/mcp/connection.ts';
import { recordConnection, replayConnection } from '../../agent/mcp/recorded-connection.ts';
import { loadTools } from '../../agent/mcp/tools.ts';
import { recordModel, replayModel } from '../../agent/models/cassette.ts';
import type { ToolCallingModel } from '../../agent/models/provider.ts';
import { createModel, describeModelError } from '../../agent/models/registry.ts';
import { createScrub } from '../../agent/models/scrub.ts';
import type { TurnEvent } from '../../agent/turn-events.ts';
import { runAgent } from '../support/agent-process.ts';
import { startTestServer } from '../support/mcp-server.ts';
import { createTestSession } from '../support/session.ts';
import { type Step, startDouble } from './double.ts';
import { openaiChat } from './doubles/openai-chat.ts';
import { KEY } from './wire-format.ts';

const TURNS = 20;
const SECRET = 'hush-hush-hush-1234';
const scrub = createScrub({ OPENAI_API_KEY: KEY, SOME_TOKEN: SECRET });

/** Each turn calls twice at once and answers in pieces; every third answer has a secret in it. */
const STEPS: readonly Step[] = Array.from({ length: TURNS }, (_, turn): Step[] => [
  {
    calls: [
      { name: 'add', args: { a: turn, b: 1 } },
      { name: 'add', args: { a: turn, b: 2 } },
    ],
  },
  { text: `Turn ${turn} gives ${turn + 1} and ${turn + 2}.${turn % 3 === 0 ? ` The token is ${SECRET}.` : ''}` },
]).flat();

describe('a cassette of 20 turns with parallel tool calls', () => {
  let directory: string;
  let recorded: readonly TurnEvent[];

  before(async () => {
    directory = await createDirectory();
    const double = await startDouble(openaiChat, STEPS);
    const { model } = await createModel(openaiChat.selection, double.environment);
    recorded = await converse(recordModel(model, 'openai:gpt-4.1', directory, scrub), [
      recordConnection(calculator(), directory, scrub),
    ]);
    assert.deepEqual(double.refusals, []);
    await double.close();
  });
  after(() => rm(directory, { recursive: true, force: true }));

  test('replays byte for byte from a copy, with neither model nor server', async (context) => {
    const copy = await createDirectory(context);
    await cp(directory, copy, { recursive: true });
    const connection = replayConnection('calculator', copy, scrub);
    assert.ok(connection);
    const replayed = await converse(replayModel(copy, createScrub({})), [connection]);
    assert.equal(transcript(replayed), transcript(recorded).replaceAll(SECRET, '[secret]'));
    assert.equal(replayed.filter(({ type }) => type === 'tool-call').length, 2 * TURNS);
  });

  test('is the same files when it is recorded again from its own replay', async (context) => {
    const again = await createDirectory(context);
    await converse(recordModel(replayModel(directory, scrub), 'openai:gpt-4.1', again, scrub), [calculator()]);
    assert.deepEqual(await readFiles(join(again, 'turns')), await readFiles(join(directory, 'turns')));
  });

  test('has one readable file a turn of the model, and no secret in any', async () => {
    const files = await readFiles(join(directory, 'turns'));
    assert.equal(files.length, 2 * TURNS);
    assert.equal(files.filter(([name]) => /^002-what-about-0\.[0-9a-f]{16}\.json$/.test(name)).length, 1);
    for (const [name, text] of [...files, ...(await readFiles(join(directory, 'mcp/calculator')))])
      assert.ok(!text.includes(SECRET) && !text.includes(KEY), `${name} has a secret`);
  });

  test('names the nearest turn and what differs when something else is asked', async () => {
    const model = replayModel(directory, scrub);
    const [event] = (await converse(model, [calculator()], ['What about zero?'])).filter(
      ({ type }) => type === 'turn-end',
    );
    assert.ok(event?.type === 'turn-end' && event.error);
    assert.equal(event.error.code, 'model_failed');
    assert.match(
      event.error.message,
      /The nearest is 002-what-about-0\.[0-9a-f]+\.json:\n {2}message 2 \(human\): recorded "What about 0\?", now "What about zero\?"\n/,
    );
  });

  test('names a tool whose schema has changed', async () => {
    const changed = calculator('Adds two numbers, slowly.');
    const [event] = (await converse(replayModel(directory, scrub), [changed], ['What about 0?'])).filter(
      ({ type }) => type === 'turn-end',
    );
    assert.ok(event?.type === 'turn-end');
    assert.match(event.error?.message ?? '', /\n {2}tool add: description or schema changed\n/);
  });
});

test('a secret that is streamed in two pieces is taken out all the same', async (context) => {
  const directory = await createDirectory(context);
  const double = await startDouble(openaiChat, [{ text: `It is${SECRET.slice(0, 9)} ${SECRET.slice(9)} I think.` }]);
  context.after(double.close);
  const { model } = await createModel(openaiChat.selection, double.environment);
  const spaced = `${SECRET.slice(0, 9)} ${SECRET.slice(9)}`;
  const scrubSpaced = createScrub({ SOME_TOKEN: spaced });
  await converse(recordModel(model, 'openai:gpt-4.1', directory, scrubSpaced), [calculator()], ['What is it?']);
  const [[, text] = ['', '']] = await readFiles(join(directory, 'turns'));
  assert.match(text, /It is\[secret\] I think\./);
  assert.ok(!text.includes(SECRET.slice(9)));
});

test('an empty directory is no cassette, and a spoilt file is named', async (context) => {
  const directory = await createDirectory(context);
  assert.throws(() => replayModel(directory, scrub), { code: 'invalid_configuration' });
  await mkdir(join(directory, 'turns'));
  await writeFile(join(directory, 'turns', 'spoilt.json'), '{}');
  assert.throws(() => replayModel(directory, scrub), { code: 'invalid_configuration', message: /spoilt\.json/ });
});

/** Has a conversation of its own and returns everything that happened. */
async function converse(
  model: ToolCallingModel,
  connections: readonly McpConnection[],
  requests = Array.from({ length: TURNS }, (_, turn) => `What about ${turn}?`),
): Promise<TurnEvent[]> {
  const tools = await loadTools(connections);
  const session = createTestSession(
    { model, tools: [], describeModelError: (error) => describeModelError(error, openaiChat.selection) },
    { tools },
  );
  const events: TurnEvent[] = [];
  for (const request of requests)
    for await (const event of session.run(request, new AbortController().signal)) events.push(event);
  return events;
}

/** Everything but how long it took. Results of parallel calls come in the order in which they are ready. */
function transcript(events: readonly TurnEvent[]): string {
  return events.map((event) => JSON.stringify({ ...event, durationMs: undefined })).join('\n');
}

/** A server that adds, without a server. */
function calculator(description = 'Adds two numbers.'): McpConnection {
  return {
    name: 'calculator',
    url: 'http://127.0.0.1:1/mcp',
    protocolVersion: '2026-07-28',
    listTools: async () => [
      {
        name: 'add',
        description,
        inputSchema: {
          type: 'object',
          properties: { a: { type: 'number' }, b: { type: 'number' } },
          required: ['a', 'b'],
        },
      },
    ],
    callTool: async (_name, { a, b }) => ({ content: [{ type: 'text', text: String(Number(a) + Number(b)) }] }),
    close: async () => undefined,
  };
}

async function createDirectory(context?: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'cassette-'));
  context?.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

async function readFiles(directory: string): Promise<[string, string][]> {
  const names = (await readdir(directory)).sort();
  return Promise.all(
    names.map(async (name): Promise<[string, string]> => [name, await readFile(join(directory, name), 'utf8')]),
  );
}

test('ask records with --record and answers with --replay, with neither model nor server', async (context) => {
  const directory = await createDirectory(context);
  const server = await startTestServer();
  const double = await startDouble(openaiChat, STEPS.slice(0, 2));
  const request = ['ask', 'What about 0?'];
  const recorded = await runAgent([...request, '--model', 'openai:gpt-4.1', '--record', directory], {
    ...server.environment,
    ...double.environment,
    SOME_TOKEN: SECRET,
  });
  const live = await runAgent([...request, '--model', `replay:${directory}`], server.environment);
  await Promise.all([server.close(), double.close()]);
  assert.deepEqual([live.exitCode, live.stdout], [0, recorded.stdout.replace(SECRET, '[secret]')]);
  assert.deepEqual([recorded.exitCode, recorded.stdout], [0, `Turn 0 gives 1 and 2. The token is ${SECRET}.\n`]);

  const { PORT, DATA_DIR } = server.environment;
  const replayed = await runAgent([...request, '--replay', directory], { PORT, DATA_DIR });
  assert.deepEqual([replayed.exitCode, replayed.stdout], [0, recorded.stdout.replace(SECRET, '[secret]')]);

  const missed = await runAgent(['ask', 'What about 1?', '--replay', directory], { PORT, DATA_DIR });
  assert.equal(missed.exitCode, 1);
  assert.match(missed.stderr, /The nearest is 002-what-about-0\./);

  const torn = await runAgent([...request, '--replay', directory, '--record', directory], { PORT, DATA_DIR });
  assert.equal(torn.exitCode, 2);
});
