// What a token says about itself, for display only: nothing is decided by it, for nobody has checked its signature here.

import { decodeJwt, type JWTPayload } from 'jose';

/** The claims of a JWT; `undefined` for an opaque token. */
export function readClaims(token: string): JWTPayload | undefined {
  try {
    return decodeJwt(token);
  } catch {
    // Opaque by design as likely as broken; either way it says nothing.
    return undefined;
  }
}

/** Who signed in, by the most telling claim there is. */
export function userOf(token: string): string | undefined {
  const claims = readClaims(token);
  for (const name of ['email', 'preferred_username', 'name', 'sub'])
    if (typeof claims?.[name] === 'string') return claims[name].slice(0, 120);
  return undefined;
}
