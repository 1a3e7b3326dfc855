import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApprovalRequest } from '../approval.ts';
import { parseAnswer, requestIn, requestPayload } from './interrupt.ts';

const REQUEST: ApprovalRequest = {
  id: 'call-1',
  name: 'delete_note',
  server: 'local',
  args: { id: 'n1' },
  description: 'Deletes.',
  annotations: { destructiveHint: true },
  isTrusted: true,
  scopes: { needed: ['delete:notes'], held: [] },
  change: undefined,
};

test('an interrupt carries the request in both spellings of LangChain’s inbox, and in ours', () => {
  const payload = requestPayload(REQUEST);
  const action = [{ name: 'delete_note', args: { id: 'n1' }, description: 'Deletes.' }];
  assert.deepEqual([payload['action_requests'], payload['actionRequests']], [action, action]);
  for (const key of ['review_configs', 'reviewConfigs']) {
    const [config] = payload[key] as Record<string, unknown>[];
    assert.deepEqual([config?.['action_name'], config?.['actionName']], ['delete_note', 'delete_note']);
    assert.deepEqual(config?.['allowed_decisions'], config?.['allowedDecisions']);
  }
  // As a checkpoint keeps it.
  assert.deepEqual(requestIn(JSON.parse(JSON.stringify(payload))).args, { id: 'n1' });
});

test('answers of the chat and of LangChain’s pages are understood', () => {
  assert.deepEqual(parseAnswer({ kind: 'always' }), { kind: 'always' });
  assert.deepEqual(parseAnswer({ kind: 'edit', args: { id: 'n2' } }), { kind: 'edit', args: { id: 'n2' } });
  assert.deepEqual(parseAnswer({ decisions: [{ type: 'approve' }] }), { kind: 'once' });
  assert.deepEqual(parseAnswer({ decisions: [{ type: 'reject', message: 'no' }] }), { kind: 'deny', reason: 'no' });
  for (const spelling of ['edited_action', 'editedAction'])
    assert.deepEqual(parseAnswer({ decisions: [{ type: 'edit', [spelling]: { name: 'x', args: { id: 'n2' } } }] }), {
      kind: 'edit',
      args: { id: 'n2' },
    });
});

test('everything that is not a clear yes is a no', () => {
  const unclear: unknown[] = [
    undefined,
    null,
    true,
    'yes',
    'once',
    {},
    { kind: 'ONCE' },
    { kind: 'edit' },
    { kind: 'edit', args: 'x' },
    { decisions: [] },
    { decisions: [{ type: 'approve' }, { type: 'approve' }] },
    { decisions: [{ type: 'edit' }] },
  ];
  for (const value of unclear) assert.equal(parseAnswer(value).kind, 'deny', JSON.stringify(value));
});
