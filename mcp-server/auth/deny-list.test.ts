import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createLog } from '../log.ts';
import { createDenyList } from './deny-list.ts';
import { checkClaims, type Verdict } from './principal.ts';

const ISSUER = 'http://localhost:8001';
const log = createLog({ sink: { write: () => true } });

/** Claims → what the check in front would say. */
function verdictOf(claims: Record<string, unknown> = {}, issuer = ISSUER): Verdict {
  return checkClaims(
    {
      issuer,
      audiences: ['r'],
      toleratedAudiences: [],
      profile: 'rfc9068',
      jwksUri: undefined,
      introspection: undefined,
    },
    { sub: 's', client_id: 'c', aud: 'r', iat: 900, exp: 2_000, jti: 't1', gid: 'g1', ...claims },
    1_000_000,
  );
}

interface Setting {
  list: unknown;
  status: number;
  nowMs: number;
  requests: number;
  tag: string;
}

function setUp(verdict: Verdict = verdictOf()) {
  const setting: Setting = {
    list: { grants: [], tokens: [], clients: {} },
    status: 200,
    nowMs: 0,
    requests: 0,
    tag: '"1"',
  };
  const fetch: typeof globalThis.fetch = async (_url, init) => {
    setting.requests += 1;
    const known = new Headers(init?.headers).get('if-none-match');
    if (setting.status === 200 && known === setting.tag) return new Response(null, { status: 304 });
    return Response.json(setting.list, { status: setting.status, headers: { etag: setting.tag } });
  };
  const verify = createDenyList(async () => verdict, {
    issuer: ISSUER,
    url: `${ISSUER}/oauth/revocations`,
    log,
    fetch,
    now: () => setting.nowMs,
  });
  const faultOf = async () => {
    const result = await verify('token');
    return result.ok ? 'ok' : result.fault;
  };
  return { setting, faultOf };
}

describe('the list of revoked tokens', () => {
  test('a token is refused when its grant, it alone or its client was revoked', async () => {
    for (const [list, fault] of [
      [{ grants: ['g1'], tokens: [], clients: {} }, 'revoked'],
      [{ grants: [], tokens: ['t1'], clients: {} }, 'revoked'],
      [{ grants: [], tokens: [], clients: { c: 900 } }, 'revoked'],
      [{ grants: [], tokens: [], clients: { c: 899 } }, 'ok'],
      [{ grants: ['g2'], tokens: ['t2'], clients: { d: 5_000 } }, 'ok'],
    ] as const) {
      const { setting, faultOf } = setUp();
      setting.list = list;
      assert.equal(await faultOf(), fault, JSON.stringify(list));
    }
  });

  test('R8.deny-list: a revocation is noticed within a second, and many calls ask once', async () => {
    const { setting, faultOf } = setUp();
    assert.deepEqual(new Set(await Promise.all([1, 2, 3, 4].map(faultOf))), new Set(['ok']));
    assert.equal(setting.requests, 1);
    setting.list = { grants: ['g1'], tokens: [], clients: {} };
    setting.tag = '"2"';
    setting.nowMs = 999;
    assert.equal(await faultOf(), 'ok');
    setting.nowMs = 1_000;
    assert.equal(await faultOf(), 'revoked');
    setting.nowMs = 2_000;
    assert.equal(await faultOf(), 'revoked', 'an unchanged list stays in force');
    assert.equal(setting.requests, 3);
  });

  test('an issuer that is down stops nobody for a minute, and then everybody', async () => {
    const { setting, faultOf } = setUp();
    assert.equal(await faultOf(), 'ok');
    setting.status = 500;
    setting.nowMs = 60_000;
    assert.equal(await faultOf(), 'ok');
    setting.nowMs = 61_001;
    assert.equal(await faultOf(), 'issuer_unavailable');
    setting.status = 200;
    setting.nowMs += 1_000;
    assert.equal(await faultOf(), 'ok');
  });

  test('a list that was never read, or is no list, lets nobody in', async () => {
    for (const list of [undefined, 'x', { grants: 'g1' }, { grants: [], tokens: [] }]) {
      const { setting, faultOf } = setUp();
      setting.list = list ?? null;
      assert.equal(await faultOf(), 'issuer_unavailable');
    }
  });

  test('tokens of other issuers and tokens that are refused anyway cause no request', async () => {
    for (const verdict of [verdictOf({}, 'https://other.test'), verdictOf({ exp: 1 })]) {
      const { setting, faultOf } = setUp(verdict);
      await faultOf();
      assert.equal(setting.requests, 0);
    }
  });
});
