import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createReasoningIntoText, createThoughtsIntoText, keepUsage, renameReasoning } from './completion-events.ts';
import { mendEvents } from './event-lines.ts';

const event = (delta: object) => ({ choices: [{ index: 0, delta }] });

test('the event with the count of tokens gets a choice, and the others stay what they are', () => {
  assert.deepEqual(keepUsage({ choices: [], usage: { prompt_tokens: 5 } }), {
    choices: [{ index: 0, delta: {}, finish_reason: null }],
    usage: { prompt_tokens: 5 },
  });
  const other = event({ content: 'a' });
  assert.equal(keepUsage(other), other);
});

test('reasoning gets the name that the package reads, unless it has it', () => {
  assert.deepEqual(renameReasoning(event({ reasoning: 'Hmm' })), event({ reasoning_content: 'Hmm' }));
  for (const delta of [
    { content: 'a' },
    { reasoning: null, content: 'a' },
    { reasoning: 'a', reasoning_content: 'a' },
  ]) {
    const other = event(delta);
    assert.equal(renameReasoning(other), other);
  }
});

test('reasoning is written between tags, which a text or a call closes', () => {
  const text = createReasoningIntoText();
  assert.deepEqual(
    [{ role: 'assistant' }, { reasoning: 'Hm' }, { reasoning: 'm' }, {}, { content: 'Five' }, { content: '.' }].map(
      (delta) => text(event(delta)),
    ),
    [
      event({ role: 'assistant' }),
      event({ reasoning: 'Hm', content: '<think>Hm' }),
      event({ reasoning: 'm', content: 'm' }),
      event({}),
      event({ content: '</think>Five' }),
      event({ content: '.' }),
    ],
  );
  const call = createReasoningIntoText();
  call(event({ reasoning: 'Hmm' }));
  assert.deepEqual(call(event({ tool_calls: [] })), event({ tool_calls: [], content: '</think>' }));
});

test('events are mended however the network cuts them, and everything else goes through', async () => {
  const lines =
    ': comment\r\ndata: {"choices":[],"é":1}\r\n\ndata: [DONE]\ndata: {broken\ndata: {"choices":[],"x":"\\n"}';
  const bytes = new TextEncoder().encode(lines);
  const body = new ReadableStream({
    start: (controller) => {
      for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
      controller.close();
    },
  });
  const mended = mendEvents(new Response(body, { headers: { 'content-type': 'text/event-stream' } }), () => keepUsage);
  const choices = '"choices":[{"index":0,"delta":{},"finish_reason":null}]';
  assert.equal(
    await mended.text(),
    `: comment\r\ndata: {${choices},"é":1}\n\ndata: [DONE]\ndata: {broken\ndata: {${choices},"x":"\\n"}`,
  );
  assert.equal(mended.headers.get('content-type'), 'text/event-stream');
});

test('a thought and a text in one delta are told apart', () => {
  const mend = createReasoningIntoText();
  const [first, second] = [{ reasoning: 'a', content: 'b' }, { content: 'c' }].map((delta) => mend(event(delta)));
  assert.deepEqual([first, second], [event({ reasoning: 'a', content: '<think>a</think>b' }), event({ content: 'c' })]);
});

test("a list of Mistral's becomes a text, the thoughts between tags", () => {
  const mend = createThoughtsIntoText();
  const thinking = (text: string) => ({ type: 'thinking', thinking: [{ type: 'text', text }] });
  const said = [[thinking('a')], [thinking('b'), { type: 'text', text: 'c' }], 'd'].map((content) => {
    const { choices } = mend(event({ content }));
    return Object(choices)[0].delta.content;
  });
  assert.deepEqual(said, ['<think>a', 'b</think>c', 'd']);
});
