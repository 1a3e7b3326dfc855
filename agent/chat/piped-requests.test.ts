import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { createPipedRequests } from './piped-requests.ts';
import type { RequestSource } from './request-source.ts';

test('each line is one request, wherever the chunks end', async () => {
  const bytes = Buffer.from('eins\r\n\n  zwölf \nd\u2028rei');
  const requests = createPipedRequests(Readable.from([...bytes].map((byte) => Buffer.from([byte]))));
  assert.deepEqual(await readAll(requests), ['eins', 'zwölf', 'd\u2028rei']);
});

test('after the end it says so again', async () => {
  const requests = createPipedRequests(Readable.from([]));
  assert.deepEqual(await requests.next(), { type: 'end', exitCode: 0 });
  assert.deepEqual(await requests.next(), { type: 'end', exitCode: 0 });
});

test('closing lets go of an input that has more to say', async () => {
  const input = Readable.from(['one\n', 'two\n']);
  const requests = createPipedRequests(input);
  await requests.next();
  await requests.close();
  assert.equal(input.destroyed, true);
});

async function readAll(requests: RequestSource): Promise<string[]> {
  const texts: string[] = [];
  for (;;) {
    const request = await requests.next();
    if (request.type === 'end') return texts;
    texts.push(request.text);
  }
}
