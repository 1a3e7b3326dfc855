import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AIMessage, AIMessageChunk, type BaseMessage, HumanMessage, ToolMessage } from '@langchain/core/messages';
import { DynamicStructuredTool } from '@langchain/core/tools';
import { createDemoModel } from './demo.ts';

const ADD = createTool('add', 'Adds two numbers: a + b.');
const DIVIDE = createTool('divide', 'Divides a by b: a / b, also written a ÷ b.');
const TOOLS = [ADD, DIVIDE];

test('a request becomes a tool call with a message that has no text and no usage', async () => {
  const reply = await ask('What is 2 + 40?');
  assert.equal(reply.text, '');
  assert.deepEqual(callsOf(reply), [['add', { a: 2, b: 40 }]]);
  assert.equal(reply.usage_metadata, undefined);
});

test('several calls are made in one turn', async () => {
  const reply = await ask('add 2 and 40; divide 1 by 0');
  assert.deepEqual(callsOf(reply), [
    ['add', { a: 2, b: 40 }],
    ['divide', { a: 1, b: 0 }],
  ]);
});

for (const request of ['add 2 and 40; divide 1 by 0', 'tell me a joke', 'add 2'])
  test(`the stream for ${JSON.stringify(request)} adds up to what invoke gives`, async () => {
    const chunks: AIMessageChunk[] = [];
    for await (const chunk of await createDemoModel().bindTools(TOOLS).stream(request)) chunks.push(chunk);
    const [first, ...others] = chunks;
    assert.ok(first);
    const whole = others.reduce((sum, chunk) => sum.concat(chunk), first);
    const reply = await ask(request);
    assert.equal(whole.text, reply.text);
    assert.deepEqual(callsOf(whole), callsOf(reply));
    assert.equal(new Set(chunks.map(({ id }) => id)).size, 1);
    if (reply.text !== '') assert.ok(chunks.length > 5, 'streams word by word');
  });

test('the answer quotes every result, failures as such, and makes no further call', async () => {
  const request = new HumanMessage('add 2 and 40; divide 1 by 0');
  const call = await ask('add 2 and 40; divide 1 by 0');
  const answer = await reply([request, call, ...resultsFor(call, ['42', 'Division by zero: b must not be 0.'])]);
  assert.equal(answer.text, '(demo) add(2, 40) → 42\ndivide(1, 0) failed: Division by zero: b must not be 0.');
  assert.deepEqual(answer.tool_calls, []);
});

test('the answer names the part of the request that became no call', async () => {
  const call = await ask('add 2 and 40, then hello');
  const answer = await reply([new HumanMessage('add 2 and 40, then hello'), call, ...resultsFor(call, ['42'])]);
  assert.equal(answer.text, '(demo) add(2, 40) → 42\nNo tool matches "hello".');
});

test('content in blocks is read like content in a string', async () => {
  const blocks = (text: string) => [{ type: 'text' as const, text }];
  const request = new HumanMessage({ content: blocks('add 2 and 40') });
  const call = await reply([request]);
  assert.deepEqual(callsOf(call), [['add', { a: 2, b: 40 }]]);
  const id = call.tool_calls?.[0]?.id ?? '';
  const answer = await reply([request, call, new ToolMessage({ content: blocks('42'), tool_call_id: id })]);
  assert.equal(answer.text, '(demo) add(2, 40) → 42');
});

test('a call without a result is not passed over', async () => {
  const call = await ask('add 2 and 40');
  assert.equal((await reply([new HumanMessage('add 2 and 40'), call])).text, '(demo) add(2, 40) has no result.');
});

test('calls that a stream left in the thread count as made', async () => {
  const args = '{"a":2,"b":40}';
  const call = new AIMessageChunk({ content: '', tool_call_chunks: [{ index: 0, id: 'x', name: 'add', args }] });
  const result = new ToolMessage({ content: '42', tool_call_id: 'x' });
  const answer = await reply([new HumanMessage('add 2 and 40'), call, result]);
  assert.equal(answer.text, '(demo) add(2, 40) → 42');
});

test('every turn of a thread is answered by itself', async () => {
  const first = await ask('add 2 and 40');
  const thread = [new HumanMessage('add 2 and 40'), first, ...resultsFor(first, ['42']), new AIMessage('(demo) 42')];
  const second = await reply([...thread, new HumanMessage('divide 1 by 2')]);
  assert.deepEqual(callsOf(second), [['divide', { a: 1, b: 2 }]]);
});

test('ids of messages and calls are different in a thousand turns', async () => {
  const replies = await Promise.all(Array.from({ length: 1000 }, () => ask('add 2 and 40; divide 1 by 2')));
  assert.equal(new Set(replies.map(({ id }) => id)).size, 1000);
  assert.equal(new Set(replies.flatMap((reply) => reply.tool_calls?.map(({ id }) => id))).size, 2000);
});

test('an aborted signal ends invoke and stream', async () => {
  const model = createDemoModel().bindTools(TOOLS);
  await assert.rejects(model.invoke('add 2 and 40', { signal: AbortSignal.abort() }));
  const controller = new AbortController();
  const words: string[] = [];
  await assert.rejects(async () => {
    for await (const chunk of await model.stream('tell me a joke', { signal: controller.signal })) {
      words.push(chunk.text);
      controller.abort();
    }
  });
  assert.ok(words.length < 5);
});

test('without tools, and with tools of a form it does not know, the demo model says what it is', async () => {
  for (const model of [createDemoModel(), createDemoModel().bindTools([{ type: 'web_search' }])])
    assert.match((await model.invoke('add 2 and 40')).text, /^\(demo\) I am not an LLM: .*There are no tools/);
});

test('options given with the tools stay with the model', async () => {
  const model = createDemoModel().bindTools(TOOLS, { tags: ['x'] });
  assert.deepEqual(callsOf(await model.invoke('add 2 and 40')), [['add', { a: 2, b: 40 }]]);
});

function ask(request: string): Promise<AIMessage> {
  return reply([new HumanMessage(request)]);
}

function reply(messages: BaseMessage[]): Promise<AIMessage> {
  return createDemoModel().bindTools(TOOLS).invoke(messages);
}

function callsOf({ tool_calls }: Pick<AIMessage, 'tool_calls'>) {
  return (tool_calls ?? []).map(({ name, args }) => [name, args]);
}

/** The results of a message's calls; those that speak of zero are failures. */
function resultsFor({ tool_calls = [] }: Pick<AIMessage, 'tool_calls'>, texts: readonly string[]): ToolMessage[] {
  return tool_calls.map(({ id, name }, index) => {
    const content = texts[index] ?? '';
    const status = content.includes('zero') ? 'error' : 'success';
    return new ToolMessage({ content, name, status, tool_call_id: id ?? '' });
  });
}

function createTool(name: string, description: string) {
  return new DynamicStructuredTool({
    name,
    description,
    schema: { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } }, required: ['a', 'b'] },
    func: async () => '',
  });
}
