// The main job, end to end: processes and servers as people run them, over real HTTP.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { finish, runAgent, startAgentProcess } from './support/agent-process.ts';
import { createChatCompletions, toolCallDeltas } from './support/chat-completions.ts';
import { startTestServer, type TestServer } from './support/mcp-server.ts';
import { freePorts } from './support/ports.ts';
import { createSigningIssuer } from './support/signing-issuer.ts';
import { machineToken } from './support/tokens.ts';

describe('agent, authorization server and MCP server', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  test('a newcomer’s question reaches the protected tool: 401, discovery, token, call, answer', async () => {
    const { exitCode, stdout, stderr } = await runAgent(['ask', 'What is 2 + 40?'], server.environment);
    assert.equal(stdout, '(demo) add(2, 40) → 42\n');
    assert.equal(exitCode, 0);
    assert.match(stderr, /^demo model: not an LLM.*\n→ local add \{"a":2,"b":40\}\n← local add 42 \([\d.]+ ms\)\n$/);
    const events = server
      .log()
      .map(({ event, client_id, tool, outcome, refusal }) =>
        [event, client_id ?? refusal, tool, outcome].filter(Boolean),
      );
    const from = events.findIndex(([event]) => event === 'ready') + 1;
    assert.deepEqual(
      events.slice(from).filter(([event]) => event !== 'keys-fetched' && event !== 'request'),
      [
        ['request-refused', 'no_credential'],
        ['token-issued', 'local-agent'],
        ['tool-call', 'local-agent', 'add', 'ok'],
      ],
    );
  });

  test('C5: the next run uses the same token, since issuers bill by token', async () => {
    const stateHome = await mkdtemp(join(tmpdir(), 'agent-state-'));
    const issued = () => server.log().filter(({ event }) => event === 'token-issued').length;
    const before = issued();
    for (let run = 0; run < 3; run += 1) {
      const { stdout } = await runAgent(['ask', 'add 2 and 40'], { ...server.environment, XDG_STATE_HOME: stateHome });
      assert.equal(stdout, '(demo) add(2, 40) → 42\n');
    }
    assert.equal(issued() - before, 1);
    await rm(stateHome, { recursive: true });
  });

  test('a tool error is part of the answer', async () => {
    const { exitCode, stdout } = await runAgent(['ask', 'divide 1 by 0'], server.environment);
    assert.match(stdout, /^\(demo\) .*Division by zero/);
    assert.equal(exitCode, 0);
  });

  test('several tools in one turn', async () => {
    const { stdout } = await runAgent(['ask', 'add 2 and 40; multiply 6 by 7'], server.environment);
    assert.match(stdout, /add\(2, 40\) → 42/);
    assert.match(stdout, /multiply\(6, 7\) → 42/);
  });

  test('a real provider package gets the tools as the server describes them, and its answer is streamed', async () => {
    const model = await createChatCompletions((index) =>
      index === 0 ? toolCallDeltas('add', { a: 2, b: 40 }) : [{ content: 'It is ' }, { content: '42.' }],
    );
    const { exitCode, stdout } = await runAgent(['ask', '--model', 'openai:double', 'What is 2 + 40?'], {
      ...server.environment,
      OPENAI_BASE_URL: model.baseUrl,
      OPENAI_API_KEY: 'sk-test',
    });
    await model.close();
    assert.deepEqual([stdout, exitCode], ['It is 42.\n', 0]);
    const [first, second] = model.requests;
    const tools = first?.['tools'] as { function: { name: string; parameters: Record<string, unknown> } }[];
    assert.deepEqual(
      tools.slice(0, 5).map((tool) => tool.function.name),
      ['add', 'subtract', 'multiply', 'divide', 'create_note'],
    );
    assert.deepEqual(tools[0]?.function.parameters['required'], ['a', 'b']);
    const messages = second?.['messages'] as { role: string; content: unknown }[];
    assert.deepEqual(
      messages.map(({ role }) => role),
      ['system', 'user', 'assistant', 'tool'],
    );
    assert.equal(messages.at(-1)?.content, '42');
  });

  test('a token from the request that Auth0’s dashboard prints opens the tool, and nothing else is needed', async () => {
    const { PORT } = server.environment;
    const { stdout, exitCode } = await runAgent(['ask', 'add 2 and 40'], {
      PORT,
      MCP_BEARER_TOKEN: await machineToken(server),
    });
    assert.deepEqual([stdout, exitCode], ['(demo) add(2, 40) → 42\n', 0]);
  });
});

