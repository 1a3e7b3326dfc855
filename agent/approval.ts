// Which tool calls need a person: from flags, configuration and what trusted servers say about their tools. Pure; who asks
// the person is handed in.

import type { ToolAnnotations, ToolChange } from './mcp/tools.ts';

/** What a person is asked about. `name`, `args`, `description` and `annotations` are the model's and the server's words. */
export interface ApprovalRequest {
  /** Id of the tool call. */
  readonly id: string;
  readonly name: string;
  readonly server: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly description: string;
  /** What the server says the tool does; believed only if `isTrusted`. */
  readonly annotations: ToolAnnotations;
  /** Whether the configuration says that this server's annotations may be believed. */
  readonly isTrusted: boolean;
  readonly scopes: {
    /** Scopes that the call needs, where the server says so. */
    readonly needed: readonly string[];
    /** Scopes that the token holds; `undefined` when there is no token. */
    readonly held: readonly string[] | undefined;
  };
  /** Set when the server describes the tool otherwise than when it was last approved. */
  readonly change: ToolChange | undefined;
}

/** What the person said. Everything that is not a clear yes is a `deny`. */
export type ApprovalAnswer =
  | { readonly kind: 'once' }
  | { readonly kind: 'tool-for-session' }
  | { readonly kind: 'server-for-session' }
  /** Kept between sessions, for this tool as its server describes it now. */
  | { readonly kind: 'always' }
  /** This once, with other arguments. */
  | { readonly kind: 'edit'; readonly args: Readonly<Record<string, unknown>> }
  | { readonly kind: 'deny'; readonly reason: string };

/** Asks the person. Rejects when `signal` aborts. */
export type Approver = (request: ApprovalRequest, signal: AbortSignal) => Promise<ApprovalAnswer>;

/** `ask`: read-only tools of trusted servers run, a person decides on the rest. `read-only`: the rest is denied. */
export type ApprovalMode = 'ask' | 'read-only' | 'all' | 'none';

export interface ApprovalSettings {
  readonly mode: ApprovalMode;
  /** Patterns of `tool` or `server.tool`, `*` for any run of characters; a match in `deny` counts before one in `allow`. */
  readonly allow: readonly string[];
  readonly deny: readonly string[];
}
