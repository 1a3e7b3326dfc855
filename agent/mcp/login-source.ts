// The token source of one server of the configuration, as the servers use it: who signs in, who is asked, where tokens are
// kept.

import type { AuthState, LoginPrompt, LoginStatus } from '../auth/login-prompt.ts';
import { createTokenSource, type TokenSource } from '../auth/token-source.ts';
import { createMemoryTokenStore, createTokenStore } from '../auth/token-store.ts';
import type { CredentialConfig, HttpServerConfig } from '../config.ts';

/** A token source, with what it can do about logins; one that only hands out tokens has none of it. */
export type LoginSource = TokenSource & {
  status?(): Promise<LoginStatus | undefined>;
  login?(signal: AbortSignal): Promise<LoginStatus>;
  logout?(): Promise<void>;
};

export interface LoginOptions {
  readonly credential: CredentialConfig;
  /** `undefined` keeps tokens for this run only. */
  readonly tokenDirectory: string | undefined;
  readonly prompt: LoginPrompt | undefined;
  readonly onAuth: (event: {
    readonly state: AuthState;
    readonly held: readonly string[];
    readonly needed: readonly string[];
  }) => void;
}

export function openLogin(server: HttpServerConfig, options: LoginOptions): LoginSource {
  const { credential, tokenDirectory, prompt, onAuth } = options;
  const settings = {
    serverUrl: server.url,
    serverName: server.name,
    credential,
    store: tokenDirectory === undefined ? createMemoryTokenStore() : createTokenStore(tokenDirectory),
    onAuth,
    ...(prompt ? { prompt } : {}),
  };
  return createTokenSource(settings);
}