describe('an exit code says why there is no answer', () => {
  test('2: wrong command line, configuration, model, key', async () => {
    const [port] = await freePorts(1);
    const nowhere = { MCP_SERVER_URL: `http://localhost:${port}/mcp` };
    const cases: readonly [string[], Record<string, string>, RegExp][] = [
      [['ask'], nowhere, /There is no request/],
      [['ask', '   '], nowhere, /There is no request/],
      [['aks', 'x'], nowhere, /unknown command 'aks'.*\n.*Did you mean ask/],
      [['ask', 'x', '--max-turns', '0'], nowhere, /--max-turns: expected a whole number from 1/],
      [
        ['ask', 'x'],
        { ...nowhere, AUTH_ISSUER: 'https://id.example', LLM_TEMPERATURE: 'hot' },
        /AUTH_CLIENT_ID: [\s\S]*LLM_TEMPERATURE: /,
      ],
      [['ask', 'x'], { ...nowhere, LLM_MODEL: 'opnai:gpt-5' }, /Did you mean openai\?/],
      [['ask', 'x'], { ...nowhere, LLM_MODEL: 'openai:gpt-5' }, /Set OPENAI_API_KEY/],
    ];
    for (const [args, environment, expected] of cases) {
      const { exitCode, stdout, stderr } = await runAgent(args, environment);
      assert.deepEqual([exitCode, stdout], [2, ''], `${args} ${stderr}`);
      assert.match(stderr, expected);
      assert.doesNotMatch(stderr, /\n\s+at /, 'no stack trace');
    }
  });

  test('4: the server is down, with the command that starts it', async () => {
    const [port] = await freePorts(1);
    const { exitCode, stderr } = await runAgent(['ask', 'x'], { PORT: String(port) });
    assert.equal(exitCode, 4);
    assert.match(stderr, /http:\/\/localhost:\d+\/mcp does not answer \(ECONNREFUSED\).*npm run server/);
  });

  describe('with a server', () => {
    let server: TestServer;
    before(async () => {
      server = await startTestServer();
    });
    after(() => server.close());

    test('3: the server refuses the token', async () => {
      const { PORT } = server.environment;
      const { exitCode, stderr } = await runAgent(['ask', 'x'], { PORT, MCP_BEARER_TOKEN: 'expired' });
      assert.equal(exitCode, 3);
      assert.match(stderr, /refused MCP_BEARER_TOKEN/);
    });

    test('3: the token lacks the scope of the tool', async () => {
      const [port] = await freePorts(1);
      const resource = `http://localhost:${port}/mcp`;
      const issuer = await createSigningIssuer(resource);
      const guarded = await startTestServer({ PORT: String(port), AUTH_ISSUER: issuer.issuer });
      const { exitCode, stdout, stderr } = await runAgent(['ask', 'add 2 and 40'], {
        PORT: String(port),
        MCP_BEARER_TOKEN: await issuer.sign({ scope: 'read:other' }),
      });
      await guarded.close();
      await issuer.close();
      assert.equal(exitCode, 3);
      assert.match(stdout, /lacks the scope read:add/);
      assert.match(stderr, /lacks the scope read:add/);
    });

    test('124: the turn used up its limit', async () => {
      const model = await createChatCompletions(() => toolCallDeltas('add', { a: 1, b: 1 }));
      const { exitCode, stdout, stderr } = await runAgent(['ask', '--max-turns', '3', 'go on'], {
        ...server.environment,
        LLM_MODEL: 'openai:double',
        OPENAI_BASE_URL: model.baseUrl,
      });
      await model.close();
      assert.deepEqual([exitCode, stdout, model.requests.length], [124, '', 3]);
      assert.match(stderr, /used up its 3 model calls.*--max-turns/);
    });

    test('130: interrupted', async () => {
      const asked = Promise.withResolvers<void>();
      const model = await createChatCompletions(() => {
        asked.resolve();
        return 'hang';
      });
      const child = startAgentProcess(['ask', 'wait'], {
        ...server.environment,
        LLM_MODEL: 'openai:double',
        OPENAI_BASE_URL: model.baseUrl,
      });
      const finished = finish(child);
      await asked.promise;
      child.kill('SIGINT');
      const { exitCode, stderr } = await finished;
      await model.close();
      assert.equal(exitCode, 130);
      assert.match(stderr, /cancelled/);
    });
  });

  test('2: the server’s port is taken, said before anything else listens', async () => {
    const [port = 0, authPort] = await freePorts(2);
    const first = await startTestServer({ PORT: String(port) });
    await assert.rejects(startTestServer({ PORT: String(port), AUTH_SERVER_PORT: String(authPort) }), {
      code: 'port_taken',
      message: new RegExp(`Port ${port} is taken`),
    });
    await assert.rejects(fetch(`http://127.0.0.1:${authPort}`));
    await first.close();
  });
});

test('help and version answer without loading the agent', async () => {
  const { stdout, exitCode } = await runAgent(['--help'], {});
  assert.equal(exitCode, 0);
  assert.match(stdout, /ask .*\n[\s\S]*\n\s+chat /);
  const child = startAgentProcess(['--version'], {});
  assert.equal((await finish(child)).stdout, '0.1.0\n');
  assert.equal(child.exitCode, 0);
});
