// Clients that are a document on the web: what is fetched, from where, what is believed of it, and how they prove themselves.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { type TestContext, test } from 'node:test';
import { decodeJwt, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { METADATA_DOCUMENT_LIMITS } from './limits.ts';
import { codeRequest, createBrowser, obtainCode } from './test-browser.ts';
import { postForm, REDIRECT_URI, startTestServer, type TestServer } from './test-support.ts';

const CLIENT_ID_URL = 'https://tool.example.com/client.json';
const KEYS_URL = 'https://keys.example.com/keys.json';
const DOCUMENT = { client_id: CLIENT_ID_URL, client_name: 'A tool on the web', redirect_uris: [REDIRECT_URI] };
const PUBLIC_ADDRESS = '93.184.215.14';

interface Site {
  readonly requests: string[];
  readonly options: { fetch: typeof fetch; lookup: (hostname: string) => Promise<readonly string[]> };
}

/** The web as the server sees it: one document for every address, or one per address, at public addresses. */
function site(
  document: unknown,
  init: ResponseInit = {},
  {
    addresses = [PUBLIC_ADDRESS],
    others = {},
  }: { addresses?: readonly string[]; others?: Record<string, unknown> } = {},
): Site {
  const requests: string[] = [];
  return {
    requests,
    options: {
      fetch: async (input, request) => {
        const url = String(input);
        requests.push(url);
        assert.equal(request?.redirect, 'manual');
        assert.ok(request?.signal, 'the fetch has a time limit');
        // oidc-provider’s own guard: it looks at the address that the socket really got.
        assert.ok(request !== undefined && 'dispatcher' in request);
        const other = others[url];
        if (other instanceof Response) return other;
        const content = other ?? document;
        return new Response(typeof content === 'string' ? content : JSON.stringify(content), init);
      },
      lookup: async () => addresses,
    },
  };
}

/** How the authorization endpoint answers this client. */
async function ask(server: Pick<TestServer, 'issuer'>, client_id = CLIENT_ID_URL) {
  return await createBrowser(server.issuer).visit(codeRequest(server.issuer, { client_id }).url);
}

async function assertRefused(t: TestContext, { options, requests }: Site, label: string): Promise<readonly string[]> {
  const server = await startTestServer(t, { metadataDocuments: options });
  const page = await ask(server);
  assert.deepEqual([page.status, page.location], [400, undefined], label);
  // oidc-provider looks for the client once more when it has an error to report.
  return [...new Set(requests)];
}

test('a client whose id is a document on the web gets a token, and the document is fetched once', async (t) => {
  const { options, requests } = site({ ...DOCUMENT, logo_uri: 'https://tool.example.com/logo.png' });
  const server = await startTestServer(t, { metadataDocuments: options });
  const { form } = await obtainCode(server, {
    client_id: CLIENT_ID_URL,
    redirect_uri: 'http://127.0.0.1:7000/callback',
  });
  const tokens = await postForm(server, form);
  assert.equal(decodeJwt(tokens.body['access_token'] ?? '')['client_id'], CLIENT_ID_URL);
  const browser = createBrowser(server.issuer);
  const signIn = await browser.walk(codeRequest(server.issuer, { client_id: CLIENT_ID_URL }).url);
  const page = await browser.answer(signIn, 'sign-in');
  assert.ok(page.text.includes('A tool on the web'));
  assert.match(page.text, /whatever program on this machine listens there/);
  assert.deepEqual(requests, [CLIENT_ID_URL]);
});

test('A6.url, A6.address: what is not a public https URL on its usual port is not fetched', async (t) => {
  const { options, requests } = site(DOCUMENT);
  const server = await startTestServer(t, { metadataDocuments: options });
  for (const client_id of [
    'http://tool.example.com/client.json',
    'https://127.0.0.1/client.json',
    'https://[::1]/client.json',
    'https://169.254.169.254/latest/meta-data',
    'https://2130706433/client.json',
    'https://0x7f.1/client.json',
    'https://localhost/client.json',
    'https://intranet/client.json',
    'https://printer.local/client.json',
    'https://api.internal/client.json',
    'https://foo.localhost/client.json',
    'https://tool.example.com:8443/client.json',
    'https://tool.example.com/',
    'https://tool.example.com/client.json?x=1',
    'https://tool.example.com/client.json#x',
    'https://user@tool.example.com/client.json',
    'HTTPS://tool.example.com/client.json',
    'https://TOOL.example.com/client.json',
    'https://tool.example.com:443/client.json',
    'https://tool.example.com/../client.json',
    `https://tool.example.com/${'x'.repeat(600)}`,
  ]) {
    const page = await createBrowser(server.issuer).visit(codeRequest(server.issuer, { client_id }).url);
    assert.deepEqual([page.status, page.location], [400, undefined], client_id.slice(0, 60));
  }
  assert.deepEqual(requests, []);
});

test('A6.private: a name that leads inside is not fetched, whatever it looks like', async (t) => {
  for (const address of [
    '127.0.0.1',
    '10.1.2.3',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '::1',
    '::ffff:127.0.0.1',
    'fd00::1',
    'fe80::1',
    '64:ff9b::7f00:1',
  ]) {
    const { options, requests } = site(DOCUMENT, {}, { addresses: [PUBLIC_ADDRESS, address] });
    const server = await startTestServer(t, { metadataDocuments: options });
    const page = await createBrowser(server.issuer).visit(codeRequest(server.issuer, { client_id: CLIENT_ID_URL }).url);
    assert.deepEqual([page.status, requests.length], [400, 0], address);
  }
});

test('A6.redirect, A6.size, A6.mismatch, A6.secret: a document that redirects, is too large, is about somebody else or asks for too much is refused', async (t) => {
  const cases: [unknown, ResponseInit?][] = [
    ['', { status: 302, headers: { location: 'http://169.254.169.254/' } }],
    ['', { status: 500 }],
    ['not json'],
    ['[]'],
    [{ ...DOCUMENT, client_name: 'x'.repeat(6_000) }],
    [{ ...DOCUMENT, padding: 'x'.repeat(METADATA_DOCUMENT_LIMITS.maxDocumentLength) }],
    [{ ...DOCUMENT, padding: 'x'.repeat(METADATA_DOCUMENT_LIMITS.maxFetchedBytes) }],
    [{ ...DOCUMENT, client_id: 'https://other.example.com/client.json' }],
    [{ ...DOCUMENT, client_id: `${CLIENT_ID_URL}/` }],
    [{ ...DOCUMENT, client_id: undefined }],
    [{ ...DOCUMENT, client_secret: 'x'.repeat(40) }],
    [{ ...DOCUMENT, token_endpoint_auth_method: 'client_secret_basic' }],
    [{ ...DOCUMENT, token_endpoint_auth_method: 'client_secret_post' }],
    [{ ...DOCUMENT, token_endpoint_auth_method: 'client_secret_jwt' }],
    [{ ...DOCUMENT, grant_types: ['client_credentials'] }],
    [{ ...DOCUMENT, redirect_uris: ['javascript:alert(1)'] }],
    [{ ...DOCUMENT, redirect_uris: [] }],
  ];
  for (const [document, init] of cases)
    await assertRefused(t, site(document, init), JSON.stringify(document).slice(0, 80));
});

test('A6.rebinding: a name that was public when asked and is this machine when dialled gets no request', async (t) => {
  let reached = 0;
  const inside = createServer((_request, response) => {
    reached += 1;
    response.end(JSON.stringify(DOCUMENT));
  });
  await new Promise<void>((resolve) => inside.listen(0, '127.0.0.1', resolve));
  t.after(() => inside.close());
  const address = inside.address();
  assert(address !== null && typeof address === 'object');
  const local = `http://127.0.0.1:${address.port}/client.json`;
  // The platform's fetch with everything that the server gave it, but the name.
  const options = {
    lookup: async () => [PUBLIC_ADDRESS],
    fetch: (_: unknown, init?: RequestInit) => fetch(local, init),
  };
  await assertRefused(t, { requests: [], options }, 'rebound');
  assert.equal(reached, 0);
  assert.equal((await fetch(local)).status, 200, 'it is there');
});

test('A6.slow: a host that does not answer, or never ends, is given up on', async (t) => {
  const endless = (signal: AbortSignal) =>
    new Response(
      new ReadableStream({
        start: (controller) => signal.addEventListener('abort', () => controller.error(signal.reason)),
      }),
    );
  const cases: ((signal: AbortSignal) => Promise<Response>)[] = [
    (signal) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    async (signal) => endless(signal),
  ];
  await Promise.all(
    cases.map(async (answer, index) => {
      const fetch = async (_: unknown, init?: RequestInit) => {
        assert.ok(init?.signal);
        return await answer(init.signal);
      };
      await assertRefused(t, { requests: [], options: { fetch, lookup: async () => [PUBLIC_ADDRESS] } }, String(index));
    }),
  );
});

test('A6.loopback: who answers to this machine only is shown with a warning, and so is where the answer goes', async (t) => {
  for (const [redirect_uri, warning] of [
    [REDIRECT_URI, /whatever program on this machine listens there/],
    ['https://tool.example.com/callback', /the address that the answer goes to is its own/],
  ] as const) {
    const server = await startTestServer(t, {
      metadataDocuments: site({ ...DOCUMENT, redirect_uris: [redirect_uri] }).options,
    });
    const browser = createBrowser(server.issuer);
    const request = codeRequest(server.issuer, { client_id: CLIENT_ID_URL, redirect_uri });
    const page = await browser.answer(await browser.walk(request.url), 'sign-in');
    assert.match(page.text, warning);
    assert.ok(page.text.includes(`<code>${new URL(redirect_uri).host}</code>`));
    assert.ok(page.text.includes(CLIENT_ID_URL));
  }
});

test('A6.cache: an unchanged document is fetched once an hour at most, and a few hundred are kept at most', async (t) => {
  const documents: string[] = [];
  const options = {
    lookup: async () => [PUBLIC_ADDRESS],
    fetch: async (input: string | URL | Request) => {
      documents.push(String(input));
      return new Response(JSON.stringify({ ...DOCUMENT, client_id: String(input) }), {
        headers: { 'cache-control': 'max-age=999999999' },
      });
    },
  };
  const server = await startTestServer(t, { metadataDocuments: options });
  const urls = Array.from({ length: 250 }, (_, i) => `https://x${i}.example.com/client.json`);
  const askAll = async (some: readonly string[]) => {
    for (const url of some) {
      assert.equal((await ask(server, url)).status, 303, url);
      if (documents.length % 50 === 49) server.advance(METADATA_DOCUMENT_LIMITS.windowMs / 1_000);
    }
  };
  await askAll(urls);
  assert.equal(documents.length, urls.length);
  await askAll(urls.slice(-1));
  assert.equal(documents.length, urls.length, 'one that is kept is not fetched again');
  await askAll(urls.slice(0, 1));
  assert.equal(documents.length, urls.length + 1, 'the first one had to make room');
  const before = documents.length;
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + METADATA_DOCUMENT_LIMITS.cacheSeconds.max * 1_000 + 1_000 });
  await askAll(urls.slice(0, 1));
  assert.equal(documents.length, before + 1, 'whatever the document says, it is asked again after an hour');
});

