import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { createLog } from '../log.ts';
import { IssuerUnavailableError } from './issuer-metadata.ts';
import { createKeySource } from './keys.ts';

const ISSUER = 'https://issuer.example';
const silent = createLog({ sink: { write: () => true } });
const trusted = {
  issuer: ISSUER,
  audiences: [],
  toleratedAudiences: [],
  profile: 'rfc9068',
  jwksUri: undefined,
  introspection: undefined,
} as const;

async function publicKey(kid: string): Promise<JWK> {
  const { publicKey: key } = await generateKeyPair('RS256', { extractable: true });
  return { ...(await exportJWK(key)), kid, alg: 'RS256', use: 'sig' };
}

/** An issuer behind an injected fetch, with a clock that the test moves. */
async function setUp(overrides: { jwksUri?: string } = {}) {
  const state = {
    keys: [await publicKey('k1')],
    nowMs: 0,
    requests: [] as string[],
    answer: undefined as (() => Response) | undefined,
  };
  const fetch = async (input: string | URL | Request) => {
    const url = String(input);
    state.requests.push(url);
    if (state.answer) return state.answer();
    if (url === `${ISSUER}/.well-known/oauth-authorization-server`)
      return Response.json({ issuer: ISSUER, jwks_uri: `${ISSUER}/keys` });
    if (url === `${ISSUER}/keys` || url === overrides.jwksUri) return Response.json({ keys: state.keys });
    return new Response(null, { status: 404 });
  };
  const source = createKeySource({ ...trusted, ...overrides }, { log: silent, fetch, now: () => state.nowMs });
  const find = async (kid: string) => source.getKey({ alg: 'RS256', kid }, { payload: '', signature: '' });
  const keyRequests = () => state.requests.filter((url) => url.endsWith('/keys')).length;
  return { state, find, keyRequests, generation: source.generation };
}

describe('key source', () => {
  test('finds the key set through the issuer’s metadata, once for concurrent lookups', async () => {
    const { find, keyRequests } = await setUp();
    await Promise.all(Array.from({ length: 100 }, () => find('k1')));
    assert.equal(keyRequests(), 1);
  });

  test('uses a configured key set without asking for metadata', async () => {
    const { state, find } = await setUp({ jwksUri: 'https://elsewhere.example/jwks' });
    await find('k1');
    assert.deepEqual(state.requests, ['https://elsewhere.example/jwks']);
  });

  test('counts a generation when the published keys change, and only then', async () => {
    const { state, find, generation } = await setUp();
    await find('k1');
    const first = generation();
    state.nowMs = 11 * 60_000;
    await find('k1');
    assert.equal(generation(), first);
    state.keys = [...state.keys, await publicKey('k2')];
    state.nowMs = 22 * 60_000;
    await find('k1');
    assert.equal(generation(), first + 1);
  });

  test('does not use metadata that names another issuer', async () => {
    const { state, find } = await setUp();
    state.answer = () => Response.json({ issuer: `${ISSUER}/`, jwks_uri: `${ISSUER}/keys` });
    await assert.rejects(find('k1'), IssuerUnavailableError);
  });

  test('R7.flood, R7.rotation: fetches at most once per window for unknown key ids, and sees a new key after it', async () => {
    const { state, find, keyRequests } = await setUp();
    await find('k1');
    for (let index = 0; index < 500; index += 1)
      await assert.rejects(find(`unknown-${index}`), { code: 'ERR_JWKS_NO_MATCHING_KEY' });
    assert.equal(keyRequests(), 1);
    state.keys = [await publicKey('k2')];
    state.nowMs += 10_001;
    await find('k2');
    await assert.rejects(find('k1'), { code: 'ERR_JWKS_NO_MATCHING_KEY' });
    assert.equal(keyRequests(), 2);
  });

  test('keeps the last good keys through an outage, for an hour and no longer', async () => {
    const { state, find } = await setUp();
    await find('k1');
    state.answer = () => new Response('down', { status: 500 });
    state.nowMs = 59 * 60_000;
    await find('k1');
    state.nowMs = 61 * 60_000;
    await assert.rejects(find('k1'), IssuerUnavailableError);
    state.answer = undefined;
    state.nowMs += 10_001;
    await find('k1');
  });

  test('does not ask an issuer that is down more than once per window', async () => {
    const { state, find } = await setUp();
    state.answer = () => new Response(null, { status: 503 });
    for (let index = 0; index < 50; index += 1) await assert.rejects(find('k1'), IssuerUnavailableError);
    assert.ok(state.requests.length <= 3, `${state.requests.length} requests`);
  });

  test('R7.oversize: refuses an oversized document, HTML, and a document that is no key set', async () => {
    for (const body of [`{"keys":[${'{},'.repeat(200_000)}{}]}`, '<html></html>', '{"keys":"none"}', '[]']) {
      const { state, find } = await setUp({ jwksUri: `${ISSUER}/keys` });
      state.answer = () => new Response(body);
      await assert.rejects(find('k1'), IssuerUnavailableError, body.slice(0, 20));
    }
  });

  test('R7.enc: does not give a key that is published for encryption', async () => {
    const { state, find } = await setUp();
    state.keys = [{ ...(await publicKey('k1')), use: 'enc' }];
    await assert.rejects(find('k1'), { code: 'ERR_JWKS_NO_MATCHING_KEY' });
  });
});
