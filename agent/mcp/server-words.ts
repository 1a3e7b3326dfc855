// What a person is told of one server: the word for its state, its login without secrets, and why it may not be used.

import type { LoginStatus } from '../auth/login-prompt.ts';
import type { TokenSource } from '../auth/token-source.ts';
import { shownUrl } from '../credential-config.ts';
import { AgentError } from '../errors.ts';
import type { McpServerConfig } from '../mcp-file.ts';
import type { ServerState } from './servers.ts';

/** The state that a failure to connect leaves a server in. */
export function stateOf({ code }: AgentError, login: LoginStatus | undefined): ServerState {
  switch (code) {
    case 'login_required':
      return login?.expiresAtMs !== undefined && login.expiresAtMs <= Date.now() ? 'expired' : 'needs-login';
    case 'insufficient_scope':
      return 'needs-scope';
    case 'unreachable':
      return 'unreachable';
    default:
      return 'error';
  }
}

/** Issuers name the scopes and the user, and may give them the name of a credential. */
export function shownLogin(login: LoginStatus, redact: (text: string) => string): LoginStatus {
  const { user, clientId, resource, scopes } = login;
  return {
    ...login,
    user: user === undefined ? undefined : redact(user),
    clientId: redact(clientId),
    resource: redact(shownUrl(resource)),
    scopes: scopes.map(redact),
  };
}

/** What is known of a login, without asking anybody. */
export async function loginIn(tokens: TokenSource | undefined): Promise<LoginStatus | undefined> {
  try {
    return await tokens?.status();
  } catch (error) {
    // What is wrong with the store has been said by the request that needed a token.
    if (error instanceof AgentError) return undefined;
    throw error;
  }
}

/** Why a server of `.mcp.json` may not be used yet, and what to do about it. */
export function needsApproval(server: McpServerConfig): string {
  const what =
    server.transport === 'stdio'
      ? `It runs the command ${JSON.stringify(server.url.slice(0, 300))}`
      : `It may send secrets of this machine to ${new URL(server.url).origin} or its issuer`;
  return `Needs approval: ${what}. If you know where .mcp.json comes from: npm run agent -- mcp approve ${server.name}`;
}

/** Why nobody can sign in there. */
export function noLoginReason(server: McpServerConfig): string {
  if (server.transport === 'stdio') return 'it is a command on this machine';
  return server.headers['authorization'] === undefined
    ? 'its tokens come ready-made'
    : '.mcp.json gives its authorization';
}
