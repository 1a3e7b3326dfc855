import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { createTestApp } from '../test/support/app.ts';
import { paginate } from './lists.ts';

describe('tools/list', () => {
  const names = ({ tools }: { tools: { name: string }[] }) => tools.map(({ name }) => name);

  test('shows every tool with its scopes, in the same order to everybody, for everybody’s cache', async () => {
    const { ask } = createTestApp();
    const few = (await ask('tools/list', {}, { token: 'alice' })).result;
    const many = (await ask('tools/list')).result;
    assert.deepEqual(few.tools, many.tools);
    assert.equal(few.tools.length, 11);
    assert.deepEqual([few.cacheScope, few.ttlMs], ['public', 60_000]);
    assert.ok(few.tools.every(({ _meta }: { _meta: object }) => 'authorized-mcp-agent/scopes' in _meta));
  });

  test('R3.list, S12: shows with TOOL_VISIBILITY=granted only what the token may call, and keeps it out of other callers’ caches', async () => {
    const { ask, send } = createTestApp({ TOOL_VISIBILITY: 'granted' });
    const cases = [
      ['alice', ['subtract', 'multiply', 'divide']],
      ['alice.read~notes', ['subtract', 'multiply', 'divide', 'search_notes', 'read_note', 'list_notes']],
      [
        'alice.delete~notes',
        ['subtract', 'multiply', 'divide', 'search_notes', 'read_note', 'delete_note', 'list_notes'],
      ],
    ] as const;
    for (const [token, expected] of cases) {
      const { result } = await ask('tools/list', {}, { token });
      assert.deepEqual(names(result), expected);
      assert.deepEqual([result.cacheScope, result.ttlMs], ['private', 0]);
      assert.deepEqual(names((await ask('tools/list', {}, { token, era: 'legacy' })).result), expected);
    }
    // What is hidden is still there to step up to.
    assert.equal((await send('tools/call', { name: 'add', arguments: {} }, { token: 'alice' })).status, 403);
  });

  test('refuses a cursor that is not one of this list', async () => {
    const { ask } = createTestApp();
    for (const era of ['modern', 'legacy'] as const)
      for (const cursor of ['', 'x', Buffer.from('no_such_tool').toString('base64url')])
        assert.equal((await ask('tools/list', { cursor }, { era })).error.code, -32_602);
  });
});

describe('pages', () => {
  test('put together are the list, whatever the size of a page', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ minLength: 1 })), fc.integer({ min: 1, max: 7 }), (entries, size) => {
        const seen: string[] = [];
        let cursor: string | undefined;
        do {
          const { page, nextCursor } = paginate(entries, (entry) => entry, cursor, size);
          assert.ok(page.length <= size && (page.length > 0 || entries.length === 0));
          seen.push(...page);
          cursor = nextCursor;
        } while (cursor !== undefined);
        assert.deepEqual(seen, entries);
      }),
    );
  });
});
