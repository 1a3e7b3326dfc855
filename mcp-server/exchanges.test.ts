import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createExchanges } from './exchanges.ts';

describe('exchanges', () => {
  test('are limited for each principal, standing ones more, and an ended one makes room', () => {
    const exchanges = createExchanges({ maxStanding: 1, maxTotal: 2 });
    const standing = exchanges.begin('a', true);
    assert.ok(standing);
    assert.equal(exchanges.begin('a', true), undefined);
    const call = exchanges.begin('a', false);
    assert.ok(call);
    assert.equal(exchanges.begin('a', false), undefined);
    assert.ok(exchanges.begin('b', true), 'of another principal');
    standing();
    assert.ok(exchanges.begin('a', true));
    assert.equal(exchanges.begin('a', false), undefined);
    call();
    assert.ok(exchanges.begin('a', false));
  });
});
