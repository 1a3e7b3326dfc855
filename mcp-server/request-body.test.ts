import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { countMessages, isDeclaredTooLarge, MAX_BODY_BYTES, parseBody } from './request-body.ts';

function post(body: string | ReadableStream<Uint8Array>, headers: Record<string, string> = {}): Request {
  const init = { method: 'POST', body, duplex: 'half', headers: { 'content-type': 'application/json', ...headers } };
  // `duplex` is what Node wants of a stream and what its types do not know.
  return new Request('http://localhost/mcp', init as RequestInit);
}

const refusal = async (text: string) => {
  const parsed = await parseBody(post(text));
  return parsed.ok ? undefined : [parsed.status, parsed.code];
};

describe('request body', () => {
  test('reads no more of a body without a length than the limit', async () => {
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        sent += 64 * 1024;
        controller.enqueue(new Uint8Array(64 * 1024).fill(0x20));
      },
    });
    const parsed = await parseBody(post(endless));
    assert.ok(!parsed.ok);
    assert.equal(parsed.status, 413);
    assert.ok(sent <= MAX_BODY_BYTES + 4 * 64 * 1024, String(sent));
  });

  test('takes a body at the limit, and knows a larger one by what it says', async () => {
    assert.ok((await parseBody(post(`"${'x'.repeat(MAX_BODY_BYTES - 2)}"`))).ok);
    assert.deepEqual(await refusal(`"${'x'.repeat(MAX_BODY_BYTES - 1)}"`), [413, -32_600]);
    for (const [length, tooLarge] of [
      [MAX_BODY_BYTES, false],
      [MAX_BODY_BYTES + 1, true],
    ] as const)
      assert.equal(isDeclaredTooLarge(post('{}', { 'content-length': String(length) })), tooLarge);
  });

  test('R6.depth, R6.values: refuses levels and values that no real call has, and counts none inside of strings', async () => {
    assert.deepEqual(await refusal('['.repeat(65)), [400, -32_700]);
    assert.deepEqual(await refusal(`[${'{},'.repeat(5_000)}{}]`), [400, -32_600]);
    assert.deepEqual(await refusal(`{"a":[${'0,'.repeat(5_000)}0]}`), [400, -32_600]);
    assert.deepEqual(await refusal(`${'['.repeat(65)}${'0,'.repeat(5_000)}`), [400, -32_700], 'too deep to be parsed');
    assert.deepEqual(await refusal(`{"a":[${'0,'.repeat(5_000)}`), [400, -32_700], 'no JSON, whatever its length');
    assert.equal(
      await refusal(JSON.stringify({ id: 1, params: { text: '[{,'.repeat(10_000), quote: '\\",[' } })),
      undefined,
    );
    const notes = Array.from({ length: 500 }, () => ({ title: 'a, b', body: '{}' }));
    assert.equal(await refusal(JSON.stringify({ id: 1, params: { notes } })), undefined, 'the longest import');
  });

  test('what has too many values is told how many, and under its own id', async () => {
    for (const [id, expected] of [
      [7, 7],
      ['x', 'x'],
      [null, null],
      [{}, null],
      ['x'.repeat(257), null],
      [undefined, null],
    ]) {
      const message = { jsonrpc: '2.0', id, params: Array(5_000).fill(0) };
      for (const body of [message, [message]]) {
        const parsed = await parseBody(post(JSON.stringify(body)));
        assert.ok(!parsed.ok);
        assert.match(parsed.message, /has 50\d\d JSON values, the limit is 5000\. .*Send fewer items in a call/);
        assert.equal(parsed.id, Array.isArray(body) ? null : expected);
      }
    }
  });

  test('what has more values than are parsed is refused in the same words, under no id', async (t) => {
    const parse = t.mock.method(JSON, 'parse');
    // The brackets and the other members are values too.
    const text = (values: number) => `{"id":7,"params":[${'0,'.repeat(values - 4)}0]}`;
    for (const [values, id, times] of [
      [20_000, 7, 1],
      [20_001, null, 0],
    ] as const) {
      const parsed = await parseBody(post(text(values)));
      assert.ok(!parsed.ok);
      assert.deepEqual([parsed.status, parsed.code, parsed.id], [400, -32_600, id]);
      assert.match(parsed.message, new RegExp(`has ${values} JSON values, the limit is 5000\\. Nothing was done`));
      assert.equal(parse.mock.callCount(), times);
      parse.mock.resetCalls();
    }
  });

  test('refuses a method or an id that is no name, alone and in a batch', async () => {
    const wrong = [{ method: {} }, { method: 1 }, { method: 'x'.repeat(257) }, { id: {} }, { id: [] }, { id: true }];
    for (const part of [...wrong, { id: 'x'.repeat(257) }]) {
      const message = { jsonrpc: '2.0', id: 1, method: 'ping', ...part };
      for (const body of [message, [{ jsonrpc: '2.0', id: 2, method: 'ping' }, message]])
        assert.deepEqual(await refusal(JSON.stringify(body)), [400, -32_600], JSON.stringify(part).slice(0, 40));
    }
    for (const id of [1, 'x', null, 'x'.repeat(256)])
      assert.equal(await refusal(JSON.stringify({ jsonrpc: '2.0', id, method: 'ping' })), undefined);
  });

  test('counts the messages of a batch', () => {
    assert.deepEqual([{}, undefined, [1, 2, 3], []].map(countMessages), [1, 1, 3, 0]);
  });
});
