// What an issuer says about itself, and the bounded way in which this server reads documents of issuers.

import type { TrustedIssuer } from '../config.ts';

/** The issuer cannot be asked at the moment: an outage, not a fault of the token. */
export class IssuerUnavailableError extends Error {
  override readonly name = 'IssuerUnavailableError';
}

export type FetchDocument = (url: string, init?: RequestInit) => Promise<unknown>;

const LIMITS = {
  timeoutMs: 5_000,
  /** A key set of a hundred keys has about 50 KB. */
  maxDocumentBytes: 256 * 1024,
} as const;

/** A request for a small JSON document: time-capped, size-capped, no redirects. */
export function createDocumentFetch(
  fetch: typeof globalThis.fetch = globalThis.fetch,
  timeoutMs: number = LIMITS.timeoutMs,
): FetchDocument {
  return async (url, init = {}) => {
    const response = await fetch(url, {
      ...init,
      headers: { accept: 'application/json', ...init.headers },
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (!response.ok || !response.body) {
      await response.body?.cancel();
      throw new Error(`HTTP ${response.status}`);
    }
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of response.body) {
      size += chunk.byteLength;
      if (size > LIMITS.maxDocumentBytes) throw new Error(`more than ${LIMITS.maxDocumentBytes} bytes`);
      chunks.push(chunk);
    }
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  };
}

/**
 * Asks the issuer's metadata for the URL under `member`; a document that names another issuer is not used.
 *
 * @throws {IssuerUnavailableError} with everything that was tried
 * @see RFC 8414 §3, §3.3; MCP 2026-07-28, "Authorization Server Metadata Discovery"
 */
export async function discoverEndpoint(
  { issuer }: TrustedIssuer,
  member: 'jwks_uri' | 'introspection_endpoint',
  fetchDocument: FetchDocument,
): Promise<string> {
  const failures: string[] = [];
  for (const url of metadataUrls(issuer)) {
    try {
      const metadata = await fetchDocument(url);
      if (!isRecord(metadata) || metadata['issuer'] !== issuer) {
        failures.push(`${url} does not name the issuer ${issuer}`);
        continue;
      }
      const endpoint = metadata[member];
      if (typeof endpoint === 'string' && URL.canParse(endpoint)) return endpoint;
      failures.push(`${url} has no ${member}`);
    } catch (error) {
      failures.push(`${url}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new IssuerUnavailableError(`No usable metadata of ${issuer}: ${failures.join('; ')}`);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Where an issuer's metadata may be, in the order that MCP prescribes. */
function metadataUrls(issuer: string): string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  const urls = [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}/.well-known/openid-configuration${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
  ];
  return [...new Set(urls)];
}
