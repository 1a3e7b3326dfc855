// Authorization header → token, and refusal → HTTP answer. The wire gets the RFC's plain code; the exact reason stays in
// the log.

import { PROOF_ALGORITHMS } from './dpop.ts';
import { INITIAL_SCOPES, type Scope } from './scopes.ts';

/** What a request presented as its credential. */
export type Credential =
  | { readonly kind: 'bearer' | 'dpop'; readonly token: string }
  | { readonly kind: 'none' }
  | { readonly kind: 'malformed'; readonly reason: string };

/** Why the gate refuses, as far as the wire may know. */
export type Refusal =
  | 'no_credential'
  | 'invalid_request'
  | 'invalid_token'
  | 'invalid_bound_token'
  | 'invalid_dpop_proof'
  | 'temporarily_unavailable';

/** How long a client should wait while the issuer's keys cannot be had, in seconds. */
const RETRY_AFTER_SECONDS = 10;

const ANSWERS = {
  no_credential: { status: 401, error: undefined, description: 'This resource needs an access token' },
  invalid_request: {
    status: 400,
    error: 'invalid_request',
    description: 'The request presents its access token wrongly',
  },
  invalid_token: {
    status: 401,
    error: 'invalid_token',
    description: 'The access token is expired, malformed or not valid for this resource',
  },
  invalid_bound_token: {
    status: 401,
    error: 'invalid_token',
    description: 'The access token does not go with the authorization scheme it came with',
  },
  invalid_dpop_proof: {
    status: 401,
    error: 'invalid_dpop_proof',
    description: 'The proof of possession is missing or not valid for this request',
  },
  temporarily_unavailable: {
    status: 503,
    error: 'temporarily_unavailable',
    description: 'Access tokens cannot be verified at the moment',
  },
} as const satisfies Record<Refusal, { status: number; error: string | undefined; description: string }>;

/**
 * Reads the one way in which this server takes a token: a single `Authorization` header, with the scheme Bearer, or DPoP
 * for a token that is bound to a key.
 *
 * @see RFC 6750 §2.1; a token in the query (§2.3) is refused, since URLs end up in logs
 */
export function readCredential(request: Request): Credential {
  if (new URL(request.url).searchParams.has('access_token'))
    return { kind: 'malformed', reason: 'token in the query string' };
  const header = request.headers.get('authorization');
  if (header === null) return { kind: 'none' };
  const [, scheme = '', token = ''] = /^([!#$%&'*+.^_`|~\w-]+) +([\w.~+/-]+=*)$/.exec(header) ?? [];
  const kind = scheme.toLowerCase();
  if (kind === 'bearer' || kind === 'dpop') return { kind, token };
  return scheme === ''
    ? { kind: 'malformed', reason: 'Authorization is not a scheme and one token' }
    : { kind: 'none' };
}

/**
 * The HTTP answer for a token that is good but does not cover `scopes`.
 *
 * @see RFC 6750 §3.1; MCP 2026-07-28, "Scope Challenge Handling"
 */
export function scopeRefusalResponse(scopes: readonly Scope[], resourceMetadataUrl: string | undefined): Response {
  const description = `This needs the scopes ${scopes.join(' ')}`;
  const parameters = [
    'error="insufficient_scope"',
    `error_description="${description}"`,
    `scope="${scopes.join(' ')}"`,
    ...(resourceMetadataUrl === undefined ? [] : [`resource_metadata="${resourceMetadataUrl}"`]),
  ];
  const headers = { 'www-authenticate': `Bearer ${parameters.join(', ')}`, 'cache-control': 'no-store' };
  return Response.json({ error: 'insufficient_scope', error_description: description }, { status: 403, headers });
}

/**
 * The HTTP answer for a refusal. Without a credential the challenge carries no `error` (RFC 6750 §3.1); it always says
 * where the metadata is and which scopes to ask for (RFC 9728 §5.1; MCP 2026-07-28, "Scope Selection Strategy").
 */
export function refusalResponse(refusal: Refusal, resourceMetadataUrl: string): Response {
  const { status, error, description } = ANSWERS[refusal];
  const headers = new Headers({ 'content-type': 'application/json', 'cache-control': 'no-store' });
  if (status === 503) headers.set('retry-after', String(RETRY_AFTER_SECONDS));
  else {
    const parameters = [
      ...(error ? [`error="${error}"`, `error_description="${description}"`] : []),
      `scope="${INITIAL_SCOPES.join(' ')}"`,
      `resource_metadata="${resourceMetadataUrl}"`,
    ];
    const isAboutBinding = refusal === 'invalid_bound_token' || refusal === 'invalid_dpop_proof';
    const challenge = isAboutBinding
      ? `DPoP ${[...parameters, `algs="${PROOF_ALGORITHMS.join(' ')}"`].join(', ')}`
      : `Bearer ${parameters.join(', ')}`;
    headers.set('www-authenticate', challenge);
  }
  return new Response(JSON.stringify({ error: error ?? 'unauthorized', error_description: description }), {
    status,
    headers,
  });
}
