// Requests and answers without a socket: which token goes out, and how often a refusal is answered.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TokenSource } from '../auth/token-source.ts';
import { createAuthorizedFetch } from './authorized-fetch.ts';

const URL_OF_SERVER = 'https://tools.example/mcp';

/** Hands out token-1, token-2, …; the first one counts as one of an earlier run if `adopts`. */
function createSource(adopts: boolean): TokenSource & { readonly renewals: () => number } {
  let renewals = 0;
  return {
    current: async () => undefined,
    renew: async () => {
      renewals += 1;
      return `token-${renewals}`;
    },
    stepUp: async () => 'unused',
    isAdopted: (token) => adopts && token === 'token-1',
    authorize: async (_request, token) => ({ authorization: `Bearer ${token}` }),
    noteAnswer: () => false,
    status: async () => undefined,
    login: async () => assert.fail('nobody signs in here'),
    logout: async () => undefined,
    renewals: () => renewals,
  };
}

function serverThatTakes(token: string) {
  const sent: (string | null)[] = [];
  const answer = async (_url: string | URL, init?: RequestInit) => {
    const authorization = new Headers(init?.headers).get('authorization');
    sent.push(authorization);
    return new Response(null, { status: authorization === `Bearer ${token}` ? 200 : 401 });
  };
  return { sent, answer };
}

test('a stored token that the server refuses is replaced once more', async () => {
  const { sent, answer } = serverThatTakes('token-2');
  const response = await createAuthorizedFetch(URL_OF_SERVER, createSource(true), answer)(URL_OF_SERVER);
  assert.equal(response.status, 200);
  assert.deepEqual(sent, [null, 'Bearer token-1', 'Bearer token-2']);
});

test('a fresh token that the server refuses is not: the login is what is wrong', async () => {
  for (const [adopts, renewals] of [
    [false, 1],
    [true, 2],
  ] as const) {
    const { answer } = serverThatTakes('none');
    const source = createSource(adopts);
    await assert.rejects(createAuthorizedFetch(URL_OF_SERVER, source, answer)(URL_OF_SERVER), {
      code: 'login_required',
    });
    assert.equal(source.renewals(), renewals);
  }
});

test('C10: a server that wants other scopes each time gets them asked for three times, and not again by answering in between', async () => {
  const asked: (string | undefined)[] = [];
  let held = 'token';
  const source: TokenSource = {
    ...createSource(false),
    current: async () => held,
    stepUp: async (_stale, { scope }) => {
      asked.push(scope);
      held = `token-for-${scope}`;
      return held;
    },
  };
  let serial = 0;
  let isHonest = false;
  const wantsMore = async () => {
    serial += 1;
    const challenge = `Bearer error="insufficient_scope", scope="scope-${serial}"`;
    return isHonest
      ? new Response(null, { status: 200 })
      : new Response(null, { status: 403, headers: { 'www-authenticate': challenge } });
  };
  const authorized = createAuthorizedFetch(URL_OF_SERVER, source, wantsMore);
  for (let call = 0; call < 6; call += 1) {
    isHonest = false;
    await assert.rejects(authorized(URL_OF_SERVER), {
      code: 'insufficient_scope',
      message: call < 3 ? /even after it was asked for/ : /wants other scopes each time/,
    });
    isHonest = true;
    assert.equal((await authorized(URL_OF_SERVER)).status, 200);
  }
  assert.deepEqual(asked, ['scope-1', 'scope-4', 'scope-7']);
  // Somebody has signed in again.
  held = 'token-of-another-login';
  isHonest = false;
  await assert.rejects(authorized(URL_OF_SERVER), { message: /even after it was asked for/ });
  assert.equal(asked.length, 4);
});

test('C10: calls that are made at once get around the limit as little as calls one by one', async () => {
  let asked = 0;
  let held = 'token-0';
  const source: TokenSource = {
    ...createSource(false),
    current: async () => held,
    stepUp: async () => {
      asked += 1;
      held = `token-${asked}`;
      return held;
    },
  };
  let serial = 0;
  const refuse = () => {
    serial += 1;
    const challenge = `Bearer error="insufficient_scope", scope="scope-${serial}"`;
    return new Response(null, { status: 403, headers: { 'www-authenticate': challenge } });
  };
  let late: PromiseWithResolvers<void> | undefined;
  const authorized = createAuthorizedFetch(URL_OF_SERVER, source, async (_url, init) => {
    // The first of each pair is answered after the other one has stepped up.
    if (late && new Headers(init?.headers).has('x-late')) await late.promise;
    return refuse();
  });
  for (let pair = 0; pair < 5; pair += 1) {
    late = Promise.withResolvers();
    const first = authorized(URL_OF_SERVER, { headers: { 'x-late': '1' } }).catch((error: Error) => error);
    await authorized(URL_OF_SERVER).catch((error: Error) => error);
    late.resolve();
    await first;
  }
  assert.ok(asked <= 4, `asked ${asked} times`);
});

