// What a person has allowed beyond one call: for this session in memory, for good in a private file. A tool is remembered as
// its server at that address describes it now; described otherwise, it is another tool.

import { join } from 'node:path';
import * as z from 'zod';
import type { ApprovalAnswer } from '../approval.ts';
import { ensurePrivateDirectory, readPrivateFile, writePrivateFile } from '../auth/private-file.ts';
import { withProcessLock } from '../auth/process-lock.ts';
import { AgentError } from '../errors.ts';

/** A tool as an approval is kept for it. */
export interface RememberedTool {
  readonly server: string;
  readonly serverUrl: string;
  readonly name: string;
  readonly fingerprint: string;
}

export interface ApprovalMemory {
  /** Reads what is kept for good; other processes may have added to it. */
  refresh(): Promise<void>;
  isRemembered(tool: RememberedTool): boolean;
  /** Keeps an answer that counts for more than one call; forgets nothing. */
  remember(tool: RememberedTool, answer: ApprovalAnswer): Promise<void>;
  /** For people: what is allowed and for how long. */
  list(): readonly string[];
}

const FILE = 'tool-calls.json';

const fileSchema = z.object({
  version: z.literal(1),
  approvals: z.array(
    z.object({
      server_url: z.string(),
      tool: z.string(),
      fingerprint: z.string(),
      approved_at: z.string(),
    }),
  ),
});

type Kept = z.output<typeof fileSchema>['approvals'][number];

/** The file that answers for good are kept in. */
export function approvalFileIn(directory: string): string {
  return join(directory, FILE);
}

/** @param directory where answers for good are kept; `undefined` keeps them for the session only */
export function createApprovalMemory(
  directory: string | undefined,
  now: () => Date = () => new Date(),
): ApprovalMemory {
  const tools = new Map<string, string>();
  const servers = new Map<string, string>();
  let kept: readonly Kept[] = [];

  const read = async (): Promise<readonly Kept[]> => {
    if (directory === undefined) return kept;
    const text = await readPrivateFile(approvalFileIn(directory));
    return text === undefined ? [] : parseFile(text, approvalFileIn(directory));
  };

  const keep = async (tool: RememberedTool) => {
    const entry: Kept = {
      server_url: tool.serverUrl,
      tool: tool.name,
      fingerprint: tool.fingerprint,
      approved_at: now().toISOString(),
    };
    const add = (entries: readonly Kept[]) => [...entries.filter((one) => !isSameTool(one, tool)), entry];
    if (directory === undefined) {
      kept = add(kept);
      return;
    }
    await ensurePrivateDirectory(directory);
    await withProcessLock(join(directory, `${FILE}.lock`), async () => {
      kept = add(await read());
      const content = { version: 1, approvals: kept };
      await writePrivateFile(approvalFileIn(directory), `${JSON.stringify(content, undefined, 2)}\n`);
    });
  };

  return {
    refresh: async () => {
      kept = await read();
    },
    isRemembered: (tool) =>
      servers.has(tool.serverUrl) ||
      tools.has(keyOf(tool)) ||
      kept.some((one) => isSameTool(one, tool) && one.fingerprint === tool.fingerprint),
    remember: async (tool, answer) => {
      switch (answer.kind) {
        case 'tool-for-session':
          tools.set(keyOf(tool), `${tool.server}.${tool.name}, this session`);
          return;
        case 'server-for-session':
          servers.set(tool.serverUrl, `${tool.server}.*, this session`);
          return;
        case 'always':
          return await keep(tool);
        case 'once':
        case 'edit':
        case 'deny':
          return;
      }
    },
    list: () => [
      ...servers.values(),
      ...tools.values(),
      ...kept.map(({ tool, server_url, approved_at }) => `${tool} at ${server_url}, always (since ${approved_at})`),
    ],
  };
}

function isSameTool(entry: Kept, { serverUrl, name }: RememberedTool): boolean {
  return entry.server_url === serverUrl && entry.tool === name;
}

function keyOf({ serverUrl, name, fingerprint }: RememberedTool): string {
  return JSON.stringify([serverUrl, name, fingerprint]);
}

/** A file that cannot be read allows nothing, and is not overwritten. */
function parseFile(text: string, file: string): readonly Kept[] {
  try {
    return fileSchema.parse(JSON.parse(text)).approvals;
  } catch (error) {
    throw new AgentError(
      'invalid_configuration',
      `${file} is not a list of approvals. Move it away; tools ask again.`,
      {
        cause: error,
      },
    );
  }
}
