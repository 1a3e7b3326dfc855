import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AIMessage } from '@langchain/core/messages';
import { fakeModel } from '@langchain/core/testing';
import {
  answer,
  assertEveryCallIsAnswered,
  calling,
  converse,
  endOf,
  ofType,
  toolsOf,
} from '../../test/support/scripted-conversation.ts';
import { createTestSession, loadedTools } from '../../test/support/session.ts';
import type { Verdict } from '../approval/policy.ts';
import type { ApprovalAnswer, ApprovalRequest } from '../approval.ts';
import { AgentError } from '../errors.ts';

const ASK: Verdict = { kind: 'ask' };

/** Tools that note each run, and a person who answers by the tool's argument. */
function setUp(answers: readonly (ApprovalAnswer | Error)[], decide: (name: string) => Verdict = () => ASK) {
  const runs: string[] = [];
  const tool =
    (name: string) =>
    async ({ n }: { n: number }) => {
      runs.push(`${name} ${n}`);
      return `${name} gave ${n}`;
    };
  const asked: ApprovalRequest[] = [];
  let openQuestions = 0;
  const call = (name: string, n: number) => ({ name, args: { n } });
  const start = (...turns: Parameters<typeof converse>[0]['turns']) =>
    converse({
      turns,
      tools: { read: tool('read'), write: tool('write') },
      decide: ({ name }) => decide(name),
      approve: async (request) => {
        openQuestions += 1;
        assert.equal(openQuestions, 1, 'one question at a time');
        asked.push(request);
        await Promise.resolve();
        openQuestions -= 1;
        const said = answers[asked.length - 1];
        if (said === undefined || said instanceof Error) throw said ?? new Error('nobody');
        return said;
      },
    });
  return { start, runs, asked, call };
}

