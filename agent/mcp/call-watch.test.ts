// Time as a call has it, on a clock that only the test moves.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { type CallWatch, watchCall } from './call-watch.ts';

const LIMITS = { idleMs: 1000, totalMs: 5000, graceMs: 100 };
let nowMs = 0;

beforeEach(() => {
  nowMs = 0;
  mock.timers.enable({ apis: ['setTimeout'] });
});
afterEach(() => mock.timers.reset());

function pass(milliseconds: number): void {
  nowMs += milliseconds;
  mock.timers.tick(milliseconds);
}

function watch(caller?: AbortSignal): CallWatch {
  return watchCall('the call', caller, LIMITS, () => nowMs);
}

test('a call may be silent for its time and no longer', () => {
  const call = watch();
  pass(999);
  assert.equal(call.signal.aborted, false);
  pass(1);
  assert.equal(call.failure()?.code, 'tool_failed');
  assert.match(call.failure()?.message ?? '', /within 1 s/);
});

test('progress gives it the same time again, but not for ever', () => {
  const call = watch();
  for (let second = 0; second < 4; second += 1) {
    pass(990);
    call.progressed();
  }
  assert.equal(call.signal.aborted, false);
  pass(990);
  call.progressed();
  pass(60);
  assert.match(call.failure()?.message ?? '', /within 5 s/);
});

test('the time of a person does not count, nor does that of a second one who is asked meanwhile', () => {
  const call = watch();
  pass(900);
  const first = call.askPerson();
  const second = call.askPerson();
  pass(60_000);
  first();
  pass(60_000);
  second();
  pass(999);
  assert.equal(call.signal.aborted, false);
  pass(1);
  assert.equal(call.signal.aborted, true);
});

test('a call without a stream is lost after the grace time, unless one is expected', () => {
  const call = watch();
  call.streamEnded();
  pass(99);
  call.streamExpected();
  pass(500);
  assert.equal(call.signal.aborted, false);
  call.streamEnded();
  pass(100);
  assert.equal(call.failure()?.code, 'unreachable');
});

test('a stream may end while a person is asked: the next round has its own', () => {
  const call = watch();
  const answered = call.askPerson();
  call.streamEnded();
  pass(10_000);
  answered();
  assert.equal(call.signal.aborted, false);
});

test('the caller may give up, before and during the call; that is no failure of ours', () => {
  const caller = new AbortController();
  const call = watch(caller.signal);
  caller.abort(new Error('enough'));
  assert.equal(call.signal.aborted, true);
  assert.equal(call.failure(), undefined);
  assert.equal(watch(caller.signal).signal.aborted, true);
});

test('what happens after the end of a call has no consequences', () => {
  const call = watch();
  const answered = call.askPerson();
  call.end();
  answered();
  call.progressed();
  call.streamEnded();
  pass(60_000);
  assert.equal(call.signal.aborted, false);
});
