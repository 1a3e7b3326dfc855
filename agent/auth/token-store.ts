// Tokens that outlive a run: one set per issuer, resource, client and profile. Whoever wants to change a set reads,
// decides, asks the issuer and writes under one lock, so that a refresh token is never used by two at once.

import * as z from 'zod';
import { createFileRecords, createMemoryRecords, type PrivateRecords, type UpdateOptions } from './private-records.ts';
import { isProofKey } from './proof-of-possession.ts';

/** Whose tokens they are, for what, and from whom. Another value in any of them is another set. */
export interface TokenKey {
  readonly issuer: string;
  readonly resource: string;
  readonly clientId: string;
  /** Tells several logins of one client apart. */
  readonly profile: string;
}

const tokensSchema = z.object({
  accessToken: z.string().min(1),
  refreshToken: z.string().min(1).optional(),
  /** Milliseconds since the epoch. */
  issuedAtMs: z.number(),
  /** Milliseconds since the epoch; left out when the issuer does not say, which does not mean expired. */
  expiresAtMs: z.number().optional(),
  /** What was granted. */
  scopes: z.array(z.string()),
  /** What was asked for; asking for the same again would bring no more. */
  requestedScopes: z.array(z.string()),
  /** The private key that the tokens are bound to (RFC 9449), as a JWK; left out for plain bearers. */
  proofKey: z.record(z.string(), z.unknown()).refine(isProofKey, 'a private key').optional(),
});

export type StoredTokens = z.output<typeof tokensSchema>;

/** What to do with a set: keep it as it is, replace it, or forget it. */
export type TokenDecision =
  | { readonly kind: 'keep' }
  | { readonly kind: 'replace'; readonly tokens: StoredTokens }
  | { readonly kind: 'forget' };

export interface TokenStore {
  /** The set as it is now, without waiting for anybody who is changing it. */
  load(key: TokenKey): Promise<StoredTokens | undefined>;
  /**
   * Lets `decide` see the set and change it, while nobody else can. What `decide` throws leaves the set as it is: an issuer
   * in trouble costs nobody the login.
   */
  update(
    key: TokenKey,
    decide: (stored: StoredTokens | undefined) => Promise<TokenDecision>,
    options?: UpdateOptions,
  ): Promise<void>;
  /** What else a login leaves, in the same place. */
  readonly records: PrivateRecords;
}

/**
 * The store on disk, or in the records that are given.
 *
 * @param place directory, created with mode 0700 when something is first kept; what `load` and `update` throw: see
 *   `createFileRecords`
 */
export function createTokenStore(place: string | PrivateRecords): TokenStore {
  const records = typeof place === 'string' ? createFileRecords(place) : place;
  const nameOf = ({ issuer, resource, clientId, profile }: TokenKey) => [issuer, resource, clientId, profile];
  return {
    records,
    load: async (key) => parseTokens(await records.load(nameOf(key))),
    update: (key, decide, options) =>
      records.update(
        nameOf(key),
        async (text) => {
          const decision = await decide(parseTokens(text));
          return decision.kind === 'replace'
            ? { kind: 'replace', text: JSON.stringify(decision.tokens) }
            : { kind: decision.kind };
        },
        options,
      ),
  };
}

/** A store that ends with the process. */
export function createMemoryTokenStore(): TokenStore {
  return createTokenStore(createMemoryRecords());
}

/** A file that is not ours, or of another version, holds no tokens; the next login replaces it. */
function parseTokens(text: string | undefined): StoredTokens | undefined {
  if (text === undefined) return undefined;
  try {
    return tokensSchema.safeParse(JSON.parse(text)).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
