// Tokens that outlive a run: one private file per issuer, resource, client and profile. Whoever wants to change a set
// reads, decides, asks the issuer and writes under one lock, so that a refresh token is never used by two at once.

import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { ensurePrivateDirectory, readPrivateFile, writePrivateFile } from './private-file.ts';
import { withProcessLock } from './process-lock.ts';

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
  update(key: TokenKey, decide: (stored: StoredTokens | undefined) => Promise<TokenDecision>): Promise<void>;
}

/**
 * The store on disk.
 *
 * `load` and `update` throw `AgentError` `login_required` for a directory or file that others could have read or planted,
 * `invalid_configuration` when there can be none, and `unreachable` when another process keeps the lock.
 *
 * @param directory created with mode 0700 when something is first kept
 */
export function createTokenStore(directory: string): TokenStore {
  const fileOf = ({ issuer, resource, clientId, profile }: TokenKey) => {
    // As JSON, so that no two keys are the same text.
    const name = createHash('sha256')
      .update(JSON.stringify([issuer, resource, clientId, profile]))
      .digest('hex');
    return join(directory, `${name}.json`);
  };
  const load = async (file: string) => parseTokens(await readPrivateFile(file));
  return {
    load: (key) => load(fileOf(key)),
    update: async (key, decide) => {
      await ensurePrivateDirectory(directory);
      const file = fileOf(key);
      await withProcessLock(`${file}.lock`, async () => {
        const decision = await decide(await load(file));
        if (decision.kind === 'replace') await writePrivateFile(file, `${JSON.stringify(decision.tokens)}\n`);
        if (decision.kind === 'forget') await rm(file, { force: true });
      });
    },
  };
}

/** A store that ends with the process. */
export function createMemoryTokenStore(): TokenStore {
  const sets = new Map<string, StoredTokens>();
  const queues = new Map<string, Promise<void>>();
  const nameOf = ({ issuer, resource, clientId, profile }: TokenKey) =>
    JSON.stringify([issuer, resource, clientId, profile]);
  return {
    load: async (key) => sets.get(nameOf(key)),
    update: (key, decide) => {
      const name = nameOf(key);
      const change = async () => {
        const decision = await decide(sets.get(name));
        if (decision.kind === 'replace') sets.set(name, decision.tokens);
        if (decision.kind === 'forget') sets.delete(name);
      };
      // One after the other, whatever became of the one before.
      const turn = (queues.get(name) ?? Promise.resolve()).then(change, change);
      queues.set(name, turn);
      return turn;
    },
  };
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
