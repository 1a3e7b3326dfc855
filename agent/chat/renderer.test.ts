import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TurnEvent } from '../turn-events.ts';
import { turnEnd } from './fake-terminal.ts';
import { liveLine, type RenderState, type RenderStyle, renderEvent, TURN_START } from './renderer.ts';
import { createPaint } from './terminal.ts';
import { widthOf } from './visible-text.ts';

const PLAIN: RenderStyle = { columns: 80, paint: createPaint(false) };
const ESCAPE = String.fromCharCode(0x1b);

test('text is shown as it streams, and the end of the turn ends its line', () => {
  assert.equal(render([delta('The sum '), delta('is 42.'), turnEnd({ answer: 'The sum is 42.' })]), 'The sum is 42.\n');
  assert.equal(render([delta('42\n'), turnEnd({})]), '42\n');
});

test('a tool call and its result stand on lines of their own', () => {
  const events = [delta('Let me add.'), call({}), result({ text: '42' }), delta('42.'), turnEnd({})];
  assert.equal(render(events), 'Let me add.\n⚙ add {"a":2,"b":40} · local\n  ✓ 42  (12 ms)\n42.\n');
});

test('a failed call shows its message, and a long one its seconds', () => {
  const error = { code: 'tool_failed', message: 'no such note', missingScopes: [] } as const;
  assert.equal(
    render([call({}), result({ error, durationMs: 3.4 })]),
    '⚙ add {"a":2,"b":40} · local\n  ✗ no such note  (3 ms)\n',
  );
  assert.match(render([call({}), result({ durationMs: 61_240 })]), /\(61\.2 s\)/);
});

test('a call that lacks a scope names the scope, however long the message', () => {
  const failed = (missingScopes: string[]) =>
    render([call({}), result({ error: { code: 'insufficient_scope', message: 'x'.repeat(200), missingScopes } })]);
  assert.match(failed(['read:add']), /✗ needs scope read:add: xxx/);
  assert.match(failed(['a', 'b']), /✗ needs scopes a b: xxx/);
});

test('results of parallel calls name their tool, down to the last of them', () => {
  const events = [
    call({ id: '1' }),
    call({ id: '2', name: 'echo', args: {} }),
    result({ id: '2', name: 'echo', text: 'hi' }),
    result({ id: '1', text: '42' }),
    call({ id: '3' }),
    result({ id: '3', text: '43' }),
  ];
  assert.deepEqual(render(events).match(/^ {2}.*$/gm), [
    '  ✓ echo → hi  (12 ms)',
    '  ✓ add → 42  (12 ms)',
    '  ✓ 43  (12 ms)',
  ]);
});

test('results of parallel calls of one tool are told apart by their arguments', () => {
  const events = [
    call({ id: '1', args: { a: 1 } }),
    call({ id: '2', args: { a: 2 } }),
    result({ id: '2', text: '4' }),
    result({ id: '1', text: '2' }),
  ];
  assert.deepEqual(render(events).match(/^ {2}.*$/gm), [
    '  ✓ add {"a":2} → 4  (12 ms)',
    '  ✓ add {"a":1} → 2  (12 ms)',
  ]);
});

test('no line of a call or result is wider than the terminal', () => {
  const events = [
    call({ args: { text: '日本語'.repeat(99) } }),
    result({ text: 'line\n'.repeat(99) }),
    call({ id: '2', name: 'x'.repeat(99) }),
    call({ id: '3', name: 'x'.repeat(99) }),
    result({ id: '3', name: 'x'.repeat(99), text: 'y'.repeat(99) }),
  ];
  for (const columns of [40, 80, 133]) {
    const lines = render(events, { ...PLAIN, columns }).split('\n');
    for (const line of lines) assert.ok(widthOf(line) <= columns, line);
    assert.match(lines[0] ?? '', /… · local$/);
    assert.match(lines[1] ?? '', /^ {2}✓ line⏎line.*… {2}\(12 ms\)$/);
  }
});