describe('approval in a turn', () => {
  test('runs what was allowed, tells the model what was denied, and runs nothing twice', async () => {
    const { start, runs, asked, call } = setUp(
      [{ kind: 'once' }, { kind: 'deny', reason: 'Not on a Friday.' }],
      (name) => (name === 'read' ? { kind: 'allow' } : ASK),
    );
    const { run, model } = start(calling(call('read', 1), call('write', 2), call('write', 3)), answer('done'));
    const events = await run('go');
    assert.deepEqual(runs, ['read 1', 'write 2']);
    assert.deepEqual(
      asked.map(({ name, args }) => [name, args]),
      [
        ['write', { n: 2 }],
        ['write', { n: 3 }],
      ],
    );
    assert.deepEqual(
      ofType(events, 'approval').map(({ decision, by, reason }) => [decision, by, reason]),
      [
        ['allowed', 'policy', ''],
        ['allowed', 'person', ''],
        ['denied', 'person', 'Not on a Friday.'],
      ],
    );
    const results = model.calls[1]?.messages.filter((message) => message.getType() === 'tool').map(({ text }) => text);
    assert.deepEqual(results, [
      'read gave 1',
      'write gave 2',
      'The call was refused and did not run. Not on a Friday.',
    ]);
    const { status, denials, error, answer: said } = endOf(events);
    assert.deepEqual([status, error, said], ['blocked', undefined, 'done']);
    assert.deepEqual(
      denials.map(({ name, server, args, by, reason }) => [name, server, args, by, reason]),
      [['write', 'local', { n: 3 }, 'person', 'Not on a Friday.']],
    );
    assertEveryCallIsAnswered(model.calls[1]?.messages ?? []);
  });

  test('shows each call before it is asked about, and each result before the next model call', async () => {
    const { start, call } = setUp([{ kind: 'once' }, { kind: 'once' }]);
    const { run } = start(calling(call('write', 1), call('write', 2)), answer('done'));
    const types = (await run('go')).map(({ type }) => type);
    assert.deepEqual(types, [
      'tool-call',
      'tool-call',
      'approval-request',
      'approval-request',
      'approval',
      'approval',
      'tool-result',
      'tool-result',
      'text-delta',
      'turn-end',
    ]);
  });

  test('runs a call with the arguments that the person wrote, and says so to model and reader', async () => {
    const { start, runs, call } = setUp([{ kind: 'edit', args: { n: 7 } }]);
    const { run, model } = start(calling(call('write', 1)), answer('done'));
    const events = await run('go');
    assert.deepEqual(runs, ['write 7']);
    const [approval] = ofType(events, 'approval');
    assert.deepEqual([approval?.decision, approval?.args], ['edited', { n: 7 }]);
    assert.match(model.calls[1]?.messages.at(-1)?.text ?? '', /changed the arguments to \{"n":7\}[\s\S]*write gave 7/);
    assert.equal(endOf(events).status, 'ok');
  });

  test('takes a question that breaks for a no', async () => {
    const { start, runs, call } = setUp([new Error('the terminal is gone')]);
    const { run } = start(calling(call('write', 1)), answer('done'));
    const events = await run('go');
    assert.deepEqual(runs, []);
    assert.match(endOf(events).denials[0]?.reason ?? '', /no answer.*the terminal is gone/);
  });

  test('ends when the person cancels at the question, and the next turn works', async () => {
    const interrupt = new AbortController();
    const runs: string[] = [];
    const { run, model } = converse({
      turns: [calling({ name: 'read', args: { n: 1 } }, { name: 'write', args: { n: 2 } }), answer('fine')],
      tools: {
        read: async () => {
          runs.push('read');
          return 'was read';
        },
        write: async () => {
          runs.push('write');
          return 'was written';
        },
      },
      decide: ({ name }) => (name === 'read' ? { kind: 'allow' } : ASK),
      approve: (_request, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
          interrupt.abort();
        }),
    });
    const cancelled = await run('go', interrupt.signal);
    assert.equal(endOf(cancelled).status, 'interrupted');
    assert.equal(endOf(await run('and now?')).answer, 'fine');
    assert.deepEqual(runs, ['read']);
    const messages = model.calls.at(-1)?.messages ?? [];
    assertEveryCallIsAnswered(messages);
    // What was done stays known; what was not says so.
    const results = messages.filter((message) => message.getType() === 'tool').map(({ text }) => text);
    assert.deepEqual(results, ['was read', 'Cancelled by the user before there was a result.']);
  });

  test('does not ask again about what an answer to a sibling has settled', async () => {
    const allowed = new Set<string>();
    let asked = 0;
    const { run } = converse({
      turns: [calling({ name: 'write', args: { n: 1 } }, { name: 'write', args: { n: 2 } }), answer('done')],
      tools: { write: async ({ n }) => String(n) },
      decide: ({ name }) => (allowed.has(name) ? { kind: 'allow' } : ASK),
      approve: async () => {
        asked += 1;
        return { kind: 'tool-for-session' };
      },
      remember: async ({ name }) => void allowed.add(name),
    });
    const events = await run('go');
    assert.equal(asked, 1);
    assert.deepEqual(
      ofType(events, 'approval').map(({ by, decision }) => [by, decision]),
      [
        ['person', 'allowed'],
        ['policy', 'allowed'],
      ],
    );
    assert.equal(ofType(events, 'tool-result').length, 2);
  });

  test('holds to a no about one call, although the same tool was allowed for the session after it', async () => {
    const allowed = new Set<string>();
    const runs: number[] = [];
    const answers: ApprovalAnswer[] = [{ kind: 'deny', reason: 'not this' }, { kind: 'tool-for-session' }];
    const { run } = converse({
      turns: [calling({ name: 'write', args: { n: 1 } }, { name: 'write', args: { n: 2 } }), answer('done')],
      tools: {
        write: async ({ n }) => {
          runs.push(n);
          return String(n);
        },
      },
      decide: ({ name }) => (allowed.has(name) ? { kind: 'allow' } : ASK),
      approve: async () => answers.shift() ?? { kind: 'deny', reason: '' },
      remember: async ({ name }, { kind }) => {
        if (kind === 'tool-for-session') allowed.add(name);
      },
    });
    await run('go');
    assert.deepEqual(runs, [2]);
  });

  test('asks about a later call anew, though the model gave it the id of an earlier one', async () => {
    const { start, runs, asked } = setUp([{ kind: 'once' }, { kind: 'deny', reason: 'enough' }]);
    const same = () =>
      new AIMessage({ content: '', tool_calls: [{ id: 'call_0', name: 'write', args: { n: 1 }, type: 'tool_call' }] });
    const { run, model } = start(same(), same(), answer('done'));
    const events = await run('go');
    assert.deepEqual([runs.length, asked.length, endOf(events).denials.length], [1, 2, 1]);
    assert.deepEqual(
      model.calls[2]?.messages.slice(2).map(({ text }) => text),
      ['', 'write gave 1', '', 'The call was refused and did not run. enough'],
    );
  });

  test('refuses by policy without asking anybody, with the reason', async () => {
    const { start, runs, asked, call } = setUp([], () => ({ kind: 'deny', reason: "Allow it with --allow 'x'." }));
    const { run, model } = start(calling(call('write', 1)), answer('sorry'));
    const events = await run('go');
    assert.deepEqual([runs, asked], [[], []]);
    assert.equal(ofType(events, 'tool-result')[0]?.error?.code, 'tool_refused');
    assert.match(model.calls[1]?.messages.at(-1)?.text ?? '', /--allow 'x'/);
    assert.deepEqual([endOf(events).status, endOf(events).denials[0]?.by], ['blocked', 'policy']);
  });

  test('calls a tool that changed as it is after the person has accepted it', async () => {
    let isAccepted = false;
    const changed = {
      read: async (): Promise<string> => {
        throw new AgentError('tool_refused', 'has changed');
      },
    };
    const before = loadedTools(toolsOf(changed)).map((tool) => ({ ...tool, change: { before: 'a', after: 'b' } }));
    const after = loadedTools(toolsOf({ read: async () => 'as it is now' }));
    const model = fakeModel()
      .respond(calling({ name: 'read', args: { n: 1 } }))
      .respond(answer('done'));
    const session = createTestSession(
      {
        model,
        tools: [],
        decide: ({ change }) => (change ? ASK : { kind: 'allow' }),
        approve: async () => ({ kind: 'once' }),
        remember: async () => {
          isAccepted = true;
        },
      },
      { loadTools: () => (isAccepted ? after : before) },
    );
    const texts: string[] = [];
    for await (const event of session.run('go', new AbortController().signal))
      if (event.type === 'tool-result') texts.push(event.text);
    assert.deepEqual(texts, ['as it is now']);
  });
});