test('a tool that is refused for what no token can give leaves the step-ups of the others alone', async () => {
  const source: TokenSource = { ...createSource(false), current: async () => 'same', stepUp: async () => 'same' };
  let granted = false;
  const stepUp: TokenSource['stepUp'] = async (_stale, { scope }) => {
    if (scope !== 'write') return 'same';
    granted = true;
    return 'with-write';
  };
  const authorized = createAuthorizedFetch(URL_OF_SERVER, { ...source, stepUp }, async (url, init) => {
    const token = new Headers(init?.headers).get('authorization');
    if (new URL(url).searchParams.get('tool') === 'write' && token === 'Bearer with-write')
      return new Response(null, { status: 200 });
    const scope = new URL(url).searchParams.get('tool') === 'write' ? ', scope="write"' : '';
    return new Response(null, {
      status: 403,
      headers: { 'www-authenticate': `Bearer error="insufficient_scope"${scope}` },
    });
  });
  for (let call = 0; call < 5; call += 1)
    await assert.rejects(authorized(`${URL_OF_SERVER}?tool=admin`), { code: 'insufficient_scope' });
  assert.equal((await authorized(`${URL_OF_SERVER}?tool=write`)).status, 200);
  assert.ok(granted);
});

test('step-ups that bring what is needed may be as many as there are scopes', async () => {
  let granted = '';
  const source: TokenSource = {
    ...createSource(false),
    current: async () => granted,
    stepUp: async (_stale, { scope = '' }) => {
      granted = scope;
      return scope;
    },
  };
  let needed = '';
  const answer = async (_url: string | URL, init?: RequestInit) =>
    new Headers(init?.headers).get('authorization') === `Bearer ${needed}`
      ? new Response(null, { status: 200 })
      : new Response(null, {
          status: 403,
          headers: { 'www-authenticate': `Bearer error="insufficient_scope", scope="${needed}"` },
        });
  const authorized = createAuthorizedFetch(URL_OF_SERVER, source, answer);
  for (let call = 0; call < 10; call += 1) {
    needed = `scope-${call}`;
    assert.equal((await authorized(URL_OF_SERVER)).status, 200);
  }
});

test('C2: a challenge that is broken, repeated or without end counts as one without words', async () => {
  const long = 'x'.repeat(200_000);
  for (const challenge of [
    '',
    '"',
    'Bearer',
    'Bearer ,,,=',
    'Bearer resource_metadata="https://[broken"',
    'Bearer realm="open',
    `Bearer ${'a="b", '.repeat(20_000)}`,
    `Bearer error="${long}`,
    `Basic realm="${'\\'.repeat(50_000)}`,
  ]) {
    const source = createSource(false);
    const answer = async (_url: string | URL, init?: RequestInit) =>
      new Headers(init?.headers).get('authorization') === 'Bearer token-1'
        ? new Response(null, { status: 200 })
        : new Response(null, { status: 401, headers: { 'www-authenticate': challenge } });
    assert.equal((await createAuthorizedFetch(URL_OF_SERVER, source, answer)(URL_OF_SERVER)).status, 200);
  }
});

test('a challenge that names what is no scope is not answered: nobody is asked, and no token', async () => {
  const bad = 'read:add\u009b2Jwrite:notes';
  for (const [status, header] of [
    [401, `Bearer scope="read:add ${bad}"`],
    [403, `Bearer error="insufficient_scope", scope="${bad}"`],
  ] as const) {
    const source = { ...createSource(false), stepUp: async () => assert.fail('somebody was asked') };
    let isCancelled = false;
    const body = new ReadableStream({
      cancel: () => {
        isCancelled = true;
      },
    });
    const answer = async () => new Response(body, { status, headers: { 'www-authenticate': header } });
    await assert.rejects(createAuthorizedFetch(URL_OF_SERVER, source, answer)(URL_OF_SERVER), {
      code: 'protocol_error',
      message: /^https:\/\/tools\.example\/mcp names a scope that is none: "read:add\\u009b2Jwrite:notes"/,
    });
    assert.deepEqual([source.renewals(), isCancelled], [0, true]);
  }
});

test('T7.other-origin: the token does not go to another origin', async () => {
  const { sent, answer } = serverThatTakes('token-1');
  const authorized = createAuthorizedFetch(URL_OF_SERVER, createSource(false), answer);
  await assert.rejects(authorized('https://tools.example.evil.test/mcp'), { code: 'protocol_error' });
  assert.deepEqual(sent, []);
});
