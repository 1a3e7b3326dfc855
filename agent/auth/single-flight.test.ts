import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSingleFlight } from './single-flight.ts';

test('many who ask share one piece of work; the next one begins after it has ended', async () => {
  const flight = createSingleFlight<number>();
  let runs = 0;
  const work = async () => ++runs;
  assert.deepEqual(await Promise.all([flight.join(work), flight.join(work), flight.join(work)]), [1, 1, 1]);
  assert.equal(flight.isFlying(), false);
  assert.equal(await flight.join(work), 2);
});

test('one who gives up leaves the others waiting; when all have, the work is told, and a new one can begin', async () => {
  const flight = createSingleFlight<string>();
  const { promise, resolve } = Promise.withResolvers<string>();
  let told: AbortSignal | undefined;
  const work = (signal: AbortSignal) => {
    told = signal;
    return promise;
  };
  const [first, second] = [new AbortController(), new AbortController()];
  const waits = [flight.join(work, first.signal), flight.join(work, second.signal)];
  first.abort(new Error('enough'));
  await assert.rejects(waits[0] ?? Promise.resolve(), /enough/);
  assert.equal(told?.aborted, false);
  second.abort(new Error('enough too'));
  await assert.rejects(waits[1] ?? Promise.resolve(), /enough too/);
  assert.equal(told?.aborted, true);
  assert.equal(await flight.join(async () => 'new'), 'new');
  resolve('late');
  await assert.rejects(
    flight.join(async () => 'never', first.signal),
    /enough/,
  );
});

test('a failure reaches everybody who waits, and nobody afterwards', async () => {
  const flight = createSingleFlight<string>();
  const failing = async () => {
    throw new Error('no');
  };
  const waits = [flight.join(failing), flight.join(failing)];
  for (const wait of waits) await assert.rejects(wait, /no/);
  await flight.settled();
  assert.equal(await flight.join(async () => 'yes'), 'yes');
});