test('no escape sequence of a model, tool or server reaches the terminal', () => {
  const evil = `${ESCAPE}[2J${ESCAPE}]8;;http://evil\x07\x9b\u202E\u200B`;
  const error = { code: 'tool_failed', message: evil, missingScopes: [evil] } as const;
  const events: TurnEvent[] = [
    delta(evil),
    delta(ESCAPE),
    delta('[31m'),
    call({ name: evil, server: evil, args: { [evil]: evil } }),
    call({ id: '2', name: evil }),
    result({ name: evil, text: evil }),
    result({ id: '2', name: evil, text: evil, error }),
    turnEnd({ status: 'failed', answer: evil, error: { code: 'model_failed', message: evil } }),
    turnEnd({ status: 'limit', error: { code: 'limit', message: evil } }),
    turnEnd({ status: 'auth_required', missingScopes: [evil] }),
    reasoning(evil),
    progress({ name: evil, message: evil }),
    approval({ decision: 'denied', name: evil, reason: evil }),
    approval({ decision: 'edited', args: { [evil]: evil } }),
    { type: 'auth', server: evil, state: 'step-up', held: [evil], needed: [evil] },
    { type: 'notice', text: evil },
  ];
  for (const shown of [...events.map((one) => [one]), events])
    for (const style of [PLAIN, { ...PLAIN, markdown: true, live: true }]) {
      const played = play(shown, style);
      assert.doesNotMatch(played.shown + liveLine(played.state, style), /[[\p{Cc}\p{Cf}]--\n]/v);
    }
});

test('how a turn ended is said, after the partial answer', () => {
  const limit = turnEnd({ status: 'limit', error: { code: 'limit', message: '20 model calls' } });
  assert.equal(render([delta('so far'), limit]), 'so far\n[stopped at the limit: 20 model calls]\n');
  const interrupted = turnEnd({ status: 'interrupted', error: { code: 'interrupted', message: 'by you' } });
  assert.equal(render([delta('so f'), interrupted]), 'so f\n[interrupted]\n');
  const failed = turnEnd({ status: 'failed', error: { code: 'model_failed', message: 'no key\nset one' } });
  assert.equal(render([failed]), 'no key\nset one\n');
});

test('tokens are shown where the model reports them', () => {
  assert.equal(
    render([delta('hi'), turnEnd({ usage: { inputTokens: 12, outputTokens: 3 } })]),
    'hi\n12 tokens in · 3 out · 5 ms\n',
  );
});

test('an answer that was not streamed is shown at the end, and never twice', () => {
  assert.equal(
    render([call({}), result({}), turnEnd({ answer: '42' })])
      .split('\n')
      .at(-2),
    '42',
  );
  assert.equal(render([delta('42'), turnEnd({ answer: '42' })]), '42\n');
});

test('an error is red where colour is wanted', () => {
  const failed = turnEnd({ status: 'failed', error: { code: 'model_failed', message: 'no key' } });
  assert.equal(render([failed], { columns: 80, paint: createPaint(true) }), `${ESCAPE}[31mno key${ESCAPE}[39m\n`);
});

test('markdown is rendered where it is wanted, and each text between calls by itself', () => {
  const style = { ...PLAIN, markdown: true };
  const events = [
    delta('**Let me'),
    delta(' add**: '),
    call({}),
    result({}),
    delta('- `42`'),
    turnEnd({ answer: '- `42`' }),
  ];
  assert.equal(render(events, style), 'Let me add:\n⚙ add {"a":2,"b":40} · local\n  ✓ 42  (12 ms)\n• 42\n');
  assert.equal(render([turnEnd({ answer: '**42**' })], style), '42\n');
  assert.equal(render([delta('**42**'), turnEnd({})]), '**42**\n');
});

test('what a model thinks is one dim line, cut, and not part of the answer', () => {
  const events = [reasoning('First\nI add. '), reasoning('x'.repeat(5000)), delta('42'), turnEnd({ answer: '42' })];
  const [first = '', ...others] = render(events).split('\n');
  assert.match(first, /^∴ First I add\. x+…$/);
  assert.equal(widthOf(first), 80);
  assert.deepEqual(others, ['42', '']);
  assert.equal(liveOf([reasoning('one '), reasoning('two')]), '∴ one two');
});

test('progress is one line in place on a terminal, and a line for each tenth on a pipe', () => {
  const steps = Array.from({ length: 101 }, (_, step) => progress({ progress: step, total: 100, message: 'reading' }));
  const onPipe = render([call({}), ...steps]).split('\n');
  assert.equal(onPipe.length, 1 + 11 + 1);
  assert.equal(onPipe[2], '  ⋯ add 10/100 (10 %) reading');
  assert.equal(render([call({}), ...steps], { ...PLAIN, live: true }), render([call({})]));
  assert.equal(liveOf([call({}), progress({ progress: 40, total: 100 })]), '  ⋯ add 40/100 (40 %)');
  assert.equal(liveOf([call({}), progress({ progress: 7, total: undefined })]), '  ⋯ add 7');
});

