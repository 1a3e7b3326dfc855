// `ask` as scripts run it: a process, its exit code, and what its stdout holds, whatever goes wrong.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Environment } from '../agent/config.ts';
import { finish, runAgent, startAgentProcess } from './support/agent-process.ts';
import { createChatCompletions, toolCallDeltas } from './support/chat-completions.ts';
import { startTestServer, type TestServer } from './support/mcp-server.ts';
import { freePorts } from './support/ports.ts';
import { createSigningIssuer } from './support/signing-issuer.ts';
import { readStreamJson } from './support/stream-json.ts';

let server: TestServer;
let directory: string;
before(async () => {
  server = await startTestServer();
  directory = await mkdtemp(join(tmpdir(), 'ask-'));
});
after(async () => {
  await server.close();
  await rm(directory, { recursive: true });
});

/** Runs `ask`, reads what it wrote strictly, and holds the exit code of the process against that in the last line. */
async function askStream(args: readonly string[], environment: Environment = server.environment) {
  const { exitCode, stdout, stderr } = await runAgent(['ask', '--output', 'stream-json', ...args], environment);
  const { lines, result } = readStreamJson(stdout);
  assert.equal(result['exit_code'], exitCode);
  const ofType = (type: string) => lines.filter((line) => line.type === type);
  return { exitCode, result, lines, stderr, ofType };
}

/** A model that streams what the test says. */
async function withModel<T>(
  replies: readonly ReturnType<Parameters<typeof createChatCompletions>[0]>[],
  work: (environment: Environment, model: Awaited<ReturnType<typeof createChatCompletions>>) => Promise<T>,
): Promise<T> {
  const model = await createChatCompletions((index) => replies[Math.min(index, replies.length - 1)] ?? 'hang');
  try {
    const environment = { LLM_MODEL: 'openai:double', OPENAI_BASE_URL: model.baseUrl, OPENAI_API_KEY: 'sk-test' };
    return await work({ ...server.environment, ...environment }, model);
  } finally {
    await model.close();
  }
}

