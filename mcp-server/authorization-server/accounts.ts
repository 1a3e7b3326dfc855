// Who can sign in. One account for development, without a password: this server is bound to loopback, and whoever
// reaches it already runs programs on this machine. Real accounts replace this file.

import type { Account } from 'oidc-provider';

/** A person who can sign in. */
export interface Person {
  /** The `sub` of this person's tokens. Never a client id: RFC 9068 §5 warns of taking one for the other. */
  readonly accountId: string;
  readonly name: string;
}

export const DEMO_USER: Person = { accountId: 'demo-user', name: 'Demo User' };

/** The person with this id, or `undefined`: a token or session of somebody who is gone is then refused. */
export function findPerson(accountId: string): Person | undefined {
  return accountId === DEMO_USER.accountId ? DEMO_USER : undefined;
}

/** The person in oidc-provider's form. Clients learn the subject and nothing else. */
export function findAccount(accountId: string): Account | undefined {
  const person = findPerson(accountId);
  return person && { accountId: person.accountId, claims: () => ({ sub: person.accountId }) };
}
