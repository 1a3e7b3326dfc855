import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Agent, SessionStart } from '../../agent.ts';
import { AgentError } from '../../errors.ts';
import type { ServerState } from '../../mcp/servers.ts';
import type { TurnEnd, TurnEvent } from '../../turn-events.ts';
import { fakeTask } from '../fake-task.ts';
import { createLocalExecutor } from './local-executor.ts';

const end = (changed: Partial<TurnEnd> = {}): TurnEnd => ({
  type: 'turn-end',
  status: 'ok',
  answer: 'done',
  error: undefined,
  usage: undefined,
  modelCalls: 1,
  toolCalls: 0,
  denials: [],
  missingScopes: [],
  durationMs: 1,
  ...changed,
});

interface Scripted {
  readonly turn?: (request: string, signal: AbortSignal) => AsyncIterable<TurnEvent>;
  readonly states?: ServerState[];
  readonly fingerprint?: string;
}

/** The part of an agent that the executor uses, scripted; `log` has what was asked of it. */
function scriptedAgent({ turn, states = ['connected'], fingerprint = 'f' }: Scripted = {}) {
  const log: string[] = [];
  const starts: SessionStart[] = [];
  const agent = {
    servers: {
      statuses: () => states.map((state, index) => ({ name: `server-${index}`, state, detail: 'Try this.' })),
      tools: () => [{ name: 'add', server: 'server-0', fingerprint }],
      reconnect: async (name: string) => {
        log.push(`reconnect ${name}`);
        states.splice(0, 1, log.length > 1 ? 'connected' : (states[0] ?? 'connected'));
      },
    },
    notices: ['no LLM'],
    model: () => ({ label: 'fake:model', maxInputTokens: undefined }),
    startSession: (start: SessionStart) => {
      starts.push(start);
      return {
        run:
          turn ??
          async function* (request: string) {
            log.push(request);
            yield end();
          },
      };
    },
    close: async () => void log.push('close'),
  };
  // The executor uses no more of an agent than this.
  return { agent: agent as unknown as Agent, log, starts };
}

const never = new AbortController().signal;
const attempt = (changed = {}) => ({ task: fakeTask('one', changed), attempt: 1 });

