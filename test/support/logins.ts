// People who sign in through the token source, at a strict issuer over real HTTP: with what they hold, and a clock of their own.

import type { Challenge } from '../../agent/auth/discovery.ts';
import { type AuthEvent, createTokenSource, type TokenSource } from '../../agent/auth/token-source.ts';
import { createMemoryTokenStore } from '../../agent/auth/token-store.ts';
import { type CredentialConfig, DEFAULT_LOGIN, type LoginConfig } from '../../agent/credential-config.ts';
import { BROWSER_LOGIN } from './browser-login.ts';
import { createEagerPerson, type EagerPersonOptions } from './eager-person.ts';
import { createStrictIssuer } from './strict-issuer.ts';

export const NO_CHALLENGE: Challenge = { resourceMetadataUrl: undefined, scope: undefined };

export interface LoginChanges {
  readonly person?: EagerPersonOptions | undefined;
  readonly credential?: CredentialConfig;
  readonly login?: Partial<LoginConfig>;
  readonly browserTimeoutMs?: number;
}

export type Logins = Awaited<ReturnType<typeof createLogins>>;

/** The test closes the issuer. */
export async function createLogins() {
  const issuer = await createStrictIssuer();
  const events: AuthEvent[] = [];
  const logins = {
    issuer,
    events,
    /** Where all of them keep their tokens; a test may put another one here. */
    store: createMemoryTokenStore(),
    nowMs: Date.now(),
    /** A source with a person; `person: undefined` means that nobody is there. */
    open: (changes: LoginChanges = {}) => {
      const prompt = 'person' in changes && !changes.person ? undefined : createEagerPerson(changes.person);
      const source = createTokenSource({
        serverUrl: issuer.mcpUrl,
        serverName: 'notes',
        credential: changes.credential ?? BROWSER_LOGIN,
        login: { ...DEFAULT_LOGIN, ...changes.login },
        store: logins.store,
        onAuth: (event) => events.push(event),
        now: () => logins.nowMs,
        ...(prompt ? { prompt } : {}),
        ...(changes.browserTimeoutMs === undefined ? {} : { browserTimeoutMs: changes.browserTimeoutMs }),
      });
      return { source, person: prompt ?? createEagerPerson() };
    },
    call: async (source: TokenSource, token: string): Promise<Response> => {
      const request = { url: issuer.mcpUrl, method: 'POST' };
      const send = async () =>
        fetch(issuer.mcpUrl, { method: 'POST', headers: await source.authorize(request, token) });
      const response = await send();
      return source.noteAnswer(request, response) ? await send() : response;
    },
    signIn: (changes: LoginChanges = {}): Promise<string> => logins.open(changes).source.renew(undefined, NO_CHALLENGE),
  };
  return logins;
}
