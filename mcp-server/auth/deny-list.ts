// What the issuer has revoked: a JWT verifies for as long as it lives, so the issuer's list has to be asked. Read over HTTP
// as any resource server would, when a token comes and the list is older than a second; nothing runs in the background.

import * as z from 'zod';
import { elapsedMs } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Principal, Verdict } from './principal.ts';

type Verify = (token: string) => Promise<Verdict>;

export interface DenyListOptions {
  /** Only tokens of this issuer are on the list. */
  readonly issuer: string;
  /** Where the list is. */
  readonly url: string;
  readonly log: Log;
  /** HTTP client; default the platform's. */
  readonly fetch?: typeof globalThis.fetch;
  /** Clock in milliseconds; default one that nobody sets. */
  readonly now?: () => number;
}

const LIMITS = {
  /** A revocation is noticed within this time. */
  maxAgeMs: 1_000,
  /** Without news for this long, nothing is known about any token. Until then an unreachable issuer stops nobody. */
  staleMs: 60_000,
  fetchTimeoutMs: 2_000,
  maxDocumentBytes: 4 * 1024 * 1024,
} as const;

const listSchema = z.object({
  grants: z.array(z.string()).transform((ids) => new Set(ids)),
  tokens: z.array(z.string()).transform((ids) => new Set(ids)),
  clients: z.record(z.string(), z.number()).transform((clients) => new Map(Object.entries(clients))),
});

type List = z.infer<typeof listSchema>;

/** Wraps `verify`: a token that it accepts is still refused when its grant, its client or it alone was revoked. */
export function createDenyList(verify: Verify, options: DenyListOptions): Verify {
  const { issuer, url, log } = options;
  const fetch = options.fetch ?? globalThis.fetch;
  const now = options.now ?? elapsedMs;
  let list: List | undefined;
  let tag: string | null = null;
  let readAtMs = Number.NEGATIVE_INFINITY;
  let triedAtMs = Number.NEGATIVE_INFINITY;
  let inFlight: Promise<void> | undefined;

  const read = async () => {
    triedAtMs = now();
    try {
      const response = await fetch(url, {
        headers: tag === null ? {} : { 'if-none-match': tag },
        redirect: 'error',
        signal: AbortSignal.timeout(LIMITS.fetchTimeoutMs),
      });
      const text = await readText(response);
      if (response.status === 200) {
        list = listSchema.parse(JSON.parse(text));
        tag = response.headers.get('etag');
      } else if (response.status !== 304) throw new TypeError(`HTTP ${response.status}`);
      readAtMs = triedAtMs;
    } catch (error) {
      // Whatever it is, the list could not be read; how long that may go on is decided below.
      log.warn('deny-list-unavailable', { url, error, last_good_age_ms: now() - readAtMs });
    }
  };
  const refresh = async () => {
    if (now() - triedAtMs >= LIMITS.maxAgeMs)
      inFlight ??= read().finally(() => {
        inFlight = undefined;
      });
    await inFlight;
  };

  return async (token) => {
    const verdict = await verify(token);
    if (!verdict.ok || verdict.principal.issuer !== issuer) return verdict;
    await refresh();
    if (!list || now() - readAtMs > LIMITS.staleMs)
      return { ok: false, fault: 'issuer_unavailable', hint: `the list of revoked tokens at ${url} cannot be read` };
    const reason = reasonIn(list, verdict.principal);
    return reason === undefined ? verdict : { ok: false, fault: 'revoked', hint: reason };
  };
}

function reasonIn({ grants, tokens, clients }: List, principal: Principal): string | undefined {
  const { grantId, tokenId, clientId, issuedAt } = principal;
  if (grantId !== undefined && grants.has(grantId)) return 'its grant was revoked';
  if (tokenId !== undefined && tokens.has(tokenId)) return 'it was revoked';
  const until = clients.get(clientId);
  return until !== undefined && (issuedAt === undefined || issuedAt <= until) ? 'its client was revoked' : undefined;
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of response.body ?? []) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > LIMITS.maxDocumentBytes) throw new TypeError(`more than ${LIMITS.maxDocumentBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
