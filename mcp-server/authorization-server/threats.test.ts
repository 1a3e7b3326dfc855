// What an authorization server is attacked with, a row per threat; titles of tests cite the ids. A row that nobody cites
// fails here.

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

/** Sources: RFC 9700, RFC 8252, RFC 8628, OAuth 2.1, MCP 2026-07-28 security considerations. */
const THREATS: Readonly<Record<string, string>> = {
  A1: 'a redirect that goes elsewhere, or a credential that is posted on by a 307',
  A2: 'no PKCE, a weaker one, or another verifier',
  A3: 'a code that is used again, later, by another, elsewhere, or twice at the same time',
  A4: 'a refresh token that is used again, by another, for more, or five times at the same time',
  A5: 'a client without its secret, and what a stranger could get by registering',
  A6: 'a client id that makes this server fetch from where it should not',
  A7: 'forged forms, planted sessions, guessed codes and passwords, consent that nobody gave',
  A8: 'poisoned metadata, keys that leak or change unannounced',
  A9: 'one authorization server taken for another',
  A10: 'floods, and what a restart could lose',
};

test('every threat has a test that tries it and is refused', () => {
  const titles = globSync('*.test.ts', { cwd: import.meta.dirname })
    .map((file) => readFileSync(join(import.meta.dirname, file), 'utf8'))
    .flatMap((source) => [...source.matchAll(/^test\(\s*'((?:A\d+(?:, )?)+):/gm)].map(([, ids = '']) => ids));
  const cited = new Set(titles.flatMap((ids) => ids.split(', ')));
  assert.deepEqual(
    Object.keys(THREATS).filter((id) => !cited.has(id)),
    [],
  );
  assert.deepEqual(
    [...cited].filter((id) => !(id in THREATS)),
    [],
  );
});
