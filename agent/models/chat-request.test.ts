import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leaveOutToolNames } from './chat-request.ts';

test('the result of a tool goes without a name, everything else as it is', () => {
  const user = { role: 'user', content: 'x', name: 'somebody' };
  const body = { model: 'm', messages: [user, { role: 'tool', content: '1', name: 'add', tool_call_id: 'a' }] };
  assert.deepEqual(leaveOutToolNames(body), {
    model: 'm',
    messages: [user, { role: 'tool', content: '1', tool_call_id: 'a' }],
  });
});

test('a request without messages is left alone', () => {
  const body = { input: 'x' };
  assert.equal(leaveOutToolNames(body), body);
});
