// All servers of an agent: connected in parallel, each in a state of its own, so that one that is down does not stop the
// others.

import type { AuthState, LoginStatus } from '../auth/login-prompt.ts';
import type { LoadedTool } from './tools.ts';

export type ServerState =
  | 'connected'
  | 'needs-login'
  | 'expired'
  | 'needs-scope'
  | 'unreachable'
  | 'disabled'
  | 'error';

export interface ServerStatus {
  readonly name: string;
  /** The endpoint, or the command line of a stdio server; without credentials. */
  readonly url: string;
  readonly transport: 'http' | 'stdio';
  readonly state: ServerState;
  /** Why it is not connected and what to do next; empty when it is. */
  readonly detail: string;
  readonly protocolVersion: string | undefined;
  readonly toolCount: number;
  /** Whether the annotations of its tools may be believed. */
  readonly isTrusted: boolean;
  /** `undefined` when nobody is logged in, or the server needs no login. */
  readonly login: LoginStatus | undefined;
}

export type ServerEvent =
  | { readonly type: 'state'; readonly status: ServerStatus }
  | { readonly type: 'tools-changed'; readonly server: string }
  | {
      readonly type: 'auth';
      readonly server: string;
      readonly state: AuthState;
      readonly held: readonly string[];
      readonly needed: readonly string[];
    }
  | { readonly type: 'notice'; readonly text: string };

export interface ServerResource {
  readonly server: string;
  readonly uri: string;
  readonly name: string;
  readonly description: string;
}

export interface ServerPrompt {
  readonly server: string;
  readonly name: string;
  readonly description: string;
  readonly arguments: readonly { readonly name: string; readonly description: string; readonly required: boolean }[];
}

export interface Servers {
  statuses(): readonly ServerStatus[];
  /** The tools of all connected servers as of now. */
  tools(): readonly LoadedTool[];
  /** Signs in, or signs in again; connects the server with it. */
  login(server: string, signal: AbortSignal): Promise<ServerStatus>;
  /** Revokes and forgets the tokens. */
  logout(server: string): Promise<ServerStatus>;
  /** Connects a server that is not connected. */
  reconnect(server: string): Promise<ServerStatus>;
  /** A person has seen what changed about the tool and approves of it as it is now. */
  acceptTool(server: string, tool: string): Promise<void>;
  resources(): Promise<readonly ServerResource[]>;
  /** The resource's text; other content as a line that says what it is. */
  readResource(server: string, uri: string, signal: AbortSignal): Promise<string>;
  prompts(): Promise<readonly ServerPrompt[]>;
  /** The prompt's messages as text. */
  getPrompt(server: string, name: string, args: Readonly<Record<string, string>>, signal: AbortSignal): Promise<string>;
  /** Suggestions for an argument of a prompt or a variable of a resource template; empty where the server has none. */
  complete(server: string, promptOrTemplate: string, argument: string, value: string): Promise<readonly string[]>;
  /** Returns the function that ends the subscription. */
  subscribe(listener: (event: ServerEvent) => void): () => void;
  close(): Promise<void>;
}
