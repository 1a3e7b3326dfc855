// A person who signs in by a browser, with whatever client the agent finds or registers for it.

import type { CredentialConfig } from '../../agent/credential-config.ts';

export const BROWSER_LOGIN = {
  kind: 'login',
  method: 'authorization-code',
  issuer: undefined,
  clientId: undefined,
  authentication: { kind: 'none' },
  audience: undefined,
} as const satisfies CredentialConfig;
