// Client id metadata documents: a client id that is an https URL, and a document there that says who the client is. A
// stranger makes this server fetch something, so: public addresses only, small, short, few, and judged like a
// registration. oidc-provider adds its own guard at the socket, against names that change their address meanwhile.

import { lookup as systemLookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { judgeDescription } from './anonymous-clients.ts';
import type { AttemptLimiter } from './attempt-limiter.ts';
import { parseJsonObject } from './json-object.ts';
import { METADATA_DOCUMENT_LIMITS } from './limits.ts';

export interface MetadataDocumentsOptions {
  /** One key for all strangers together. */
  readonly limiter: AttemptLimiter;
  /** Host names that documents and keys may come from; default any on the public internet. */
  readonly hosts?: readonly string[] | undefined;
  /** HTTP client; default the platform's. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** All addresses of a host name; default the system's resolver. */
  readonly lookup?: ((hostname: string) => Promise<readonly string[]>) | undefined;
}

export type DocumentVerdict = { readonly ok: true } | { readonly ok: false; readonly reason: string };

export interface MetadataDocuments {
  /** May this URL be fetched at all? */
  readonly judgeUrl: (clientId: string) => Promise<DocumentVerdict>;
  /** Fetches for oidc-provider: a document comes back judged and with nothing in it that a stranger may not have. */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
}

const LIMIT_KEY = 'metadata-documents';
/** Addresses that are not on the public internet, or that reach this machine by another name. */
const NOT_PUBLIC = notPublic();

export function createMetadataDocuments(options: MetadataDocumentsOptions): MetadataDocuments {
  const fetch = options.fetch ?? globalThis.fetch;
  const lookup = options.lookup ?? lookupAll;

  /**
   * The keys that a document points to, as if they stood in it: fetched under the same rules, at the same moment, and
   * kept as long. oidc-provider would fetch them by itself for each assertion, and follow redirects.
   */
  const inlineKeys = async (document: Record<string, unknown>, init: RequestInit | undefined) => {
    const { jwks_uri: uri, ...rest } = document;
    if (uri === undefined || document['token_endpoint_auth_method'] !== 'private_key_jwt')
      return { document, headers: [] };
    if (typeof uri !== 'string' || !URL.canParse(uri) || new URL(uri).protocol !== 'https:')
      throw new TypeError('the document is refused: jwks_uri is not an https URL');
    if (document['jwks'] !== undefined) throw new TypeError('the document is refused: it has both jwks and jwks_uri');
    const verdict = await judgeUrl(uri);
    if (!verdict.ok) throw new TypeError(`the document is refused: jwks_uri: ${verdict.reason}`);
    const response = await fetch(uri, { ...init, redirect: 'manual' });
    if (response.status !== 200) throw new TypeError(`the keys were answered with status ${response.status}`);
    return { document: { ...rest, jwks: parseJsonObject(await readSmall(response)) }, headers: [response.headers] };
  };

  const judgeUrl = async (url: string): Promise<DocumentVerdict> => {
    const refuse = (reason: string): DocumentVerdict => ({ ok: false, reason });
    if (url.length > METADATA_DOCUMENT_LIMITS.maxUrlLength) return refuse('the URL is too long');
    const { href, hostname, port, pathname, search } = new URL(url);
    // One client, one name: what is compared as a string elsewhere must not have a second spelling.
    if (href !== url) return refuse('the URL is not written in its usual form');
    if (port !== '') return refuse('only the https port is fetched from');
    if (pathname === '/' || search !== '') return refuse('the URL must have a path and no query');
    // A literal address has no owner whose name a person could recognise on the consent page.
    if (isIP(hostname.replace(/^\[|\]$/g, '')) !== 0) return refuse('the host is an address instead of a name');
    if (!hostname.includes('.') || /\.(localhost|local|internal|home\.arpa)\.?$/.test(hostname))
      return refuse('the host is not on the public internet');
    if (options.hosts && !options.hosts.includes(hostname)) return refuse('the host is not on the list of this server');
    if (!options.limiter.take(LIMIT_KEY).ok) return refuse('too many documents were fetched lately');
    const addresses = await lookup(hostname);
    if (addresses.length === 0) return refuse('the host has no address');
    const inside = addresses.find((address) => NOT_PUBLIC.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4'));
    return inside === undefined ? { ok: true } : refuse(`the host has the address ${inside}, which is not public`);
  };

  return {
    judgeUrl,
    async fetch(input, init) {
      const response = await fetch(input, init);
      if (response.status !== 200) return response;
      const text = await readSmall(response);
      const document = parseJsonObject(text);
      const url = input instanceof Request ? input.url : String(input);
      // About somebody else, or about nobody: oidc-provider refuses it.
      if (document?.['client_id'] !== url) return new Response(text, { status: 200, headers: response.headers });
      if (text.length > METADATA_DOCUMENT_LIMITS.maxDocumentLength) throw new TypeError('the document is too large');
      const { client_id: _, ...description } = document;
      const withKeys = await inlineKeys(description, init);
      // A logo is never fetched or shown here; documents that carry one for others are fine.
      const judged = judgeDescription({ ...withKeys.document, logo_uri: undefined }, true);
      if (!judged.ok) throw new TypeError(`the document is refused: ${judged.reason}`);
      const headers = new Headers({ 'content-type': 'application/json' });
      // What is kept is kept no longer than the shorter-lived of the two.
      const maxAges = [response.headers, ...withKeys.headers].map(maxAgeOf);
      headers.set('cache-control', `max-age=${Math.min(...maxAges)}`);
      return new Response(JSON.stringify({ ...judged.metadata, client_id: url }), { status: 200, headers });
    },
  };
}

/** In seconds; 0 when the answer does not say. */
function maxAgeOf(headers: Headers): number {
  const seconds = /(?:^|,)\s*max-age\s*=\s*(\d+)/i.exec(headers.get('cache-control') ?? '')?.[1];
  if (seconds !== undefined) return Number(seconds);
  const expiresAtMs = Date.parse(headers.get('expires') ?? '');
  return Number.isNaN(expiresAtMs) ? 0 : Math.max(0, Math.floor((expiresAtMs - Date.now()) / 1_000));
}

async function readSmall(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of response.body ?? []) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > METADATA_DOCUMENT_LIMITS.maxFetchedBytes) throw new TypeError('what was fetched is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function lookupAll(hostname: string): Promise<readonly string[]> {
  try {
    return (await systemLookup(hostname, { all: true })).map(({ address }) => address);
  } catch (error) {
    if (error instanceof Error && 'code' in error) return [];
    throw error;
  }
}

/** @see RFC 6890, the registries of special-purpose addresses */
function notPublic(): BlockList {
  const list = new BlockList();
  const ipv4: readonly [string, number][] = [
    ['0.0.0.0', 8],
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['127.0.0.0', 8],
    ['169.254.0.0', 16],
    ['172.16.0.0', 12],
    ['192.0.0.0', 24],
    ['192.0.2.0', 24],
    ['192.88.99.0', 24],
    ['192.168.0.0', 16],
    ['198.18.0.0', 15],
    ['198.51.100.0', 24],
    ['203.0.113.0', 24],
    ['224.0.0.0', 3],
  ];
  const ipv6: readonly [string, number][] = [
    ['::', 96],
    ['64:ff9b::', 96],
    ['64:ff9b:1::', 48],
    ['100::', 64],
    ['2001::', 23],
    ['2001:db8::', 32],
    ['2002::', 16],
    ['3fff::', 20],
    ['5f00::', 16],
    ['fc00::', 7],
    ['fe80::', 10],
    ['ff00::', 8],
  ];
  // An IPv4 address in IPv6 clothes (::ffff:a.b.c.d) is checked against the IPv4 rules by BlockList itself.
  for (const [address, prefix] of ipv4) list.addSubnet(address, prefix, 'ipv4');
  for (const [address, prefix] of ipv6) list.addSubnet(address, prefix, 'ipv6');
  return list;
}
