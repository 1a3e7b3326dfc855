// The tools that one server listed last, held against what persons approved of. Stands apart from the server's state: what is
// listed changes while a server stays connected.

import { AgentError } from '../errors.ts';
import type { Approvals } from './approvals.ts';
import type { McpConnection, McpTool } from './connection.ts';
import { fingerprintOf, wordsOf } from './tool-description.ts';
import { compareTools } from './tool-pins.ts';
import type { ToolChange } from './tools.ts';

export interface ToolListing {
  tools(): readonly McpTool[];
  /** What has changed about tools, by the name that the server gives them. */
  changes(): ReadonlyMap<string, ToolChange>;
  /** Lists them anew. @returns whether anything is other than it was @throws {AgentError} what `listTools` throws */
  load(from: McpConnection, signal?: AbortSignal): Promise<boolean>;
  /**
   * Approves of a tool as a person has seen it.
   *
   * @param name as the server calls it
   * @throws {AgentError} `usage` if there is no such tool, `tool_refused` if it has changed once more
   */
  accept(name: string, fingerprint: string): Promise<void>;
  clear(): void;
}

export interface ToolListingOptions {
  readonly serverName: string;
  readonly approvals: Approvals;
  /** Where the approvals of this server are. */
  readonly approvalKey: string;
  /** Set for a recording: what it lists has been looked at already. */
  readonly isReplayed: boolean;
  readonly onNotice: (text: string) => void;
}

/** More than any model can choose from. */
const MAX_TOOLS = 500;

export function createToolListing(options: ToolListingOptions): ToolListing {
  const { serverName, approvals, approvalKey, isReplayed, onNotice } = options;
  let tools: readonly McpTool[] = [];
  let changes: ReadonlyMap<string, ToolChange> = new Map();
  /** The last listing, in whatever order, to tell news from none. */
  let listed = '';

  const compare = async () => {
    const compared = await compareTools(tools, approvalKey, approvals);
    listed = compared.listed;
    return compared.changes;
  };
  return {
    tools: () => tools,
    changes: () => changes,
    load: async (from, signal) => {
      const before = listed;
      const all = await from.listTools(signal ? { signal } : {});
      if (all.length > MAX_TOOLS)
        onNotice(`${serverName} has ${all.length} tools; only the first ${MAX_TOOLS} are used.`);
      tools = all.slice(0, MAX_TOOLS);
      changes = isReplayed ? new Map() : await compare();
      return listed !== before;
    },
    accept: async (name, fingerprint) => {
      const tool = tools.find((candidate) => candidate.name === name);
      if (!tool) throw new AgentError('usage', `${serverName} has no tool ${JSON.stringify(name.slice(0, 80))}.`);
      if (fingerprintOf(tool) !== fingerprint)
        throw new AgentError(
          'tool_refused',
          `${serverName} has changed ${JSON.stringify(name.slice(0, 80))} once more since it was shown. Nothing was approved; look at it again.`,
        );
      await approvals.approveTool(approvalKey, name, { fingerprint, words: wordsOf(tool) });
      changes = await compare();
    },
    clear: () => {
      tools = [];
    },
  };
}
