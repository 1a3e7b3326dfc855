// The tools of a server against what persons approved of: which of them are not what they were.

import type { Approvals } from './approvals.ts';
import type { McpTool } from './connection.ts';
import { faultOfTool, fingerprintOf, wordsOf } from './tool-description.ts';
import type { ToolChange } from './tools.ts';

export interface ComparedTools {
  /** By the names that the server gives them. */
  readonly changes: ReadonlyMap<string, ToolChange>;
  /** Stands for this listing: another one means that there are other tools. */
  readonly listed: string;
}

/** Tools that were never seen are approved with it; of those that are not fit for use nothing is kept. */
export async function compareTools(
  tools: readonly McpTool[],
  approvalKey: string,
  approvals: Approvals,
): Promise<ComparedTools> {
  const fit = tools.filter((tool) => faultOfTool(tool) === undefined);
  const seen = Object.fromEntries(
    fit.map((tool) => [tool.name, { fingerprint: fingerprintOf(tool), words: wordsOf(tool) }]),
  );
  const approved = await approvals.approvedTools(approvalKey, seen);
  return {
    listed: JSON.stringify(Object.entries(seen).map(([name, { fingerprint }]) => [name, fingerprint])),
    changes: new Map(
      Object.entries(seen).flatMap(([name, { fingerprint, words }]): [string, ToolChange][] => {
        const before = Object.hasOwn(approved, name) ? approved[name] : undefined;
        return before && before.fingerprint !== fingerprint ? [[name, { before: before.words, after: words }]] : [];
      }),
    ),
  };
}
