// What a person has approved of, kept between runs in files that only this user may read: how a server described its tools,
// and which definitions of `.mcp.json` may be used. The first description of a tool is believed, as there is nothing to
// compare it with; one that reads otherwise later waits for a person.

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import * as z from 'zod';
import { ensurePrivateDirectory, readPrivateFile, writePrivateFile } from '../auth/private-file.ts';
import { withProcessLock } from '../auth/process-lock.ts';
import { shownUrl } from '../credential-config.ts';
import { AgentError } from '../errors.ts';

/** A tool as it was approved. */
export interface ApprovedTool {
  readonly fingerprint: string;
  /** Description, schema and annotations as text, for a person to compare. */
  readonly words: string;
}

export interface Approvals {
  /**
   * The tools of a server as they were approved; those in `seen` that were never seen before are approved with it.
   *
   * @throws {AgentError} `protocol_error` for a server that never stops to invent new ones
   */
  approvedTools(
    serverUrl: string,
    seen: Readonly<Record<string, ApprovedTool>>,
  ): Promise<Readonly<Record<string, ApprovedTool>>>;
  approveTool(serverUrl: string, name: string, tool: ApprovedTool): Promise<void>;
  isDefinitionApproved(hash: string): Promise<boolean>;
  approveDefinition(hash: string, name: string): Promise<void>;
}

const toolsSchema = z.object({
  url: z.string(),
  tools: z.record(z.string(), z.object({ fingerprint: z.string(), words: z.string() })),
});
const definitionsSchema = z.object({ definitions: z.record(z.string(), z.string()) });

/**
 * Approvals on disk.
 *
 * Every member throws `AgentError` `login_required` for a file that others could have read or planted, and
 * `invalid_configuration` for one that cannot be read or kept.
 *
 * @param directory created with mode 0700 when something is first kept; `undefined` keeps approvals for this run only
 */
export function createApprovals(directory: string | undefined): Approvals {
  const kept = directory === undefined ? createMemory() : createFiles(directory);
  const toolsOf = (serverUrl: string) => `tools-${createHash('sha256').update(serverUrl).digest('hex')}.json`;
  return {
    approvedTools: async (serverUrl, seen) => {
      const file = toolsOf(serverUrl);
      const isNew = (known: Readonly<Record<string, ApprovedTool>>) =>
        Object.keys(seen).filter((name) => !Object.hasOwn(known, name));
      const { tools } = (await kept.read(file, toolsSchema)) ?? { tools: {} };
      if (isNew(tools).length === 0) return tools;
      const written = await kept.update(file, toolsSchema, (before) => {
        const known = before?.tools ?? {};
        const fresh = Object.fromEntries(isNew(known).flatMap((name) => (seen[name] ? [[name, seen[name]]] : [])));
        const tools = { ...known, ...fresh };
        if (Object.keys(tools).length > MAX_TOOLS)
          throw new AgentError(
            'protocol_error',
            `${shownUrl(serverUrl)} has shown more than ${MAX_TOOLS} different tools so far. No more of them are kept.`,
          );
        return { url: shownUrl(serverUrl), tools };
      });
      return written.tools;
    },
    approveTool: async (serverUrl, name, tool) => {
      await kept.update(toolsOf(serverUrl), toolsSchema, (before) => ({
        url: shownUrl(serverUrl),
        tools: { ...before?.tools, [name]: tool },
      }));
    },
    isDefinitionApproved: async (hash) => {
      const { definitions } = (await kept.read(DEFINITIONS, definitionsSchema)) ?? { definitions: {} };
      return Object.hasOwn(definitions, hash);
    },
    approveDefinition: async (hash, name) => {
      await kept.update(DEFINITIONS, definitionsSchema, (before) => ({
        definitions: { ...before?.definitions, [hash]: name },
      }));
    },
  };
}

/** What is kept of each may have 20 KB. */
const MAX_TOOLS = 2000;
const DEFINITIONS = 'definitions.json';

interface Kept {
  read<T>(file: string, schema: z.ZodType<T>): Promise<T | undefined>;
  update<T>(file: string, schema: z.ZodType<T>, change: (before: T | undefined) => T): Promise<T>;
}

function createFiles(directory: string): Kept {
  const read = async <T>(file: string, schema: z.ZodType<T>): Promise<T | undefined> => {
    const path = join(directory, file);
    const text = await readPrivateFile(path);
    if (text === undefined) return undefined;
    const parsed = schema.safeParse(parseJson(text));
    // To start anew would be to believe whatever the server says now.
    if (!parsed.success)
      throw new AgentError(
        'invalid_configuration',
        `${path} does not say what was approved: it is damaged, or of another version. Delete it to approve anew.`,
      );
    return parsed.data;
  };
  return {
    read,
    update: async (file, schema, change) => {
      await ensurePrivateDirectory(directory);
      const path = join(directory, file);
      return await withProcessLock(`${path}.lock`, async () => {
        const after = change(await read(file, schema));
        await writePrivateFile(path, `${JSON.stringify(after)}\n`);
        return after;
      });
    },
  };
}

function createMemory(): Kept {
  const texts = new Map<string, string>();
  const read = async <T>(file: string, schema: z.ZodType<T>) => {
    const text = texts.get(file);
    return text === undefined ? undefined : schema.parse(JSON.parse(text));
  };
  return {
    read,
    update: async (file, schema, change) => {
      const after = change(await read(file, schema));
      texts.set(file, JSON.stringify(after));
      return after;
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
