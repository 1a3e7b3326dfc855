// Discovery of resources and issuers without a socket: which documents are asked for in which order, and which are refused.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Challenge, discoverResource, selectIssuer } from './discovery.ts';
import { loadIssuerMetadata } from './issuer-metadata.ts';

const SERVER = 'https://tools.example/v1/mcp';
const NO_CHALLENGE: Challenge = { resourceMetadataUrl: undefined, scope: undefined };
const RESOURCE = { resource: SERVER, authorization_servers: ['https://id.example'] };

/** Answers with what is at a URL, 404 with anything else. */
function site(pages: Readonly<Record<string, unknown>>) {
  const asked: string[] = [];
  const fetch = async (url: string) => {
    asked.push(url);
    const page = pages[url];
    if (page instanceof Response) return page;
    return page === undefined ? new Response('not here', { status: 404 }) : Response.json(page);
  };
  return { asked, fetch };
}

describe('protected-resource metadata', () => {
  const [PATH, ROOT] = [
    'https://tools.example/.well-known/oauth-protected-resource/v1/mcp',
    'https://tools.example/.well-known/oauth-protected-resource',
  ];

  test('C1, C2: is looked for where the challenge says, then under the path, then at the root', async () => {
    const stated = 'https://tools.example/custom/metadata';
    const challenge = { ...NO_CHALLENGE, resourceMetadataUrl: stated };
    for (const [pages, expected, said] of [
      [{ [stated]: RESOURCE, [PATH]: {} }, [stated], challenge],
      [{ [PATH]: RESOURCE }, [stated, PATH], challenge],
      [{ [PATH]: RESOURCE, [ROOT]: {} }, [PATH], NO_CHALLENGE],
      [{ [ROOT]: RESOURCE }, [PATH, ROOT], NO_CHALLENGE],
    ] as const) {
      const { asked, fetch } = site(pages);
      assert.deepEqual((await discoverResource(SERVER, said, fetch)).issuers, ['https://id.example']);
      assert.deepEqual(asked, expected);
    }
  });

  test('T1.other-origin: on another origin, a private address or another scheme it is not asked for', async () => {
    for (const resourceMetadataUrl of [
      'https://evil.example/metadata',
      'https://tools.example.evil.example/metadata',
      'https://tools.example:8443/metadata',
      'http://tools.example/metadata',
      'http://169.254.169.254/latest/meta-data',
      'https://10.0.0.1/metadata',
      'file:///etc/passwd',
      'nonsense',
    ]) {
      const { asked, fetch } = site({});
      const attempt = discoverResource(SERVER, { ...NO_CHALLENGE, resourceMetadataUrl }, fetch);
      await assert.rejects(attempt, { code: 'untrusted_issuer' }, resourceMetadataUrl);
      assert.deepEqual(asked, []);
    }
  });

  test('T1.foreign-resource: that describes another resource is refused', async () => {
    for (const resource of [
      'https://evil.example/v1/mcp',
      'https://tools.example/v1/mcp-evil',
      `${SERVER}/deeper`,
      'mcp',
    ]) {
      const { fetch } = site({ [PATH]: { ...RESOURCE, resource } });
      await assert.rejects(discoverResource(SERVER, NO_CHALLENGE, fetch), { code: 'untrusted_issuer' }, resource);
    }
    for (const resource of ['https://tools.example/v1', 'https://tools.example', 'https://tools.example/v1/'])
      assert.equal(
        (await discoverResource(SERVER, NO_CHALLENGE, site({ [PATH]: { ...RESOURCE, resource } }).fetch)).resource,
        resource,
      );
  });

  test('T1.redirect: a redirect is no metadata, and is not followed', async () => {
    const redirect = new Response(null, { status: 302, headers: { location: 'http://169.254.169.254/' } });
    const { asked, fetch } = site({ [PATH]: redirect });
    await assert.rejects(discoverResource(SERVER, NO_CHALLENGE, fetch), { code: 'protocol_error', message: /302/ });
    assert.deepEqual(asked, [PATH]);
  });

  test('without any, the server is one of 2025-03-26: its own origin is the issuer, and it is the resource', async () => {
    const resource = await discoverResource(SERVER, NO_CHALLENGE, site({}).fetch);
    assert.deepEqual(resource, {
      resource: SERVER,
      issuers: ['https://tools.example'],
      scopes: undefined,
      isProofRequired: false,
    });
    assert.equal(
      (await discoverResource('https://tools.example/', NO_CHALLENGE, site({}).fetch)).resource,
      'https://tools.example',
    );
  });

  test('a scope that is none is not taken from metadata; several in one text are several', async () => {
    const metadata = (scopes_supported: readonly string[]) => ({
      resource: SERVER,
      authorization_servers: ['https://id.example'],
      scopes_supported,
    });
    const discover = (scopes: readonly string[]) =>
      discoverResource(SERVER, NO_CHALLENGE, site({ [PATH]: metadata(scopes) }).fetch);
    assert.deepEqual((await discover(['read', 'write delete'])).scopes, ['read', 'write', 'delete']);
    assert.deepEqual((await discover(['read', 'read\u202Ewrite', 'say "all"', ''])).scopes, ['read', 'say']);
    const many = Array.from({ length: 1000 }, (_, index) => `scope-${index}`);
    assert.equal((await discover(many)).scopes?.length, 200);
  });

  test('T1.private-address: an issuer inside our network is not taken from a server outside of it', () => {
    const named = (issuer: string) =>
      selectIssuer(SERVER, { resource: SERVER, issuers: [issuer], scopes: undefined, isProofRequired: false });
    for (const issuer of ['https://192.168.0.1', 'http://localhost:8001', 'http://id.example', 'x'])
      assert.throws(() => named(issuer), { code: 'untrusted_issuer' }, issuer);
    assert.equal(named('https://id.example/tenant'), 'https://id.example/tenant');
  });
});

