import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openFollowedKeys } from './followed-keys.ts';
import { rotateSigningKeys, type SigningKey } from './signing-keys.ts';
import { recordingLog, temporaryDirectory } from './test-support.ts';

test('new keys are in force once something stands that signs with them; until then each look tries again', async (t) => {
  const dataDir = await temporaryDirectory(t);
  const log = recordingLog();
  let nowMs = Date.now();
  const now = () => nowMs;
  const followed = await openFollowedKeys(dataDir, log, now);
  const [old] = followed.current();
  const rotation = await rotateSigningKeys({ dataDir, log, now }, true);
  const taken: (string | undefined)[] = [];
  const take = ([first]: readonly SigningKey[]) => void taken.push(first?.kid);
  const refuse = () => {
    throw new Error('no engine');
  };

  nowMs += 1_000;
  await assert.rejects(followed.follow(refuse), /no engine/);
  assert.equal(followed.current()[0]?.kid, old?.kid);
  await followed.follow(take);
  assert.deepEqual(taken, [], 'not before a second has passed');

  nowMs += 1_000;
  await followed.follow(take);
  assert.deepEqual(taken, [rotation.kid]);
  assert.equal(followed.current()[0]?.kid, rotation.kid);

  nowMs += 1_000;
  await followed.follow(take);
  assert.equal(taken.length, 1, 'they are news once');
});
