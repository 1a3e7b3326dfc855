import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { createTurns } from './turns.ts';

describe('turns', () => {
  test('the requests of one caller begin one to a turn of the event loop, those of two beside each other', async () => {
    const take = createTurns();
    const begun: string[] = [];
    const begin = async (caller: string, request: number) => {
      await take(caller);
      begun.push(`${caller}${request}`);
    };
    const all = Promise.all([begin('a', 1), begin('a', 2), begin('a', 3), begin('b', 1)]);
    const turns: string[] = [];
    while (begun.length < 4) {
      await setImmediate();
      turns.push(begun.join(' '));
    }
    await all;
    assert.ok(begun.indexOf('b1') < begun.indexOf('a2'), begun.join(' '));
    assert.ok(new Set(turns).size >= 3, turns.join(', '));
  });
});