test('A6.hosts: with a list of hosts, documents and keys come from there and from nowhere else', async (t) => {
  const { options, requests } = site(DOCUMENT);
  const server = await startTestServer(t, { metadataDocuments: { ...options, hosts: ['tool.example.com'] } });
  assert.equal((await ask(server)).status, 303);
  for (const url of ['https://evil.example.com/client.json', 'https://tool.example.com.evil.test/client.json'])
    assert.equal((await ask(server, url)).status, 400, url);
  assert.deepEqual(requests, [CLIENT_ID_URL]);
  const elsewhere = site({ ...DOCUMENT, token_endpoint_auth_method: 'private_key_jwt', jwks_uri: KEYS_URL });
  const strict = await startTestServer(t, {
    metadataDocuments: { ...elsewhere.options, hosts: ['tool.example.com'] },
  });
  assert.equal((await ask(strict)).status, 400);
  assert.deepEqual(new Set(elsewhere.requests), new Set([CLIENT_ID_URL]));
});

async function createKey() {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const jwk: JWK = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' };
  const prove = (issuer: string, client_id = CLIENT_ID_URL) =>
    new SignJWT({ jti: randomUUID() })
      .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
      .setIssuer(client_id)
      .setSubject(client_id)
      .setAudience(issuer)
      .setIssuedAt()
      .setExpirationTime('1m')
      .sign(privateKey);
  return { jwk, prove };
}

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

