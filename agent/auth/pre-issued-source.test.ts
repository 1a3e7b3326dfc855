// A token that somebody else made may say anything about itself.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPreIssuedSource } from './pre-issued-source.ts';

test('what a ready-made token says of its end is a date, whatever it says', async () => {
  for (const [exp, expected] of [
    ['1900000000', 1_900_000_000_000],
    ['1e300', 8.64e15],
    ['1e999', 8.64e15],
    ['-1e23', -8.64e15],
    ['"soon"', undefined],
  ] as const) {
    const claims = Buffer.from(`{"exp":${exp}}`).toString('base64url');
    const status = await createPreIssuedSource(`e30.${claims}.c2ln`, 'https://tools.example/mcp').status();
    assert.equal(status?.expiresAtMs, expected, exp);
  }
});
