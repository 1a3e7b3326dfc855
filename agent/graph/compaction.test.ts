import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AIMessage, type BaseMessage, HumanMessage, ToolMessage } from '@langchain/core/messages';
import { fakeModel } from '@langchain/core/testing';
import {
  answer,
  assertEveryCallIsAnswered,
  converse,
  endOf,
  ofType,
} from '../../test/support/scripted-conversation.ts';
import { compactIfNeeded, compactNow, estimateTokens } from './compaction.ts';
import { isFromPerson } from './messages.ts';

const LONG = 'The quick brown fox jumps over the lazy dog. '.repeat(20);
const WITHOUT_MODEL = { model: undefined, limitTokens: 2_000, overheadTokens: 0 };

/** A turn of four messages with one call. */
function turn(number: number, text = LONG): BaseMessage[] {
  const id = `call-${number}`;
  return [
    new HumanMessage(`question ${number}`),
    new AIMessage({ content: '', tool_calls: [{ id, name: 'read', args: { number }, type: 'tool_call' }] }),
    new ToolMessage({ content: text, tool_call_id: id, name: 'read' }),
    new AIMessage(`answer ${number}`),
  ];
}
const turns = (count: number) => Array.from({ length: count }, (_, index) => turn(index + 1)).flat();

describe('compaction', () => {
  test('leaves a conversation alone that fits, and every one where no limit is known', async () => {
    assert.equal(await compactIfNeeded(turns(2), WITHOUT_MODEL), undefined);
    assert.equal(await compactIfNeeded(turns(100), { ...WITHOUT_MODEL, limitTokens: undefined }), undefined);
  });

  test('sums up older turns, keeps the latest whole, and fits afterwards', async () => {
    const before = turns(12);
    const compacted = await compactIfNeeded(before, WITHOUT_MODEL);
    assert.ok(compacted);
    const [summary, ...kept] = compacted.messages;
    assert.match(summary?.text ?? '', /^Summary of the conversation so far:\nUser: question 1\n/);
    assert.ok(summary && !isFromPerson(summary));
    assert.deepEqual(kept, before.slice(before.length - kept.length));
    assert.match(kept[0]?.text ?? '', /^question/);
    assertEveryCallIsAnswered(compacted.messages);
    assert.ok(estimateTokens(compacted.messages) < 0.8 * 2_000);
    assert.match(compacted.notice, /summed up: \d+ turns/);
  });

  test('gives the same summary for the same conversation when there is no model to write it', async () => {
    const texts = async () => (await compactIfNeeded(turns(12), WITHOUT_MODEL))?.messages.map(({ text }) => text);
    assert.deepEqual(await texts(), await texts());
  });

  test('lets the model write the summary, from a transcript that fits it', async () => {
    const model = fakeModel().respond(new AIMessage('The user reads numbers.'));
    const compacted = await compactIfNeeded(turns(30), { ...WITHOUT_MODEL, model });
    assert.match(compacted?.messages[0]?.text ?? '', /The user reads numbers\.$/);
    assert.equal(compacted?.summary?.text, 'The user reads numbers.');
    const asked = model.calls[0]?.messages ?? [];
    assert.ok(estimateTokens(asked) < 2_000);
    assert.match(asked[1]?.text ?? '', /^User: question 1\n\(\d+ messages left out\)[\s\S]*\[called read\(/);
  });

  test('cuts results when the turn alone is too long, and tears no call from its result', async () => {
    const compacted = await compactIfNeeded(turn(1, LONG.repeat(20)), WITHOUT_MODEL);
    assert.ok(compacted);
    assertEveryCallIsAnswered(compacted.messages);
    assert.match(compacted.messages[2]?.text ?? '', /… \(cut: \d+ characters in all\)$/);
    assert.match(compacted.notice, /cut/);
  });

  test('sums up a summary with what came after it', async () => {
    const first = await compactIfNeeded(turns(12), WITHOUT_MODEL);
    const second = await compactIfNeeded([...(first?.messages ?? []), ...turns(12)], WITHOUT_MODEL);
    assert.equal(second?.messages.filter((message) => /^Summary/.test(message.text)).length, 1);
  });

  test('on demand keeps the latest turn only, and does nothing when there is nothing before it', async () => {
    const options = { ...WITHOUT_MODEL, limitTokens: undefined };
    const compacted = await compactNow(turns(3), options);
    assert.deepEqual(
      compacted?.messages.slice(1).map(({ text }) => text),
      turn(3).map(({ text }) => text),
    );
    assert.equal(await compactNow(turn(1), options), undefined);
    assert.equal(await compactNow(compacted?.messages ?? [], options), undefined);
    assert.equal(await compactNow([], options), undefined);
  });
});

describe('a conversation that grows too long', () => {
  test('is summed up in the turn, is told of it, counts its cost, and stays short', async () => {
    const writer = fakeModel();
    for (let count = 0; count < 20; count += 1)
      writer.respond(answer('In short.', { input_tokens: 100, output_tokens: 10 }));
    const { run, model, session } = converse({
      turns: Array.from({ length: 20 }, (_, index) => answer(`${LONG}${index}`)),
      compaction: { model: writer, limitTokens: 1_000, overheadTokens: 0 },
    });
    const notices: string[] = [];
    let inputTokens = 0;
    let modelCalls = 0;
    for (let index = 0; index < 20; index += 1) {
      const events = await run(`request ${index}`);
      notices.push(...ofType(events, 'notice').map(({ text }) => text));
      const end = endOf(events);
      assert.deepEqual([end.status, end.answer], ['ok', `${LONG}${index}`]);
      inputTokens += end.usage?.inputTokens ?? 0;
      modelCalls += end.modelCalls;
    }
    assert.ok(notices.length > 2, String(notices.length));
    assert.equal(writer.callCount, notices.length);
    assert.equal(modelCalls, 20 + notices.length);
    assert.equal(inputTokens, 20 * 3 + notices.length * 100);
    for (const { messages } of model.calls) assert.ok(estimateTokens(messages) < 1_000);
    assert.match((await session.compact(new AbortController().signal)) ?? '', /summed up/);
    assert.equal(await session.compact(new AbortController().signal), undefined);
  });

  test('shows nothing of the summary as the model’s words', async () => {
    const writer = fakeModel().respond(new AIMessage('SUMMARY'));
    const { run } = converse({
      turns: [answer(LONG), answer(LONG), answer('short')],
      compaction: { model: writer, limitTokens: 600, overheadTokens: 0 },
    });
    await run('one');
    await run('two');
    const events = await run('three');
    assert.equal(writer.callCount, 1);
    assert.equal(
      ofType(events, 'text-delta')
        .map(({ text }) => text)
        .join(''),
      'short',
    );
  });
});
