// The gate that every MCP request passes: credential → verdict → principal, or the refusal and what to log about it.

import type { AuthInfo } from '@modelcontextprotocol/server';
import { type Refusal, readCredential } from './challenge.ts';
import type { Principal, Verdict } from './principal.ts';

export type Admission =
  | { readonly ok: true; readonly principal: Principal }
  | { readonly ok: false; readonly refusal: Refusal; readonly reason: string; readonly hint: string | undefined };

/** Lets a request in that carries a valid token for this resource, and says why for any other. */
export async function admit(request: Request, verify: (token: string) => Promise<Verdict>): Promise<Admission> {
  const credential = readCredential(request);
  if (credential.kind === 'none') return refuse('no_credential', 'no_credential');
  if (credential.kind === 'malformed') return refuse('invalid_request', credential.reason);
  const verdict = await verify(credential.token);
  if (verdict.ok) return verdict;
  const refusal = verdict.fault === 'issuer_unavailable' ? 'temporarily_unavailable' : 'invalid_token';
  return refuse(refusal, verdict.fault, verdict.hint);
}

/** What the SDK hands to tools: who calls and with which scopes, and where a scope challenge points to. */
export function authInfoOf(principal: Principal, resource: string, resourceMetadataUrl: string): AuthInfo {
  return {
    // The token itself stops here: no tool can pass it on (MCP security best practices, "Token Passthrough").
    token: '',
    clientId: principal.clientId,
    scopes: [...principal.scopes],
    expiresAt: principal.expiresAt,
    resource: new URL(resource),
    resourceMetadataUrl,
    extra: { issuer: principal.issuer, subject: principal.subject },
  };
}

function refuse(refusal: Refusal, reason: string, hint?: string): Admission {
  return { ok: false, refusal, reason, hint };
}
