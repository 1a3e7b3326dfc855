import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AIMessage, type BaseMessage, HumanMessage, ToolMessage } from '@langchain/core/messages';
import { shapeMessages, WRITTEN_BY } from './message-shape.ts';
import type { ToolImages } from './provider.ts';

const DATA = 'data:image/png;base64,iVBORw0KGgo=';
/** The forms in which the adapter and LangChain hold an image. */
const IMAGES = [
  { type: 'image_url', image_url: { url: DATA } },
  { type: 'image_url', image_url: DATA },
  { type: 'image', source_type: 'base64', mime_type: 'image/png', data: 'iVBORw0KGgo=' },
  { type: 'image', mimeType: 'image/png', data: 'iVBORw0KGgo=' },
];

const result = (content: ToolMessage['content'], id = 'call_1') =>
  new ToolMessage({ content, tool_call_id: id, name: 'draw', status: 'success' });
const shape = (messages: BaseMessage[], toolImages: ToolImages) =>
  shapeMessages(messages, { label: 'openai:gpt-5', toolImages });

test('what needs no change is the same object', () => {
  const messages = [new HumanMessage('hi'), new AIMessage('hello'), result('42')];
  assert.deepEqual(shape(messages, 'none'), messages);
  shape(messages, 'none').forEach((message, index) => {
    assert.equal(message, messages[index]);
  });
});

for (const image of IMAGES)
  test(`an image as ${JSON.stringify(image).slice(0, 60)} goes where the model takes it`, () => {
    const messages = [result([{ type: 'text', text: 'Done.' }, image])];
    assert.deepEqual(shape(messages, 'in-result')[0]?.content, messages[0]?.content);
    const [text, beside] = shape(messages, 'beside');
    assert.equal(text?.content, 'Done.\n[an image; it follows after the results]');
    assert.deepEqual(beside?.content, [
      { type: 'text', text: 'Images that these tools returned, in order: draw.' },
      { type: 'image_url', image_url: { url: DATA, detail: 'auto' } },
    ]);
    const [note, ...others] = shape(messages, 'none');
    assert.match(String(note?.content), /^Done\.\n\[image of type image\/png; left out/);
    assert.equal(others.length, 0);
  });

test('images come after all results of the turn, so that nothing stands between calls and answers', () => {
  const messages = [result([...IMAGES.slice(0, 1)], 'call_1'), result('42', 'call_2'), new HumanMessage('and now?')];
  assert.deepEqual(
    shape(messages, 'beside').map((message) => message.getType()),
    ['tool', 'tool', 'human', 'human'],
  );
});

test('several texts become one, sound becomes a note, and nothing becomes a word', () => {
  const blocks = [
    { type: 'text', text: 'a' },
    { type: 'text', text: 'b' },
    { type: 'audio', mime_type: 'audio/wav', data: 'AAAA' },
  ];
  assert.match(String(shape([result(blocks)], 'none')[0]?.content), /^a\nb\n\[audio of type audio\/wav; left out/);
  assert.equal(shape([result([])], 'none')[0]?.content, '(no output)');
  assert.equal(shape([result('')], 'none')[0]?.content, '(no output)');
});

test('a result keeps its id, its name and its status', () => {
  const failed = new ToolMessage({ content: [], tool_call_id: 'call_9', name: 'draw', status: 'error' });
  const [shaped] = shape([failed], 'none');
  assert.ok(ToolMessage.isInstance(shaped));
  assert.deepEqual([shaped.tool_call_id, shaped.name, shaped.status], ['call_9', 'draw', 'error']);
});

test("another model's answer keeps its text and its calls, and loses what only its vendor understands", () => {
  const tool_calls = [{ id: 'toolu_1', name: 'add', args: { a: 1 }, type: 'tool_call' as const }];
  const message = new AIMessage({
    content: [
      { type: 'thinking', thinking: 'Hmm', signature: 'sig' },
      { type: 'text', text: 'Let me see.' },
    ],
    tool_calls,
    response_metadata: { [WRITTEN_BY]: 'anthropic:claude' },
  });
  const [shaped] = shape([message], 'none');
  assert.ok(AIMessage.isInstance(shaped));
  assert.equal(shaped.content, 'Let me see.');
  assert.deepEqual(shaped.tool_calls, tool_calls);
  message.response_metadata = { [WRITTEN_BY]: 'openai:gpt-5' };
  assert.equal(shape([message], 'none')[0], message);
});
