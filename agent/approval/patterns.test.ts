import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { findIdlePatterns, findPattern } from './patterns.ts';

const add = { server: 'local', name: 'add' };
const dotted = { server: 'evil', name: 'local.add' };
const shared = { server: 'local', name: 'local__search' };
const allows = (pattern: string, tool: { server: string; name: string }) =>
  findPattern([pattern], tool, 'allow') !== undefined;
const denies = (pattern: string, tool: { server: string; name: string }) =>
  findPattern([pattern], tool, 'deny') !== undefined;

/** Names as servers may choose them; short, so that coincidences happen. */
const names = fc.string({ unit: fc.constantFrom('a', 'b', '_', '.', '*', '-', '$', '('), maxLength: 8 });
const servers = fc.string({ unit: fc.constantFrom('a', 'b', '_', '-'), minLength: 1, maxLength: 4 });

describe('a pattern', () => {
  test('names a tool, or server and tool, or any run of characters by a star', () => {
    for (const pattern of ['add', 'local.add', '*', 'a*', '*d', 'local.*', '*.add', 'l*l.a*d', '*.*'])
      assert.ok(allows(pattern, add), pattern);
    for (const pattern of ['ad', 'add2', 'ADD', 'other.add', 'local.ad', 'add.local', 'a*a', '', '.', 'loc*'])
      assert.ok(!allows(pattern, add), pattern);
  });

  test('that allows a tool of one server does not allow what another server calls by that name', () => {
    assert.ok(!allows('local.add', dotted));
    assert.ok(!allows('local.*', dotted));
    assert.ok(allows('evil.local.add', dotted));
  });

  test('that denies takes every reading of a name', () => {
    for (const pattern of ['local.add', 'evil.local.add', 'evil.*', '*.add', '*add'])
      assert.ok(denies(pattern, dotted));
  });

  test('finds a tool that was renamed since two servers have it, under its own name at its server', () => {
    assert.ok(allows('local.search', shared));
    assert.ok(allows('local.local__search', shared));
    // Which of the two is meant is not clear.
    assert.ok(!allows('search', shared));
    assert.ok(denies('search', shared));
  });

  test('without stars matches itself only, whatever characters it has', () => {
    fc.assert(
      fc.property(names, names, servers, (pattern, name, server) => {
        fc.pre(!pattern.includes('*') && !name.startsWith(`${server}__`));
        const expected = pattern.includes('.') ? pattern === `${server}.${name}` : pattern === name;
        assert.equal(allows(pattern, { server, name }), expected);
      }),
    );
  });

  test('with stars matches what a regular expression would match', () => {
    fc.assert(
      fc.property(names, servers, names, (pattern, server, name) => {
        fc.pre(pattern.includes('.'));
        const escaped = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
        const expression = new RegExp(`^${escaped.join('.*')}$`, 's');
        fc.pre(!name.startsWith(`${server}__`));
        assert.equal(allows(pattern, { server, name }), expression.test(`${server}.${name}`));
      }),
    );
  });

  test('that allows a tool would deny it too', () => {
    fc.assert(
      fc.property(names, servers, names, (pattern, server, name) => {
        if (allows(pattern, { server, name })) assert.ok(denies(pattern, { server, name }));
      }),
    );
  });

  test('takes no time to speak of, however many stars it has', () => {
    assert.ok(!allows(`${'*a'.repeat(2_000)}b`, { server: 's', name: 'a'.repeat(20_000) }));
  });
});

test('patterns that match nothing are found; a star alone is for whatever comes', () => {
  assert.deepEqual(findIdlePatterns(['add', 'ad', '*', 'local.*', 'locale.*'], [add]), ['ad', 'locale.*']);
});
