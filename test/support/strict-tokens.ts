// What a strict issuer knows of its tokens: families with rotation and detection of reuse, codes that work once, proofs of
// possession that are good for one request. Knows no HTTP.

import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, decodeProtectedHeader, importJWK, jwtVerify } from 'jose';

export interface Family {
  clientId: string;
  scope: string;
  isRevoked: boolean;
  /** The refresh token that is good now, and when the one before it was replaced. */
  refreshToken: string;
  replaced: Map<string, number>;
  jkt: string | undefined;
}

/** May change at any time. */
export interface StrictTokenSettings {
  /** How long a replaced refresh token is taken once more. */
  leewayMs: number;
  expiresInSeconds: number;
  /** Scopes that are granted at most; `undefined` grants what is asked for. */
  grantable: readonly string[] | undefined;
  nonce: string | undefined;
}

export const refusal = (error: string, status = 400) => ({ status, body: { error } });

export function createStrictTokens(settings: StrictTokenSettings) {
  const families: Family[] = [];
  const accessTokens = new Map<string, Family>();
  const codes = new Map<
    string,
    { challenge: string; clientId: string; scope: string; redirectUri: string; jkt: string }
  >();
  let serial = 0;
  let reuses = 0;

  const issue = (family: Family, extra: Record<string, unknown> = {}) => {
    serial += 1;
    const accessToken = `access-${serial}`;
    accessTokens.set(accessToken, family);
    return {
      status: 200,
      body: {
        access_token: accessToken,
        token_type: family.jkt === undefined ? 'Bearer' : 'DPoP',
        expires_in: settings.expiresInSeconds,
        scope: family.scope,
        ...extra,
      },
    };
  };
  const start = (clientId: string, scope: string, jkt: string | undefined): Family => {
    const granted = scope.split(' ').filter((name) => settings.grantable?.includes(name) ?? true);
    const family: Family = {
      clientId,
      scope: granted.join(' '),
      isRevoked: false,
      refreshToken: `refresh-${crypto.randomUUID()}`,
      replaced: new Map(),
      jkt,
    };
    families.push(family);
    return family;
  };

  /** A proof is good for this request and this token, once. */
  const seenProofs = new Set<string>();
  const thumbprintOf = async (proof: string, htm: string, htu: string, token?: string): Promise<string> => {
    const { jwk, typ, alg } = decodeProtectedHeader(proof);
    if (typ !== 'dpop+jwt' || !jwk || 'd' in jwk) throw new Error('no proof');
    const { payload } = await jwtVerify(proof, await importJWK(jwk, alg), { typ: 'dpop+jwt', maxTokenAge: 60 });
    const ath = token === undefined ? undefined : createHash('sha256').update(token).digest('base64url');
    if (payload['htm'] !== htm || payload['htu'] !== htu || payload['ath'] !== ath) throw new Error('another request');
    if (settings.nonce !== undefined && payload['nonce'] !== settings.nonce) throw new Error('nonce');
    if (seenProofs.has(String(payload.jti))) throw new Error('seen before');
    seenProofs.add(String(payload.jti));
    return await calculateJwkThumbprint(jwk);
  };

  const refresh = (body: URLSearchParams, jkt: string | undefined) => {
    const token = body.get('refresh_token') ?? '';
    const family = families.find(({ refreshToken, replaced }) => refreshToken === token || replaced.has(token));
    if (!family || family.isRevoked || family.clientId !== body.get('client_id') || family.jkt !== jkt)
      return refusal('invalid_grant');
    if (family.refreshToken !== token) {
      const sinceMs = Date.now() - (family.replaced.get(token) ?? 0);
      if (sinceMs >= settings.leewayMs) {
        // RFC 9700 §4.14: whoever has it twice, one of them stole it.
        reuses += 1;
        family.isRevoked = true;
        return refusal('invalid_grant');
      }
      return issue(family, { refresh_token: family.refreshToken });
    }
    family.replaced.set(token, Date.now());
    family.refreshToken = `refresh-${crypto.randomUUID()}`;
    return issue(family, { refresh_token: family.refreshToken });
  };

  const redeem = (body: URLSearchParams, jkt: string | undefined) => {
    const code = codes.get(body.get('code') ?? '');
    codes.delete(body.get('code') ?? '');
    const verifier = createHash('sha256')
      .update(body.get('code_verifier') ?? '')
      .digest('base64url');
    if (code?.challenge !== verifier || code.redirectUri !== body.get('redirect_uri')) return refusal('invalid_grant');
    if (code.jkt !== '' && code.jkt !== jkt) return refusal('invalid_grant');
    const family = start(code.clientId, code.scope, jkt);
    return issue(family, { refresh_token: family.refreshToken });
  };

  return {
    issue,
    start,
    refresh,
    redeem,
    thumbprintOf,
    addCode: (code: string, asked: URLSearchParams) =>
      codes.set(code, {
        challenge: asked.get('code_challenge') ?? '',
        clientId: asked.get('client_id') ?? '',
        scope: asked.get('scope') ?? '',
        redirectUri: asked.get('redirect_uri') ?? '',
        jkt: asked.get('dpop_jkt') ?? '',
      }),
    familyOf: (accessToken: string) => accessTokens.get(accessToken),
    revoke: (refreshToken: string | null) => {
      for (const family of families) if (family.refreshToken === refreshToken) family.isRevoked = true;
    },
    /** Makes every access token worthless at once. */
    expireAll: () => accessTokens.clear(),
    /** How many refresh tokens were used a second time. */
    reuses: () => reuses,
  };
}