test('A6.key-proof: a client with keys in its document, or behind a link, redeems and refreshes with the private one only', async (t) => {
  const [key, stranger] = [await createKey(), await createKey()];
  const withKeys = { ...DOCUMENT, token_endpoint_auth_method: 'private_key_jwt' };
  for (const [document, fetched] of [
    [{ ...withKeys, jwks: { keys: [key.jwk] } }, [CLIENT_ID_URL]],
    [{ ...withKeys, jwks_uri: KEYS_URL }, [CLIENT_ID_URL, KEYS_URL]],
  ] as const) {
    const { options, requests } = site(document, {}, { others: { [KEYS_URL]: { keys: [key.jwk] } } });
    const server = await startTestServer(t, { metadataDocuments: options });
    const { form } = await obtainCode(server, { client_id: CLIENT_ID_URL });
    const proof = async ({ prove }: typeof key) => ({
      client_assertion: await prove(server.issuer),
      client_assertion_type: ASSERTION_TYPE,
    });
    for (const wrong of [{}, { client_secret: 'x' }, await proof(stranger)]) {
      const { status, body } = await postForm(server, { ...form, ...wrong });
      assert.deepEqual([status, body['error']], [401, 'invalid_client']);
    }
    const tokens = await postForm(server, { ...form, ...(await proof(key)) });
    assert.equal(tokens.status, 200, JSON.stringify(tokens.body));
    assert.equal(decodeJwt(tokens.body['access_token'] ?? '')['client_id'], CLIENT_ID_URL);
    const refresh = {
      grant_type: 'refresh_token',
      client_id: CLIENT_ID_URL,
      refresh_token: tokens.body['refresh_token'] ?? '',
    };
    assert.equal((await postForm(server, refresh)).body['error'], 'invalid_client');
    assert.equal((await postForm(server, { ...refresh, ...(await proof(key)) })).status, 200);
    const machine = { grant_type: 'client_credentials', client_id: CLIENT_ID_URL, ...(await proof(key)) };
    assert.notEqual((await postForm(server, machine)).status, 200, 'a key is no way around the person');
    assert.deepEqual(requests, fetched, 'the keys are kept with the document');
  }
});

