// The gate that every MCP request passes: credential → verdict → principal, or the refusal and what to log about it.

import type { AuthInfo } from '@modelcontextprotocol/server';
import { type Refusal, readCredential } from './challenge.ts';
import type { ProofCheck } from './dpop.ts';
import type { Principal, Verdict } from './principal.ts';

/** `unknown`: the issuer cannot be asked at the moment. */
export type Recheck = () => Promise<'good' | 'ended' | 'unknown'>;

export type Admission =
  | {
      readonly ok: true;
      readonly principal: Principal;
      /** Judges the token again, for what goes on after the request. */
      readonly recheck: Recheck;
    }
  | { readonly ok: false; readonly refusal: Refusal; readonly reason: string; readonly hint: string | undefined };

/** What is needed to judge tokens that are bound to a key. */
export interface PossessionCheck {
  /** The URL by which this caller knows the resource. */
  readonly resource: string;
  readonly checkProof: ProofCheck;
}

/**
 * Lets a request in that carries a valid token for this resource, and says why for any other. A token that is bound to a
 * key needs the scheme DPoP and a proof; any other one the scheme Bearer.
 *
 * @param possession `undefined`: tokens that are bound to a key are refused
 * @see RFC 9449 §7.1, §7.2
 */
export async function admit(
  request: Request,
  verify: (token: string) => Promise<Verdict>,
  possession?: PossessionCheck,
): Promise<Admission> {
  const credential = readCredential(request);
  if (credential.kind === 'none') return refuse('no_credential', 'no_credential');
  if (credential.kind === 'malformed') return refuse('invalid_request', credential.reason);
  const verdict = await verify(credential.token);
  if (verdict.ok) {
    const recheck: Recheck = async () => {
      const again = await verify(credential.token);
      if (again.ok) return 'good';
      return again.fault === 'issuer_unavailable' ? 'unknown' : 'ended';
    };
    return admitBound(request, credential, { ok: true, principal: verdict.principal, recheck }, possession);
  }
  const refusal = verdict.fault === 'issuer_unavailable' ? 'temporarily_unavailable' : 'invalid_token';
  return refuse(refusal, verdict.fault, verdict.hint);
}

async function admitBound(
  request: Request,
  { kind, token }: { readonly kind: 'bearer' | 'dpop'; readonly token: string },
  admission: Admission & { ok: true },
  possession: PossessionCheck | undefined,
): Promise<Admission> {
  const { keyThumbprint } = admission.principal;
  if (keyThumbprint === undefined)
    return kind === 'bearer'
      ? admission
      : refuse('invalid_bound_token', 'binding', 'the token is bound to no key but came as DPoP: send Bearer');
  if (kind === 'bearer' || !possession)
    return refuse('invalid_bound_token', 'binding', 'the token is bound to a key but came as Bearer: send DPoP');
  const proof = await possession.checkProof({
    proof: request.headers.get('dpop'),
    method: request.method,
    url: possession.resource,
    token,
    keyThumbprint,
  });
  return proof.ok ? admission : refuse('invalid_dpop_proof', 'proof', proof.reason);
}

/** What the SDK hands to tools: who calls and with which scopes, and where a scope challenge points to. */
export function authInfoOf(
  { principal, recheck }: { readonly principal: Principal; readonly recheck: Recheck },
  resource: string,
  resourceMetadataUrl: string,
  requestId: string,
): AuthInfo {
  return {
    // The token itself stops here: no tool can pass it on (MCP security best practices, "Token Passthrough").
    token: '',
    clientId: principal.clientId,
    scopes: [...principal.scopes],
    expiresAt: principal.expiresAt,
    resource: new URL(resource),
    resourceMetadataUrl,
    extra: { issuer: principal.issuer, subject: principal.subject, requestId, recheck },
  };
}

function refuse(refusal: Refusal, reason: string, hint?: string): Admission {
  return { ok: false, refusal, reason, hint };
}