describe('stream-json ends with its result and the exit code that says why', () => {
  test('0: an answer', async () => {
    const { exitCode, result, lines, ofType } = await askStream(['What is 2 + 40?']);
    assert.deepEqual([exitCode, result['status'], result['answer']], [0, 'ok', '(demo) add(2, 40) → 42']);
    assert.equal(lines[0]?.type, 'init');
    const [init] = ofType('init');
    assert.equal(init?.['session_id'], result['session_id']);
    assert.deepEqual(
      [init?.['model'], (init?.['servers'] as { state: string }[] | undefined)?.[0]?.state],
      ['demo', 'connected'],
    );
    assert.deepEqual([ofType('tool_use')[0]?.['input'], ofType('tool_result')[0]?.['text']], [{ a: 2, b: 40 }, '42']);
    assert.deepEqual([ofType('approval')[0]?.['decision'], ofType('approval')[0]?.['by']], ['allowed', 'policy']);
    const text = ofType('message').map(({ delta }) => delta);
    assert.equal(text.join(''), result['answer']);
  });

  test('1: an answer that does not fit its schema', async () => {
    const schema = join(directory, 'schema.json');
    await writeFile(schema, '{"type":"object","required":["sum"]}');
    const { exitCode, result } = await askStream(['--schema', schema, 'What is 2 + 40?']);
    assert.deepEqual([exitCode, result['status'], result['answer']], [1, 'failed', '']);
    assert.match(JSON.stringify(result['error']), /model_failed.*does not fit the schema/);
  });

  test('2: command line, configuration, key', async () => {
    const cases: [string[], Environment, RegExp][] = [
      [['--max-turns', '0', 'x'], {}, /--max-turns: expected/],
      [['--max-tokens', 'many', '--approval', 'some', 'x'], {}, /--approval: [\s\S]*--max-tokens: expected/],
      [['--timeout', '5 minutes', 'x'], {}, /--timeout: expected/],
      [['--max-usd', '-1', 'x'], {}, /--max-usd: expected/],
      [['--schema', join(directory, 'none.json'), 'x'], {}, /--schema: cannot read/],
      [['--continue', '--resume', 'a', 'x'], {}, /exclude each other/],
      [['--record', 'a', '--replay', 'b', 'x'], {}, /exclude each other/],
      [['--continue', 'x'], {}, /no conversation to continue/],
      [['--resume', 'nothing', 'x'], {}, /begins with .*nothing/],
      [[' '], {}, /There is no request/],
      [['x'], { MCP_CONFIG: join(directory, 'none.json') }, /none\.json/],
      [['x'], { LLM_MODEL: 'openai:gpt-5' }, /OPENAI_API_KEY/],
      [['x'], { THREAD_STORE: 'somewhere' }, /THREAD_STORE: expected file or none/],
      [['x'], { LLM_CONTEXT_TOKENS: '10' }, /LLM_CONTEXT_TOKENS: expected a whole number from 1000/],
    ];
    for (const [args, extra, expected] of cases) {
      const { exitCode, result, stderr } = await askStream(args, { ...server.environment, ...extra });
      assert.deepEqual([exitCode, result['status']], [2, 'failed'], `${args} ${stderr}`);
      assert.match((result['error'] as { message: string }).message, expected);
      assert.match(stderr, expected);
    }
  });

  test('2: a command line that the parser refuses', async () => {
    for (const args of [
      ['--nope', 'x'],
      ['x', '--timeout'],
      ['--max-turn', '3', 'x'],
    ]) {
      const { exitCode, result, ofType, stderr } = await askStream(args);
      assert.deepEqual([exitCode, result['status']], [2, 'failed'], `${args}`);
      assert.match(JSON.stringify(result['error']), /"code":"usage","message":"(?:unknown option|option '--timeout)/);
      assert.equal(ofType('error').length, 1);
      assert.match(stderr, /^error: [\s\S]*\n--help shows what there is\.\n$/);
    }
    const { exitCode, stdout } = await runAgent(['ask', '--output=text', '--output=json', '--nope'], {});
    assert.deepEqual([exitCode, JSON.parse(stdout).exit_code], [2, 2]);
    for (const args of [
      ['ask', '--nope'],
      ['ask', '--nope', '--', '--output', 'json'],
      ['chat', '--output', 'json'],
    ])
      assert.deepEqual(await runAgent(args, {}).then(({ stdout: text, exitCode: code }) => [text, code]), ['', 2]);
  });

  test('2: money that cannot be counted', async () => {
    await withModel([[{ content: 'never' }]], async (environment, model) => {
      const { exitCode, result } = await askStream(['--max-usd', '1', 'x'], environment);
      assert.equal(exitCode, 2);
      assert.match(JSON.stringify(result['error']), /price of openai:double is not known.*--max-tokens/);
      assert.equal(model.requests.length, 0);
    });
  });

  test('what a model makes up is printed, not obeyed', async () => {
    const made = '\u001B[2Jx\u009B1m\u202E';
    await withModel([toolCallDeltas(made, { a: made }), [{ content: made }]], async (environment) => {
      const { stdout, stderr } = await runAgent(['ask', '--output', 'stream-json', 'x'], environment);
      assert.ok(readStreamJson(stdout).lines.some(({ name }) => name === made));
      for (const text of [stdout, stderr])
        for (const hidden of ['\u001B', '\u009B', '\u202E']) assert.ok(!text.includes(hidden), text);
      assert.match(stderr, /<U\+001B>\[2Jx/);
    });
  });

  test('3: the login is refused before there is a turn', async () => {
    const { PORT } = server.environment;
    const { exitCode, result, ofType } = await askStream(['x'], { PORT, MCP_BEARER_TOKEN: 'expired' });
    assert.deepEqual([exitCode, result['status']], [3, 'auth_required']);
    assert.match(JSON.stringify(result['error']), /login_required.*MCP_BEARER_TOKEN/);
    assert.deepEqual(ofType('init'), []);
    assert.equal(ofType('error').length, 1);
  });

  test('3: a scope is missing in the turn, with the next step', async () => {
    const [port] = await freePorts(1);
    const issuer = await createSigningIssuer(`http://localhost:${port}/mcp`);
    const guarded = await startTestServer({ PORT: String(port), AUTH_ISSUER: issuer.issuer });
    const token = await issuer.sign({ scope: 'read:other' });
    const { exitCode, result, stderr, lines } = await askStream(['add 2 and 40'], {
      PORT: String(port),
      MCP_BEARER_TOKEN: token,
    });
    await guarded.close();
    await issuer.close();
    assert.deepEqual([exitCode, result['status'], result['missing_scopes']], [3, 'auth_required', ['read:add']]);
    // The variable takes the place of a login: signing in would change nothing.
    assert.match(
      stderr,
      /MCP_BEARER_TOKEN does not carry it\. Set it to an access token .* with the scope read:other read:add\b/,
    );
    const step = `Set MCP_BEARER_TOKEN to an access token for http://localhost:${port}/mcp with the scope read:other read:add`;
    assert.deepEqual(result['next_steps'], [step]);
    assert.ok(stderr.includes(`next: ${step}`), stderr);
    assert.ok(!stderr.includes('mcp login'), stderr);
    assert.ok(!`${stderr}${JSON.stringify(lines)}`.includes(token));
  });

  test('4: the server is down', async () => {
    const [port] = await freePorts(1);
    const { exitCode, result } = await askStream(['x'], { PORT: String(port) });
    assert.deepEqual([exitCode, result['status']], [4, 'failed']);
    assert.match(JSON.stringify(result['error']), /unreachable.*ECONNREFUSED/);
  });

  test('5: a tool was refused, with the flag that would allow it', async () => {
    const { exitCode, result, stderr, ofType } = await askStream(['create_note Milk']);
    assert.deepEqual([exitCode, result['status'], result['error']], [5, 'blocked', null]);
    const [denial] = result['permission_denials'] as Record<string, unknown>[];
    assert.deepEqual(
      [denial?.['name'], denial?.['server'], denial?.['by'], denial?.['input']],
      ['create_note', 'local', 'policy', { title: 'Milk' }],
    );
    assert.match(String(denial?.['reason']), /--allow 'local\.create_note'.*--approval all/);
    assert.match(stderr, /create_note refused: .*--allow 'local\.create_note'/);
    assert.equal(ofType('approval')[0]?.['decision'], 'denied');
    assert.match(String(result['answer']), /--allow/, 'the model was told');
  });

  test('124: model calls, tool calls, time', async () => {
    await withModel([toolCallDeltas('add', { a: 1, b: 1 })], async (environment) => {
      const turns = await askStream(['--max-turns', '2', 'go on'], environment);
      assert.deepEqual([turns.exitCode, turns.result['status'], turns.result['num_turns']], [124, 'limit', 2]);
      const calls = await askStream(['--max-tool-calls', '1', 'go on'], environment);
      assert.deepEqual([calls.exitCode, calls.result['status'], calls.result['num_tool_calls']], [124, 'limit', 2]);
    });
    await withModel(['hang'], async (environment) => {
      const { exitCode, result } = await askStream(['--timeout', '500ms', 'wait'], environment);
      assert.deepEqual([exitCode, result['status']], [124, 'limit']);
      assert.match(JSON.stringify(result['error']), /500 ms/);
    });
  });

  test('130: interrupted in the turn', async () => {
    const asked = Promise.withResolvers<void>();
    const model = await createChatCompletions(() => {
      asked.resolve();
      return 'hang';
    });
    const environment = { ...server.environment, LLM_MODEL: 'openai:double', OPENAI_BASE_URL: model.baseUrl };
    const child = startAgentProcess(['ask', '--output', 'stream-json', 'wait'], environment);
    const finished = finish(child);
    await asked.promise;
    child.kill('SIGTERM');
    const { exitCode, stdout } = await finished;
    await model.close();
    const { result } = readStreamJson(stdout);
    assert.deepEqual([exitCode, result['exit_code'], result['status']], [130, 130, 'interrupted']);
  });
});

describe('stream-json', () => {
  test('is whole for a reader that stalls until everything was written, with U+2028 in the answer', async () => {
    const piece = `line\u2028of\u2029text\u0085and ${'x'.repeat(1_000)}\n`;
    const count = 3_000;
    const sent = Promise.withResolvers<void>();
    const model = await createChatCompletions(
      () => Array.from({ length: count }, () => ({ content: piece })),
      sent.resolve,
    );
    const environment = { ...server.environment, LLM_MODEL: 'openai:double', OPENAI_BASE_URL: model.baseUrl };
    const child = startAgentProcess(['ask', '--output', 'stream-json', 'tell'], environment);
    // Nobody reads stdout: the pipe fills long before the three megabytes are through.
    await sent.promise;
    const { exitCode, stdout } = await finish(child);
    await model.close();
    const { lines, result } = readStreamJson(stdout);
    assert.deepEqual([exitCode, result['status']], [0, 'ok']);
    assert.equal(result['answer'], piece.repeat(count));
    const deltas = lines.filter(({ type }) => type === 'message').map(({ delta }) => delta);
    assert.equal(deltas.join(''), piece.repeat(count));
  });

  test('tells what the model thinks aloud apart from what it says', async () => {
    const deltas = [{ reasoning_content: 'Hm.' }, { content: 'Yes.' }];
    await withModel([deltas], async (environment) => {
      const { result, ofType } = await askStream(['well?'], {
        ...environment,
        LLM_MODEL: 'openai-compatible:double',
        LLM_BASE_URL: environment['OPENAI_BASE_URL'],
      });
      assert.equal(
        ofType('reasoning')
          .map(({ delta }) => delta)
          .join(''),
        'Hm.',
      );
      assert.equal(result['answer'], 'Yes.');
    });
  });
});

describe('ask', () => {
  test('--output json gives the result alone', async () => {
    const { stdout, exitCode } = await runAgent(['ask', '--output', 'json', 'What is 2 + 40?'], server.environment);
    const { lines, result } = readStreamJson(stdout);
    assert.deepEqual([lines.length, exitCode, result['answer']], [1, 0, '(demo) add(2, 40) → 42']);
  });

  test('--quiet leaves stderr to refusals and errors', async () => {
    const fine = await runAgent(['ask', '--quiet', 'What is 2 + 40?'], server.environment);
    assert.deepEqual([fine.stdout, fine.stderr], ['(demo) add(2, 40) → 42\n', '']);
    const refused = await runAgent(['ask', '--quiet', '--deny', 'add', 'What is 2 + 40?'], server.environment);
    assert.equal(refused.exitCode, 5);
    assert.match(refused.stderr, /^✗ local add refused: .*--deny 'add'/);
  });

  test('--allow lets one tool run and no other; a pattern that matches nothing is told of', async () => {
    const { exitCode, stdout, stderr } = await runAgent(
      ['ask', '--allow', 'local.create_*', '--allow', 'local.creat_note', 'create_note Milk'],
      server.environment,
    );
    assert.equal(exitCode, 0, stderr);
    assert.match(stdout, /Created Milk/);
    assert.match(stderr, /--allow local\.creat_note matches no tool/);
    const other = await runAgent(['ask', '--allow', 'other.*', 'create_note Milk'], server.environment);
    assert.equal(other.exitCode, 5);
  });

  test('appends what is piped in, and takes it for the request when there is no other', async () => {
    const pipe = async (args: readonly string[], text: string) => {
      const child = startAgentProcess(['ask', ...args], server.environment, 'pipe');
      child.stdin?.end(text);
      return (await finish(child)).stdout;
    };
    assert.equal(await pipe([], 'What is 2 + 40?\n'), '(demo) add(2, 40) → 42\n');
    assert.equal(await pipe(['multiply 6 by 7'], 'add 2 and 40'), '(demo) multiply(6, 7) → 42\nadd(2, 40) → 42\n');
  });

  test('does not wait for a pipe that nobody writes to', async () => {
    // Open until the test ends it: as a program leaves it that starts us without a thought.
    const child = startAgentProcess(['ask', 'What is 2 + 40?'], server.environment, 'pipe');
    const { exitCode, stdout, stderr } = await finish(child);
    child.stdin?.destroy();
    assert.deepEqual([exitCode, stdout], [0, '(demo) add(2, 40) → 42\n']);
    assert.match(stderr, /Nothing came on standard input/);
  });

  test('goes on with a conversation, which can be listed, shown, exported and deleted', async () => {
    const XDG_STATE_HOME = join(directory, 'state');
    await withModel([[{ content: 'one' }], [{ content: 'two' }], [{ content: 'three' }]], async (base, model) => {
      const environment = { ...base, XDG_STATE_HOME };
      const run = async (...args: string[]) => (await runAgent(args, environment)).stdout;
      await run('ask', 'first');
      await run('ask', '--continue', 'second');
      const [thread] = JSON.parse(await run('threads', 'list', '--json'));
      assert.deepEqual([thread.title, thread.model, thread.turns], ['first', 'openai:double', 2]);
      await run('ask', '--resume', thread.id.slice(0, 8), 'third');
      const roles = (model.requests[2]?.['messages'] ?? []) as { role: string; content: string }[];
      assert.deepEqual(
        roles.slice(1).map(({ content }) => content),
        ['first', 'one', 'second', 'two', 'third'],
      );
      assert.match(await run('threads', 'list'), /^[0-9a-f]{8} {2}.* 3 turns {2}openai:double {2}first\n$/);
      assert.match(
        await run('threads', 'show', thread.id),
        /^# first\n[\s\S]*## User\n\nthird\n\n## Assistant\n\nthree\n$/,
      );
      const exported = JSON.parse(await run('threads', 'export', thread.id.slice(0, 6), '--format', 'openai'));
      assert.deepEqual(exported.at(-1), { role: 'assistant', content: 'three' });
      assert.match(await run('threads', 'delete', thread.id), /^Deleted /);
      assert.equal(await run('threads', 'list'), 'No conversations yet.\n');
      const gone = await runAgent(['threads', 'show', thread.id], environment);
      assert.deepEqual([gone.exitCode, gone.stdout], [2, '']);
    });
  });

  test('keeps no conversation where the environment says so', async () => {
    const XDG_STATE_HOME = join(directory, 'stateless');
    const environment = { ...server.environment, XDG_STATE_HOME, THREAD_STORE: 'none' };
    assert.equal((await runAgent(['ask', 'What is 2 + 40?'], environment)).exitCode, 0);
    const listed = await runAgent(['threads', 'list'], { ...environment, THREAD_STORE: 'file' });
    assert.equal(listed.stdout, 'No conversations yet.\n');
    assert.equal((await runAgent(['threads', 'list'], environment)).exitCode, 2);
  });

  test('--schema gives the JSON alone', async () => {
    const schema = join(directory, 'sum.json');
    await writeFile(schema, '{"type":"object","properties":{"sum":{"type":"number"}},"required":["sum"]}');
    await withModel([[{ content: 'It is 42.' }], [{ content: '{"sum": 42}' }]], async (environment, model) => {
      const { exitCode, stdout } = await runAgent(['ask', '--schema', schema, 'add'], environment);
      assert.deepEqual([exitCode, stdout, model.requests.length], [0, '{"sum":42}\n', 2]);
    });
  });
});