test('A6.keys: keys that are private, shared, weak, too many, of no use or somewhere else are refused', async (t) => {
  const { jwk } = await createKey();
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const base = { ...DOCUMENT, token_endpoint_auth_method: 'private_key_jwt' };
  const sets: unknown[] = [
    undefined,
    null,
    {},
    { keys: [] },
    { keys: [7] },
    { keys: Array.from({ length: METADATA_DOCUMENT_LIMITS.maxKeys + 1 }, () => jwk) },
    { keys: [{ ...(await exportJWK(privateKey)), alg: 'ES256' }] },
    { keys: [{ kty: 'oct', k: 'c2VjcmV0', alg: 'HS256' }] },
    { keys: [{ kty: 'RSA', n: 'x'.repeat(171), e: 'AQAB' }] },
    { keys: [{ ...jwk, use: 'enc' }] },
    { keys: [{ kty: 'nonsense' }] },
    { keys: [{ ...jwk, x: 7 }] },
  ];
  for (const jwks of sets) await assertRefused(t, site({ ...base, jwks }), JSON.stringify(jwks ?? null).slice(0, 80));
  const answers: Record<string, unknown> = {
    redirect: new Response('', { status: 302, headers: { location: 'http://169.254.169.254/' } }),
    'no keys': '<html>',
    'too large': JSON.stringify({ keys: [jwk], padding: 'x'.repeat(METADATA_DOCUMENT_LIMITS.maxFetchedBytes) }),
  };
  for (const [label, answer] of Object.entries(answers))
    await assertRefused(t, site({ ...base, jwks_uri: KEYS_URL }, {}, { others: { [KEYS_URL]: answer } }), label);
  const elsewhere: Record<string, unknown>[] = [
    { jwks_uri: 'https://169.254.169.254/keys' },
    { jwks_uri: 'https://localhost/keys' },
    { jwks_uri: 'http://keys.example.com/keys' },
    { jwks_uri: 'https://keys.example.com:8443/keys' },
    { jwks_uri: 'file:///etc/passwd' },
    { jwks_uri: 7 },
    { jwks_uri: KEYS_URL, jwks: { keys: [jwk] } },
    { jwks_uri: KEYS_URL, token_endpoint_auth_method: 'none' },
    { jwks: { keys: [jwk] }, token_endpoint_auth_method: 'none' },
  ];
  for (const wrong of elsewhere)
    assert.deepEqual(
      await assertRefused(t, site({ ...base, ...wrong }), JSON.stringify(wrong).slice(0, 80)),
      [CLIENT_ID_URL],
      'nothing but the document was fetched',
    );
});

test('A10.documents: strangers can make this server fetch a limited number of documents', async (t) => {
  const { options, requests } = site('');
  const server = await startTestServer(t, { metadataDocuments: options });
  await Promise.all(
    Array.from({ length: 80 }, (_, i) =>
      createBrowser(server.issuer).visit(
        codeRequest(server.issuer, { client_id: `https://x${i}.example.com/c.json` }).url,
      ),
    ),
  );
  assert.equal(requests.length, 60);
});