describe('the local executor', () => {
  test('tasks with the same needs share one agent, started once and closed once; others have their own', async () => {
    const started: string[] = [];
    const { agent, log } = scriptedAgent();
    const executor = createLocalExecutor({
      startAgentFor: async (needs) => {
        started.push(JSON.stringify(needs));
        return agent;
      },
    });
    await Promise.all([
      executor.run(attempt({ servers: ['a', 'b'] }), never),
      executor.run(attempt({ servers: ['b', 'a'] }), never),
      executor.run(attempt({ model: 'other' }), never),
      executor.run(attempt({ actingAs: { kind: 'profile', name: 'alice' } }), never),
    ]);
    assert.equal(started.length, 3);
    await executor.close();
    assert.equal(log.filter((line) => line === 'close').length, 3);
  });

  test('each attempt has a conversation of its own, with what the task allows and no more', async () => {
    const { agent, starts } = scriptedAgent();
    const executor = createLocalExecutor({ startAgentFor: async () => agent });
    await executor.run(attempt({ approve: ['create_*'], limits: { maxTurns: 3 }, timeoutMs: 5_000 }), never);
    assert.deepEqual(starts, [
      {
        isEphemeral: true,
        approval: { mode: 'read-only', allow: ['create_*'], deny: [] },
        limits: { maxTurns: 3, timeoutMs: 5_000 },
      },
    ]);
  });

  test('what a person should know is said: of each agent once, and of each turn', async () => {
    const heard: string[] = [];
    const { agent } = scriptedAgent({
      turn: async function* () {
        yield { type: 'notice', text: 'another model went on' };
        yield end();
      },
    });
    const executor = createLocalExecutor({ startAgentFor: async () => agent, onNotice: (text) => heard.push(text) });
    await executor.run(attempt(), never);
    await executor.run(attempt(), never);
    assert.deepEqual(heard, ['no LLM', 'another model went on', 'another model went on']);
  });

  test('a server that is disabled is none of a task’s, unless the task names it', async () => {
    const { agent } = scriptedAgent({ states: ['connected', 'disabled'] });
    const executor = createLocalExecutor({ startAgentFor: async () => agent });
    assert.equal((await executor.run(attempt(), never)).run.status, 'ok');
    const { run } = await executor.run(attempt({ servers: ['server-0', 'server-1'] }), never);
    assert.deepEqual([run.status, run.error?.code], ['error', 'invalid_configuration']);
    assert.match(run.error?.message ?? '', /server-1, which the task names, is disabled\. Try this\./);
  });

  test('calls, denials and results become the record and an OpenAI-style transcript', async () => {
    const call = { id: 'c1', name: 'delete', server: 's' };
    const { agent } = scriptedAgent({
      turn: async function* () {
        yield { type: 'text-delta', text: 'I will ' };
        yield { type: 'text-delta', text: 'delete.' };
        yield { type: 'tool-call', ...call, args: { id: 'n-1' } };
        yield { type: 'tool-call', ...call, id: 'c2', name: 'list', args: {} };
        yield { type: 'approval', ...call, decision: 'denied', by: 'policy', reason: 'no' };
        yield {
          type: 'tool-result',
          ...call,
          text: 'refused',
          error: { code: 'tool_refused', message: 'no', missingScopes: [] },
          durationMs: 0,
        };
        yield { type: 'tool-result', ...call, id: 'c2', name: 'list', text: '[]', error: undefined, durationMs: 7 };
        yield { type: 'text-delta', text: 'Refused.' };
        yield end({
          status: 'blocked',
          answer: 'Refused.',
          modelCalls: 2,
          usage: { inputTokens: 5, outputTokens: 2, costUsd: 0.1 },
        });
      },
    });
    const { run } = await createLocalExecutor({ startAgentFor: async () => agent }).run(attempt(), never);
    assert.equal(run.status, 'blocked');
    assert.deepEqual(
      run.calls.map(({ name, outcome, text }) => [name, outcome, text]),
      [
        ['delete', 'denied', 'refused'],
        ['list', 'ok', '[]'],
      ],
    );
    assert.deepEqual(run.messages, [
      { role: 'user', content: 'hello' },
      {
        role: 'assistant',
        content: 'I will delete.',
        tool_calls: [
          { id: 'c1', type: 'function', function: { name: 'delete', arguments: '{"id":"n-1"}' } },
          { id: 'c2', type: 'function', function: { name: 'list', arguments: '{}' } },
        ],
      },
      {
        role: 'tool',
        tool_call_id: 'c1',
        name: 'delete',
        content: 'refused',
        duration_ms: 0,
        error: 'tool_refused',
        denied: true,
      },
      { role: 'tool', tool_call_id: 'c2', name: 'list', content: '[]', duration_ms: 7 },
      { role: 'assistant', content: 'Refused.' },
    ]);
  });

  test('a conversation goes on after a refusal and ends with a failure; what it used adds up', async () => {
    const turns = [
      end({ status: 'blocked', usage: { inputTokens: 1, outputTokens: 1, costUsd: 1 } }),
      end({
        status: 'failed',
        error: { code: 'model_failed', message: 'broke' },
        usage: { inputTokens: 1, outputTokens: 1 },
      }),
    ];
    const asked: string[] = [];
    const { agent } = scriptedAgent({
      turn: async function* (request) {
        asked.push(request);
        yield turns.shift() ?? end();
      },
    });
    const { run } = await createLocalExecutor({ startAgentFor: async () => agent }).run(
      attempt({ turns: ['a', 'b', 'c'] }),
      never,
    );
    assert.deepEqual(asked, ['a', 'b']);
    assert.equal(run.status, 'error');
    assert.equal(run.error?.code, 'model_failed');
    assert.equal(run.modelCalls, 2);
    assert.deepEqual(run.usage, { inputTokens: 2, outputTokens: 2, costUsd: undefined });
  });

  test('the timeout of a task is one of its ends: a limit, with what there was until then', async () => {
    const timers: (() => void)[] = [];
    const { agent } = scriptedAgent({
      turn: async function* (_request, signal) {
        yield { type: 'text-delta', text: 'so far' };
        const aborted = Promise.withResolvers<void>();
        signal.addEventListener('abort', () => aborted.resolve());
        timers[0]?.();
        await aborted.promise;
        yield end({
          status: 'interrupted',
          answer: 'so far',
          error: { code: 'interrupted', message: 'The turn was cancelled.' },
        });
      },
    });
    const executor = createLocalExecutor({
      startAgentFor: async () => agent,
      startTimer: (_ms, callback) => {
        timers.push(callback);
        return () => undefined;
      },
    });
    const { run } = await executor.run(attempt({ timeoutMs: 60_000 }), never);
    assert.deepEqual([run.status, run.answer, run.error?.code], ['limit', 'so far', 'limit']);
    assert.match(run.error?.message ?? '', /timeout of 60000 ms/);
  });

  test('a turn that does not end although it was told to is left behind', async () => {
    const timers: (() => void)[] = [];
    const { agent } = scriptedAgent({
      turn: async function* () {
        await new Promise(() => undefined);
        yield end();
      },
    });
    const executor = createLocalExecutor({
      startAgentFor: async () => agent,
      startTimer: (_ms, callback) => {
        timers.push(callback);
        // Time flies: the timeout, then the grace.
        setImmediate(callback);
        return () => undefined;
      },
    });
    const { run } = await executor.run(attempt(), never);
    assert.equal(run.status, 'limit');
    assert.equal(timers.length, 2);
  });

  test('an aborted attempt has no result', async () => {
    const stop = new AbortController();
    const { agent } = scriptedAgent({
      turn: async function* () {
        stop.abort();
        yield end({ status: 'interrupted' });
      },
    });
    const executor = createLocalExecutor({ startAgentFor: async () => agent });
    await assert.rejects(executor.run(attempt(), stop.signal), { code: 'interrupted' });
    await assert.rejects(executor.run(attempt(), AbortSignal.abort()), { code: 'interrupted' });
  });

  test('an abort does not wait for an agent that is still starting', async () => {
    const stop = new AbortController();
    const executor = createLocalExecutor({ startAgentFor: () => new Promise(() => undefined) });
    const running = executor.run(attempt(), stop.signal);
    stop.abort();
    await assert.rejects(running, { code: 'interrupted' });
  });

  test('no agent is an error of the attempt, and the next one tries again', async () => {
    let starts = 0;
    const { agent } = scriptedAgent();
    const executor = createLocalExecutor({
      startAgentFor: async () => {
        starts += 1;
        if (starts === 1) throw new AgentError('unreachable', 'nobody there');
        return agent;
      },
    });
    const first = await executor.run(attempt(), never);
    assert.deepEqual([first.run.status, first.run.error], ['error', { code: 'unreachable', message: 'nobody there' }]);
    assert.equal((await executor.run(attempt(), never)).run.status, 'ok');
  });

  test('a missing login is what a task may expect', async () => {
    const executor = createLocalExecutor({
      startAgentFor: () => Promise.reject(new AgentError('login_required', 'sign in')),
    });
    assert.equal((await executor.run(attempt(), never)).run.status, 'auth_required');
  });

  for (const [state, status, code] of [
    ['needs-login', 'auth_required', 'login_required'],
    ['expired', 'auth_required', 'login_required'],
    ['unreachable', 'error', 'unreachable'],
    ['error', 'error', 'protocol_error'],
  ] as const)
    test(`a server that is ${state} keeps the task from running: ${code}`, async () => {
      const { agent, starts } = scriptedAgent({ states: [state] });
      const { run } = await createLocalExecutor({ startAgentFor: async () => agent }).run(attempt(), never);
      assert.deepEqual([run.status, run.error?.code, starts.length], [status, code, 0]);
    });

  test('a server that went down is connected again', async () => {
    const { agent, log } = scriptedAgent({ states: ['unreachable'] });
    log.push('before');
    const { run } = await createLocalExecutor({ startAgentFor: async () => agent }).run(attempt(), never);
    assert.deepEqual([run.status, log[1]], ['ok', 'reconnect server-0']);
  });

  test('what answers is the model and the tools as they are described', async () => {
    const identityWith = async (fingerprint: string) =>
      createLocalExecutor({ startAgentFor: async () => scriptedAgent({ fingerprint }).agent }).identify(
        fakeTask('one'),
        never,
      );
    const first = await identityWith('f');
    assert.equal(first.model, 'fake:model');
    assert.deepEqual(await identityWith('f'), first);
    assert.notEqual((await identityWith('g')).toolsHash, first.toolsHash);
  });

  test('a slip of our own is no result', async () => {
    const executor = createLocalExecutor({ startAgentFor: () => Promise.reject(new TypeError('slip')) });
    await assert.rejects(executor.run(attempt(), never), TypeError);
  });
});
