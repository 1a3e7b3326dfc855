// The token source of one server of the configuration: who signs in, who is asked, where tokens are kept.

import type { LoginPrompt } from '../auth/login-prompt.ts';
import { openTokenStore } from '../auth/open-token-store.ts';
import type { SecretKeeper } from '../auth/secrets-in-use.ts';
import { type AuthEvent, createTokenSource, type TokenSource } from '../auth/token-source.ts';
import type { AgentConfig, HttpServerConfig } from '../config.ts';

export interface LoginOptions {
  /** What holds for servers that say nothing of their own. */
  readonly config: Pick<AgentConfig, 'credential' | 'login' | 'tokenDirectory' | 'isKeyringUsed'>;
  /** Whom to ask; default nobody. */
  readonly prompt?: LoginPrompt | undefined;
  readonly onAuth?: (event: AuthEvent) => void;
  /** Is told of every secret of the login, and takes them out of what the issuer says when it refuses. */
  readonly secrets?: SecretKeeper;
}

export function openLogin(server: HttpServerConfig, { config, prompt, onAuth, secrets }: LoginOptions): TokenSource {
  return createTokenSource({
    serverUrl: server.url,
    serverName: server.name,
    credential: server.auth?.credential ?? config.credential,
    login: { ...config.login, ...server.auth?.login },
    store: openTokenStore(config),
    ...(secrets ? { secrets } : {}),
    ...(prompt ? { prompt } : {}),
    ...(onAuth ? { onAuth } : {}),
  });
}

/** The same source; every token that it gives is told. */
export function noteTokens(tokens: TokenSource, onToken: (token: string) => void): TokenSource {
  const noted = (token: string) => {
    onToken(token);
    return token;
  };
  return {
    ...tokens,
    current: async () => {
      const token = await tokens.current();
      return token === undefined ? undefined : noted(token);
    },
    renew: async (...args) => noted(await tokens.renew(...args)),
    stepUp: async (...args) => noted(await tokens.stepUp(...args)),
  };
}
