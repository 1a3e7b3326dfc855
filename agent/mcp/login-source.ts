// The token source of each server of the configuration: who signs in there, who is asked, where tokens are kept.

import type { AuthState, LoginPrompt, LoginStatus } from '../auth/login-prompt.ts';
import { createTokenSource, type TokenSource } from '../auth/token-source.ts';
import { createMemoryTokenStore, createTokenStore } from '../auth/token-store.ts';
import type { AgentConfig, HttpServerConfig } from '../config.ts';

/** A token source, with what it can do about logins; one that only hands out tokens has none of it. */
export type LoginSource = TokenSource & {
  status?(): Promise<LoginStatus | undefined>;
  login?(signal: AbortSignal): Promise<LoginStatus>;
  logout?(): Promise<void>;
};

/** What of the configuration concerns logins. */
export type LoginSettings = Pick<AgentConfig, 'credential' | 'serverCredentials' | 'tokenDirectory'>;

export interface LoginEvent {
  readonly state: AuthState;
  readonly held: readonly string[];
  readonly needed: readonly string[];
}

export type OpenLogin = (server: HttpServerConfig, onAuth: (event: LoginEvent) => void) => LoginSource;

/** @param prompt whom to ask; `undefined`: nobody */
export async function createLoginFactory(settings: LoginSettings, prompt: LoginPrompt | undefined): Promise<OpenLogin> {
  const { credential, serverCredentials, tokenDirectory } = settings;
  const store = tokenDirectory === undefined ? createMemoryTokenStore() : createTokenStore(tokenDirectory);
  return (server, onAuth) => {
    const options = {
      serverUrl: server.url,
      serverName: server.name,
      credential: serverCredentials.get(server.name) ?? credential,
      store,
      onAuth,
      ...(prompt ? { prompt } : {}),
    };
    return createTokenSource(options);
  };
}
