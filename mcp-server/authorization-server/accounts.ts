// Who can sign in: the accounts in the database, or, as long as there are none and the server is on loopback, one for
// development without a password. Whoever reaches it there already runs programs on this machine.

import type { Account } from 'oidc-provider';
import { type AccountStore, foldAccountName } from './account-store.ts';
import { PASSWORD_LIMITS } from './limits.ts';
import { createPasswordCheck } from './passwords.ts';
import type { StoredAttempts } from './stored-attempts.ts';

/** A person who can sign in. */
export interface Person {
  /** The `sub` of this person's tokens. Never a client id: RFC 9068 §5 warns of taking one for the other. */
  readonly accountId: string;
  readonly name: string;
}

export const DEMO_USER: Person = { accountId: 'demo-user', name: 'Demo User' };

export type SignInVerdict =
  | { readonly ok: true; readonly person: Person }
  | { readonly ok: false; readonly reason: 'wrong' }
  | { readonly ok: false; readonly reason: 'too_many'; readonly retryAfterSeconds: number };

export interface Accounts {
  /** The account that needs no password, while there is one. */
  readonly demo: () => Person | undefined;
  /** The person with this id, or `undefined`: a token or session of somebody who is gone is then refused. */
  readonly find: (accountId: string) => Person | undefined;
  /** Checks a name and a password. Says the same, and takes as long, whether the name is known or not. */
  readonly signIn: (name: string, password: string, address: string) => Promise<SignInVerdict>;
}

export interface AccountsOptions {
  readonly store: AccountStore;
  /** May a server without accounts let anybody in? For loopback only. */
  readonly allowDemo: boolean;
  readonly attempts: StoredAttempts;
  /** Hides what was typed, where tries are counted. */
  readonly secret: string;
}

export function createAccounts({ store, allowDemo, attempts, secret }: AccountsOptions): Accounts {
  const check = createPasswordCheck();
  const { windowMs } = PASSWORD_LIMITS;
  const { maxTriesPerName, maxTriesPerAddress } = PASSWORD_LIMITS;
  const perName = attempts({ kind: 'password-name', maxAttempts: maxTriesPerName, windowMs, secret });
  const perAddress = attempts({ kind: 'password-address', maxAttempts: maxTriesPerAddress, windowMs, secret });
  const demo = () => (allowDemo && store.count() === 0 ? DEMO_USER : undefined);
  return {
    demo,
    find(accountId) {
      const account = store.findById(accountId);
      if (account) return { accountId: account.id, name: account.name };
      return accountId === DEMO_USER.accountId ? demo() : undefined;
    },
    async signIn(name, password, address) {
      const key = foldAccountName(name).slice(0, PASSWORD_LIMITS.maxNameLength);
      // Counted before the check, so that tries at the same time count as well.
      for (const verdict of [perAddress.take(address), perName.take(key)])
        if (!verdict.ok) return { ok: false, reason: 'too_many', retryAfterSeconds: verdict.retryAfterSeconds };
      const account = store.findByName(name);
      const tooLong = password.length > PASSWORD_LIMITS.maxPasswordLength;
      const verdict = await check(tooLong ? '' : password, tooLong ? undefined : account?.passwordHash);
      if (verdict === 'busy') return { ok: false, reason: 'too_many', retryAfterSeconds: 1 };
      if (verdict === 'wrong' || !account) return { ok: false, reason: 'wrong' };
      perName.forget(key);
      return { ok: true, person: { accountId: account.id, name: account.name } };
    },
  };
}

/** The person in oidc-provider's form. Clients learn the subject and nothing else. */
export function toAccount(person: Person | undefined): Account | undefined {
  return person && { accountId: person.accountId, claims: () => ({ sub: person.accountId }) };
}
