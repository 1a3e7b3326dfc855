// What a request for scopes comes to. oidc-provider drops a scope that it does not know without a word, which leaves a
// client with a token that opens nothing; here an unknown or forbidden scope is an error that names it.

/** OpenID Connect's own scope: asks for an ID token. */
export const OPENID_SCOPE = 'openid';
/** Asks for a refresh token. */
export const OFFLINE_SCOPE = 'offline_access';

export type ScopeVerdict =
  | { readonly ok: true; readonly scope: string | undefined }
  | { readonly ok: false; readonly reason: string; readonly scope: string };

export interface ScopeRequest {
  /** As it came over the wire. */
  readonly requested: string | undefined;
  /** What this client may have at most: its own `scope` member, or everything the resource knows. */
  readonly allowed: readonly string[];
  /**
   * What a request that names no scope gets: `allowed` for a machine, the default ones where a person will be asked,
   * and `undefined` where an earlier answer already says it (a code, a refresh token).
   */
  readonly defaults: readonly string[] | undefined;
  /** What may be asked of a person beside the scopes of the resource: `openid` and the like. Nothing of a machine. */
  readonly forPersons: readonly string[];
}

/**
 * Judges the scopes of a request.
 *
 * @see RFC 6749 §3.3, §5.2
 */
export function resolveScope({ requested, allowed, defaults, forPersons }: ScopeRequest): ScopeVerdict {
  const names = splitScope(requested);
  if (names.length === 0) {
    const scope = defaults?.filter((name) => allowed.includes(name)).join(' ');
    return scope === ''
      ? { ok: false, reason: 'this client may have none of the default scopes', scope: defaults?.join(' ') ?? '' }
      : { ok: true, scope };
  }
  const refused = names.find((name) => !allowed.includes(name) && !forPersons.includes(name));
  return refused === undefined
    ? { ok: true, scope: names.join(' ') }
    : { ok: false, reason: 'requested scope is unknown or not allowed for this client', scope: refused };
}

/**
 * oidc-provider grants `offline_access` only together with `prompt=consent`; Auth0 asks for nothing of the kind. Consent is
 * asked of most clients here anyway.
 */
export function askConsentForOfflineAccess(parameters: URLSearchParams): void {
  const prompts = splitScope(parameters.get('prompt') ?? undefined);
  if (!splitScope(parameters.get('scope') ?? undefined).includes(OFFLINE_SCOPE)) return;
  if (prompts.includes('consent') || prompts.includes('none') || parameters.getAll('prompt').length > 1) return;
  parameters.set('prompt', [...prompts, 'consent'].join(' '));
}

/**
 * Takes `offline_access` out of a request, wherever it comes. Many clients ask for it by habit, on a refresh again; here
 * it has no effect, since who may have a refresh token gets one. Known to oidc-provider it would be advertised, and
 * clients would then ask for `prompt=consent` each time.
 */
export function dropOfflineAccess(parameters: URLSearchParams): void {
  const scopes = parameters.getAll('scope');
  if (!scopes.some((scope) => splitScope(scope).includes(OFFLINE_SCOPE))) return;
  parameters.delete('scope');
  // Scopes sent twice stay twice, to be refused as that.
  for (const scope of scopes) {
    const others = splitScope(scope).filter((name) => name !== OFFLINE_SCOPE);
    parameters.append('scope', others.join(' '));
  }
}

export function splitScope(scope: string | undefined): string[] {
  return scope?.split(' ').filter((name) => name !== '') ?? [];
}
