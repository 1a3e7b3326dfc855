import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { systemClock } from './clock.ts';

test('a timer may be longer than those of Node, and can be called off', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    let runs = 0;
    const count = () => {
      runs += 1;
    };
    systemClock.after(2 ** 31 + 1_000, count);
    const stop = systemClock.after(10, count);
    stop();
    mock.timers.tick(2 ** 31 - 1);
    assert.equal(runs, 0);
    mock.timers.tick(1_001);
    assert.equal(runs, 1);
  } finally {
    mock.timers.reset();
  }
});
