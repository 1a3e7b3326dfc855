// The rules of one session: its approval settings, what its person has allowed, and whether there is one.

import type { ApprovalMemory, RememberedTool } from '../approval/memory.ts';
import { findIdlePatterns } from '../approval/patterns.ts';
import { decide, type Verdict } from '../approval/policy.ts';
import type { ApprovalAnswer, ApprovalRequest, ApprovalSettings, Approver } from '../approval.ts';
import type { Servers } from '../mcp/servers.ts';
import type { LoadedTool } from '../mcp/tools.ts';

export interface SessionRules {
  approval(): { readonly settings: ApprovalSettings; readonly remembered: readonly string[] };
  setApproval(settings: ApprovalSettings): void;
  decide(tool: LoadedTool): Verdict;
  describeRequest(tool: LoadedTool, call: { id: string; args: Record<string, unknown> }): ApprovalRequest;
  remember(request: ApprovalRequest, answer: ApprovalAnswer): Promise<void>;
  /** Patterns that match no tool, each said once. */
  takeNotices(): string[];
}

export interface SessionRulesOptions {
  readonly servers: Servers;
  readonly memory: ApprovalMemory;
  readonly approve: Approver | undefined;
  /** Default: mode `ask` where there is an `approve`, else `read-only`. */
  readonly settings: ApprovalSettings | undefined;
}

export function createSessionRules({ servers, memory, approve, ...options }: SessionRulesOptions): SessionRules {
  let settings: ApprovalSettings = options.settings ?? { mode: approve ? 'ask' : 'read-only', allow: [], deny: [] };
  const told = new Set<string>();
  /** Changed tools that a person has seen in this session. */
  const seen = new Set<string>();

  const statusOf = (server: string) => servers.statuses().find(({ name }) => name === server);
  /** The tools that a person is asked about, by the ids of their calls: by the time of the answer there may be others. */
  const asked = new Map<string, LoadedTool>();
  const keyOf = ({ server, name, fingerprint }: LoadedTool): RememberedTool => ({
    server,
    serverUrl: statusOf(server)?.identity ?? server,
    name,
    fingerprint,
  });
  const changeOf = (tool: LoadedTool) => (seen.has(JSON.stringify(keyOf(tool))) ? undefined : tool.change);

  return {
    approval: () => ({ settings, remembered: memory.list() }),
    setApproval: (changed) => {
      settings = changed;
    },
    decide: (tool) =>
      decide(
        { ...tool, change: changeOf(tool) },
        {
          settings,
          isTrusted: statusOf(tool.server)?.isTrusted === true,
          isRemembered: memory.isRemembered(keyOf(tool)),
          canAsk: approve !== undefined,
        },
      ),
    describeRequest: (tool, { id, args }) => {
      const status = statusOf(tool.server);
      asked.set(id, tool);
      return {
        id,
        args,
        name: tool.name,
        server: tool.server,
        description: tool.description,
        annotations: tool.annotations,
        isTrusted: status?.isTrusted === true,
        scopes: { needed: tool.scopes, held: status?.login?.scopes },
        change: changeOf(tool),
      };
    },
    remember: async (request, answer) => {
      const tool = asked.get(request.id);
      asked.delete(request.id);
      if (!tool) return;
      await memory.remember(keyOf(tool), answer);
      // Whoever lets a changed tool run, be it once, has seen what changed.
      if (request.change === undefined || answer.kind === 'deny') return;
      seen.add(JSON.stringify(keyOf(tool)));
      await servers.acceptTool(tool);
    },
    takeNotices: () => {
      const tools = servers.tools();
      const named = (flag: string, patterns: readonly string[]) =>
        findIdlePatterns(patterns, tools).map((pattern) => `${flag} ${pattern} matches no tool that is there now.`);
      const fresh = [...named('--allow', settings.allow), ...named('--deny', settings.deny)].filter(
        (text) => !told.has(text),
      );
      for (const text of fresh) told.add(text);
      return fresh;
    },
  };
}
