// An agent over real servers: its model is swapped in mid-conversation, its servers may be missing, its sessions have rules
// and stores of their own.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Agent, type SessionStart, startAgent } from '../agent/agent.ts';
import type { ApprovalRequest } from '../agent/approval.ts';
import { configure } from '../agent/configure.ts';
import type { Session } from '../agent/session.ts';
import { createChatCompletions } from './support/chat-completions.ts';
import { startTestServer, type TestServer } from './support/mcp-server.ts';
import { freePorts } from './support/ports.ts';
import { endOf } from './support/scripted-conversation.ts';

let server: TestServer;
let directory: string;
before(async () => {
  server = await startTestServer();
  directory = await mkdtemp(join(tmpdir(), 'agent-'));
});
after(async () => {
  await server.close();
  await rm(directory, { recursive: true });
});

async function withAgent<T>(work: (agent: Agent) => Promise<T>, extra: Record<string, string> = {}): Promise<T> {
  const agent = await startAgent(configure({ ...server.environment, XDG_STATE_HOME: directory, ...extra }));
  try {
    return await work(agent);
  } finally {
    await agent.close();
  }
}

async function say(session: Session, request: string) {
  const events = [];
  for await (const event of session.run(request, new AbortController().signal)) events.push(event);
  return { events, end: endOf(events) };
}

describe('an agent', () => {
  test('swaps its model for the next turn of every conversation', async () => {
    const model = await createChatCompletions(() => [{ content: 'I am another one.' }]);
    const keys = { OPENAI_API_KEY: 'sk-test', OPENAI_BASE_URL: model.baseUrl, LLM_MODEL: 'demo' };
    await withAgent(async (agent) => {
      const [first, second] = [agent.startSession(), agent.startSession()];
      assert.equal((await say(first, 'add 2 and 40')).end.answer, '(demo) add(2, 40) → 42');
      assert.equal(await agent.setModel('openai:double'), 'openai:double');
      assert.equal(agent.model().label, 'openai:double');
      for (const session of [first, second])
        assert.equal((await say(session, 'who are you?')).end.answer, 'I am another one.');
      const roles = ((model.requests[0]?.['messages'] ?? []) as { role: string }[]).map(({ role }) => role);
      assert.deepEqual(roles, ['system', 'user', 'assistant', 'tool', 'assistant', 'user']);
      // What cannot be had leaves it as it was.
      await assert.rejects(agent.setModel('anthropic:claude'), { code: 'missing_key' });
      await assert.rejects(agent.setModel('no-such-provider:x'), { code: 'invalid_configuration' });
      assert.equal(agent.model().label, 'openai:double');
      await agent.setModel('demo');
      assert.equal((await say(first, 'add 1 and 1')).end.answer, '(demo) add(1, 1) → 2');
    }, keys);
    await model.close();
  });

  test('draws its graph', async () => {
    const drawing = await withAgent((agent) => agent.drawGraph());
    for (const text of ['graph TD', 'model', 'tool', 'model -. &nbsp'])
      assert.ok(drawing.includes(text.slice(0, 5)), text);
  });

  test('starts without the servers that are down, and says which', async () => {
    const [port] = await freePorts(1);
    const file = join(directory, 'mcp.json');
    const mcpServers = { local: { url: server.url }, gone: { url: `http://localhost:${port}/mcp` } };
    await writeFile(file, JSON.stringify({ mcpServers }));
    await withAgent(
      async (agent) => {
        assert.match(agent.notices.join('\n'), /gone is not connected \(unreachable\): .*does not answer/);
        assert.deepEqual(
          agent.servers.statuses().map(({ name, state }) => [name, state]),
          [
            ['local', 'connected'],
            ['gone', 'unreachable'],
          ],
        );
        assert.equal((await say(agent.startSession(), 'add 2 and 40')).end.status, 'ok');
      },
      { MCP_CONFIG: file },
    );
  });

  test('does not start when no server is there', async () => {
    const [port] = await freePorts(1);
    await assert.rejects(
      withAgent(async () => undefined, { PORT: String(port) }),
      { code: 'unreachable' },
    );
  });
});

