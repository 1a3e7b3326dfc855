import assert from 'node:assert/strict';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { bodyFormat, parseParameters } from './token-request.ts';

test('the two formats are told by their media type, in any case and with parameters', () => {
  const formatOf = (type: string | undefined) => {
    const request = new IncomingMessage(new Socket());
    if (type !== undefined) request.headers['content-type'] = type;
    return bodyFormat(request);
  };
  assert.equal(formatOf('application/json'), 'json');
  assert.equal(formatOf('Application/JSON; charset=utf-8'), 'json');
  assert.equal(formatOf('application/x-www-form-urlencoded'), 'form');
  assert.equal(formatOf('application/jsonp'), undefined);
  assert.equal(formatOf('text/plain'), undefined);
  assert.equal(formatOf(undefined), undefined);
});

test('a JSON object of strings becomes parameters, value by value', () => {
  const result = parseParameters('{"a":"1 & 2","__proto__":"x"}', 'json');
  assert.deepEqual(result.ok && [...result.parameters], [
    ['a', '1 & 2'],
    ['__proto__', 'x'],
  ]);
});

test('a form keeps what was sent twice, so that it can be refused', () => {
  const result = parseParameters('client_id=a&client_id=b', 'form');
  assert.deepEqual(result.ok && result.parameters.getAll('client_id'), ['a', 'b']);
});

test('whatever is not a JSON object of strings is refused', () => {
  for (const text of ['', '{', 'null', '"a"', '[]', '[["a","b"]]', '{"a":1}', '{"a":null}', '{"a":["b"]}', '{"a":{}}'])
    assert.equal(parseParameters(text, 'json').ok, false, text);
});
