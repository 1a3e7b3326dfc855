// What a request for scopes comes to. oidc-provider drops a scope that it does not know without a word, which leaves a
// client with a token that opens nothing; here an unknown or forbidden scope is an error that names it.

/** OpenID Connect's own scope: asks for an ID token. */
export const OPENID_SCOPE = 'openid';
/** Asks for a refresh token. */
const OFFLINE_SCOPE = 'offline_access';

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
  /** Is there a person, whose account `openid` could mean? */
  readonly isForPerson: boolean;
}

/**
 * Judges the scopes of a request.
 *
 * @see RFC 6749 §3.3, §5.2
 */
export function resolveScope({ requested, allowed, defaults, isForPerson }: ScopeRequest): ScopeVerdict {
  const names = splitScope(requested);
  if (names.length === 0) {
    const scope = defaults?.filter((name) => allowed.includes(name)).join(' ');
    return scope === ''
      ? { ok: false, reason: 'this client may have none of the default scopes', scope: defaults?.join(' ') ?? '' }
      : { ok: true, scope };
  }
  const refused = names.find((name) => !allowed.includes(name) && !(isForPerson && name === OPENID_SCOPE));
  return refused === undefined
    ? { ok: true, scope: names.join(' ') }
    : { ok: false, reason: 'requested scope is unknown or not allowed for this client', scope: refused };
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