test('the line in place names all calls that run, and none that has ended', () => {
  const both = [call({}), call({ id: '2', name: 'echo' }), progress({ id: '2', name: 'echo', progress: 1, total: 4 })];
  assert.equal(liveOf(both), '  ⋯ add · echo 1/4 (25 %)');
  assert.equal(liveOf([...both, result({})]), '  ⋯ echo 1/4 (25 %)');
  assert.equal(liveOf([...both, result({}), result({ id: '2' })]), '⋯');
  assert.equal(liveOf([...both, delta('a text')]), '');
});

test('an edited call shows what it is called with, and a denied one why, once', () => {
  const edited = approval({ decision: 'edited', by: 'person', args: { a: 1 } });
  assert.equal(render([call({}), edited]).split('\n')[1], '  ✎ edited to {"a":1}');
  const error = { code: 'tool_refused', message: 'Not allowed by the policy.', missingScopes: [] } as const;
  const denied = approval({ decision: 'denied', by: 'policy', reason: 'Allow it with --allow add' });
  assert.equal(
    render([call({}), denied, result({ error }), turnEnd({ status: 'blocked', denials: [] })]),
    '⚙ add {"a":2,"b":40} · local\n  ⊘ add not allowed: Allow it with --allow add\n[0 tool calls were not allowed]\n',
  );
  const byPerson = approval({ decision: 'denied', by: 'person', reason: '' });
  assert.equal(render([call({}), byPerson]).split('\n')[1], '  ⊘ add denied');
  assert.equal(render([call({}), approval({})]), render([call({})]));
});

test('what happens to a login is said with held and new scopes', () => {
  const auth = (state: 'login-needed' | 'step-up' | 'logged-in' | 'refused', needed: string[] = []) =>
    render([{ type: 'auth', server: 'notes', state, held: ['read:notes'], needed }]);
  assert.equal(auth('login-needed', ['read:notes']), '● notes needs a login for read:notes\n');
  assert.equal(auth('step-up', ['write:notes']), '● notes needs more: holds read:notes · new write:notes\n');
  assert.equal(auth('logged-in'), '● notes signed in · holds read:notes\n');
  assert.equal(auth('refused'), '● notes sign-in refused · holds read:notes\n');
});

test('a turn that lacks a login or a scope says which', () => {
  const end = turnEnd({
    status: 'auth_required',
    error: { code: 'insufficient_scope', message: 'Sign in again.' },
    missingScopes: ['write:notes'],
  });
  assert.equal(render([end]), 'Sign in again.\nmissing write:notes\n');
});

function render(events: readonly TurnEvent[], style: RenderStyle = PLAIN): string {
  return play(events, style).shown;
}

function liveOf(events: readonly TurnEvent[]): string {
  return liveLine(play(events, { ...PLAIN, live: true }).state, PLAIN);
}

function play(events: readonly TurnEvent[], style: RenderStyle): { state: RenderState; shown: string } {
  let state = TURN_START;
  let shown = '';
  for (const event of events) {
    const rendered = renderEvent(state, event, style);
    state = rendered.state;
    shown += rendered.text;
  }
  return { state, shown };
}

function reasoning(text: string): TurnEvent {
  return { type: 'reasoning-delta', text };
}

function progress(facts: Partial<Extract<TurnEvent, { type: 'tool-progress' }>>): TurnEvent {
  return {
    type: 'tool-progress',
    id: '1',
    name: 'add',
    server: 'local',
    progress: 0,
    total: 1,
    message: undefined,
    ...facts,
  };
}

function approval(facts: Partial<Extract<TurnEvent, { type: 'approval' }>>): TurnEvent {
  return {
    type: 'approval',
    id: '1',
    name: 'add',
    server: 'local',
    decision: 'allowed',
    by: 'policy',
    reason: '',
    ...facts,
  };
}

function delta(text: string): TurnEvent {
  return { type: 'text-delta', text };
}

function call(facts: Partial<Extract<TurnEvent, { type: 'tool-call' }>>): TurnEvent {
  return { type: 'tool-call', id: '1', name: 'add', server: 'local', args: { a: 2, b: 40 }, ...facts };
}

function result(facts: Partial<Extract<TurnEvent, { type: 'tool-result' }>>): TurnEvent {
  return {
    type: 'tool-result',
    id: '1',
    name: 'add',
    server: 'local',
    text: '42',
    error: undefined,
    durationMs: 12,
    ...facts,
  };
}