describe('a session', () => {
  const writing = (options: SessionStart) =>
    withAgent(async (agent) => (await say(agent.startSession(options), 'create_note Milk')).end);

  test('refuses what writes when there is nobody to ask, and asks when there is', async () => {
    assert.equal((await writing({})).status, 'blocked');
    const requests: ApprovalRequest[] = [];
    const { status } = await writing({
      approve: async (request) => {
        requests.push(request);
        return { kind: 'once' };
      },
    });
    const [request] = requests;
    assert.deepEqual([status, requests.length], ['ok', 1]);
    assert.deepEqual([request?.name, request?.server, request?.args], ['create_note', 'local', { title: 'Milk' }]);
    assert.deepEqual([request?.isTrusted, request?.scopes.needed], [true, ['write:notes']]);
    assert.equal(request?.annotations.readOnlyHint, false);
  });

  test('remembers an answer for good in the next agent, and one for the session in none', async () => {
    let asked = 0;
    const approve = (kind: 'always' | 'tool-for-session') => async () => {
      asked += 1;
      return { kind };
    };
    await writing({ approve: approve('tool-for-session') });
    await writing({ approve: approve('always') });
    await writing({ approve: approve('always') });
    assert.equal(asked, 2);
    // Where nobody is, what a person has said once does not widen the rules.
    assert.equal((await writing({ approval: { mode: 'read-only', allow: [], deny: [] } })).status, 'blocked');
  });

  test('lets its rules be changed between turns', async () => {
    await withAgent(async (agent) => {
      const session = agent.startSession({ approval: { mode: 'none', allow: [], deny: [] } });
      assert.equal((await say(session, 'add 2 and 40')).end.status, 'blocked');
      session.setApproval({ mode: 'all', allow: [], deny: [] });
      assert.equal(session.approval().settings.mode, 'all');
      assert.equal((await say(session, 'add 2 and 40')).end.status, 'ok');
    });
  });

  test('is taken up by its id, unless it was to leave no trace', async () => {
    const [lasting, fleeting] = await withAgent(async (agent) => {
      const sessions = [agent.startSession(), agent.startSession({ isEphemeral: true })] as const;
      for (const session of sessions) await say(session, 'add 2 and 40');
      const ids = (await agent.threads.list()).map(({ id }) => id);
      assert.ok(ids.includes(sessions[0].threadId) && !ids.includes(sessions[1].threadId));
      return sessions.map(({ threadId }) => threadId);
    });
    await withAgent(async (agent) => {
      assert.equal((await agent.threads.messages(lasting ?? '')).length, 4);
      assert.deepEqual(await agent.threads.messages(fleeting ?? ''), []);
      await say(agent.startSession({ threadId: lasting ?? '' }), 'add 1 and 1');
      assert.equal((await agent.threads.messages(lasting ?? '')).length, 8);
    });
  });

  test('holds to a limit of money only with a model whose price is known; the demo model costs nothing', async () => {
    const limits = { maxUsd: 0.01 };
    await withAgent(
      async (agent) => {
        assert.equal((await say(agent.startSession({ limits }), 'add 2 and 40')).end.status, 'ok');
        await agent.setModel('openai:nobody-knows-this-one');
        const { status, error } = (await say(agent.startSession({ limits }), 'add 2 and 40')).end;
        assert.deepEqual([status, error?.code], ['failed', 'usage']);
      },
      { OPENAI_API_KEY: 'sk-test', LLM_MODEL: 'demo' },
    );
  });

  test('sums its conversation up when the environment says how much the model takes', async () => {
    await withAgent(
      async (agent) => {
        const session = agent.startSession({ isEphemeral: true });
        const texts = [];
        for (let turn = 0; turn < 12; turn += 1) {
          const { events, end } = await say(session, `add ${turn} and 40 ${'please '.repeat(300)}`);
          assert.notEqual(end.status, 'failed', end.error?.message);
          texts.push(...events.flatMap((event) => (event.type === 'notice' ? [event.text] : [])));
        }
        assert.match(texts.join('\n'), /The conversation was summed up/);
      },
      { LLM_CONTEXT_TOKENS: '5000' },
    );
  });
});