describe('issuer metadata', () => {
  const metadata = (issuer: string, changes: Record<string, unknown> = {}) => ({
    issuer,
    token_endpoint: 'https://id.example/token',
    ...changes,
  });
  const [OAUTH, OPENID] = ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration'];

  test('C3: is looked for in the order of the specification, with a path and without', async () => {
    const withPath = [`${OAUTH}/tenant`, `${OPENID}/tenant`, `/tenant${OPENID}`];
    for (const [issuer, places] of [
      ['https://id.example', [OAUTH, OPENID]],
      ['https://id.example/', [OAUTH, OPENID]],
      ['https://id.example/tenant', withPath],
      ['https://id.example/tenant/', withPath],
    ] as const) {
      for (const [index, place] of places.entries()) {
        const { asked, fetch } = site({ [`https://id.example${place}`]: metadata(issuer) });
        assert.equal((await loadIssuerMetadata(issuer, fetch)).issuer, issuer);
        assert.deepEqual(
          asked,
          places.slice(0, index + 1).map((path) => `https://id.example${path}`),
        );
      }
      const { asked, fetch } = site({});
      await assert.rejects(loadIssuerMetadata(issuer, fetch), { code: 'protocol_error' });
      assert.equal(asked.length, places.length);
    }
  });

  test('C3: a page that is no metadata is passed over; an issuer in trouble is not', async () => {
    const pages = {
      [`https://id.example${OAUTH}`]: new Response('<html>'),
      [`https://id.example${OPENID}`]: metadata('https://id.example'),
    };
    assert.equal((await loadIssuerMetadata('https://id.example', site(pages).fetch)).issuer, 'https://id.example');
    const down = { [`https://id.example${OAUTH}`]: new Response('', { status: 503 }) };
    await assert.rejects(loadIssuerMetadata('https://id.example', site(down).fetch), { code: 'unreachable' });
  });

  test('C4: that names another issuer is refused, if only by a slash', async () => {
    for (const named of [
      'https://evil.example',
      'https://id.example/',
      'https://ID.example',
      'https://id.example:443',
    ]) {
      const { asked, fetch } = site({ [`https://id.example${OAUTH}`]: metadata(named) });
      await assert.rejects(loadIssuerMetadata('https://id.example', fetch), { code: 'untrusted_issuer' }, named);
      assert.equal(asked.length, 1);
    }
  });

  test('T1.plain-http, T1.private-address: with an endpoint that must not be asked is refused', async () => {
    for (const endpoint of [
      'authorization_endpoint',
      'token_endpoint',
      'registration_endpoint',
      'revocation_endpoint',
      'device_authorization_endpoint',
    ])
      for (const url of ['http://id.example/x', 'https://10.0.0.1/x', 'http://localhost/x', 'javascript:alert(1)']) {
        const { fetch } = site({ [`https://id.example${OAUTH}`]: metadata('https://id.example', { [endpoint]: url }) });
        await assert.rejects(
          loadIssuerMetadata('https://id.example', fetch),
          { code: 'untrusted_issuer' },
          `${endpoint} ${url}`,
        );
      }
  });
});
