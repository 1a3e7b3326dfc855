// A time of day that is set back by an hour, as a machine does that has found out the right one. Expiry follows the time of
// day; whatever has a turn of its own, such as reading the list of what was revoked, must not wait for that hour to pass.

import assert from 'node:assert/strict';
import { beforeEach, describe, mock, test } from 'node:test';
import { exportJWK, generateKeyPair } from 'jose';
import { createDenyList } from '../mcp-server/auth/deny-list.ts';
import { createIntrospector } from '../mcp-server/auth/introspect.ts';
import { createKeySource } from '../mcp-server/auth/keys.ts';
import type { Principal, Verdict } from '../mcp-server/auth/principal.ts';
import { createTokenCache } from '../mcp-server/auth/token-cache.ts';
import type { TrustedIssuer } from '../mcp-server/config.ts';
import { createLog } from '../mcp-server/log.ts';
import { createRateLimit } from '../mcp-server/rate-limit.ts';

const ISSUER = 'https://issuer.example';
const HOUR_MS = 3_600_000;
const log = createLog({ sink: { write: () => true } });
const trusted: TrustedIssuer = {
  issuer: ISSUER,
  audiences: ['https://api.example/mcp'],
  toleratedAudiences: [],
  profile: 'rfc9068',
  jwksUri: `${ISSUER}/keys`,
  introspection: { clientId: 'c', clientSecret: 'an ordinary password' },
};
const principal = { issuer: ISSUER, subject: 's', clientId: 'c', scopes: [], grantId: 'g', expiresAt: 1e7 };
// Only a check makes principals; these tests are about what comes after it.
const accepted: Verdict = { ok: true, principal: principal as unknown as Principal };

describe('a time of day that is set back', () => {
  let timeOfDayMs = 1e9;
  let passedMs = 0;
  mock.method(Date, 'now', () => timeOfDayMs);
  mock.method(performance, 'now', () => passedMs);
  beforeEach(() => {
    timeOfDayMs = 1e9;
    passedMs = 0;
  });
  const setBack = (afterMs: number) => {
    passedMs += afterMs;
    timeOfDayMs += afterMs - HOUR_MS;
  };

  test('S13.clock: turns nobody away for that hour', () => {
    const limit = createRateLimit({ perMinute: 60 });
    assert.equal(limit('a'), 0);
    setBack(1);
    assert.equal(limit('a'), 0);
  });

  test('S13.clock: hides no revocation', async () => {
    let grants: string[] = [];
    const fetch = async () => Response.json({ grants, tokens: [], clients: {} });
    const verify = createDenyList(async () => accepted, { issuer: ISSUER, url: `${ISSUER}/revoked`, log, fetch });
    assert.ok((await verify('token')).ok);
    grants = ['g'];
    setBack(1_001);
    assert.ok(!(await verify('token')).ok);
  });

  test('S13.clock: keeps no new key from being seen', async () => {
    const keyOf = async (kid: string) => {
      const { publicKey } = await generateKeyPair('RS256', { extractable: true });
      return { ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' };
    };
    const keys = [await keyOf('one')];
    const source = createKeySource(trusted, { log, fetch: async () => Response.json({ keys }) });
    const find = async (kid: string) => source.getKey({ alg: 'RS256', kid }, { payload: '', signature: '' });
    await find('one');
    keys.push(await keyOf('two'));
    setBack(10_001);
    await find('two');
  });

  test('S13.clock: makes no verdict older than a minute good, nor one whose token has expired by the time of day', async () => {
    let checks = 0;
    const verify = createTokenCache(async () => {
      checks += 1;
      return accepted;
    });
    await verify('token');
    setBack(60_001);
    await verify('token');
    assert.equal(checks, 2);
    timeOfDayMs = principal.expiresAt * 1_000;
    await verify('token');
    assert.equal(checks, 3);
  });

  test('S13.clock: keeps opaque tokens from being asked about no longer than ever', async () => {
    const fetch: typeof globalThis.fetch = async (url) =>
      String(url).includes('well-known')
        ? Response.json({ issuer: ISSUER, introspection_endpoint: `${ISSUER}/introspect` })
        : Response.json({ active: false });
    const ask = createIntrospector(trusted, { log, fetch });
    assert.ok(ask);
    for (const step of [0, 1]) {
      if (step === 1) setBack(1);
      const verdict = await ask('opaque');
      assert.equal(verdict.ok ? 'ok' : verdict.fault, 'inactive');
    }
  });
});
