// Small secret texts that outlive a run, each under a name of several parts: token sets, registered clients, where one is
// logged in. Whoever changes one reads, decides and writes under a lock, alone among all processes.

import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ensurePrivateDirectory, type PreparedFile, preparePrivateFile, readPrivateFile } from './private-file.ts';
import { withProcessLock } from './process-lock.ts';

/** What to do with a record: keep it as it is, replace it, or forget it. */
export type RecordDecision =
  | { readonly kind: 'keep' }
  | { readonly kind: 'replace'; readonly text: string }
  | { readonly kind: 'forget' };

export interface PrivateRecords {
  /** The record as it is now, without waiting for anybody who is changing it. */
  load(name: readonly string[]): Promise<string | undefined>;
  /**
   * Lets `decide` see the record and change it, while nobody else can. What `decide` throws leaves it as it is. There is room
   * for the new record before `decide` is asked, unless it is known to write none: what it brings may not be had again.
   */
  update(
    name: readonly string[],
    decide: (stored: string | undefined) => Promise<RecordDecision>,
    options?: UpdateOptions,
  ): Promise<void>;
}

export interface UpdateOptions {
  /** Whether no record is going to be written, so that no more room is needed than for the lock. Default false. */
  readonly isForgetting?: boolean;
}

/** Where a record is kept, once nobody else is changing it. */
export interface RecordPlace {
  read(id: string): Promise<string | undefined>;
  /** Takes the room that writing the record needs. */
  prepare(id: string): Promise<PreparedFile>;
  remove(id: string): Promise<void>;
}

/**
 * Records in private files.
 *
 * `load` and `update` throw `AgentError` `login_required` for a directory or file that others could have read or planted,
 * `invalid_configuration` when there can be none, and `unreachable` when another process keeps the lock.
 *
 * @param directory created with mode 0700 when something is first kept
 */
export function createFileRecords(directory: string): PrivateRecords {
  const fileOf = (id: string) => join(directory, `${id}.json`);
  return createLockedRecords(directory, {
    read: (id) => readPrivateFile(fileOf(id)),
    prepare: async (id) => {
      const file = await preparePrivateFile(fileOf(id));
      return { ...file, write: (text) => file.write(`${text}\n`) };
    },
    remove: (id) => rm(fileOf(id), { force: true }),
  });
}

/** Records in any place, with their locks in `directory`: whatever the place, two processes may want the same one. */
export function createLockedRecords(directory: string, place: RecordPlace): PrivateRecords {
  return {
    load: (name) => place.read(idOf(name)),
    update: async (name, decide, { isForgetting = false } = {}) => {
      await ensurePrivateDirectory(directory);
      const id = idOf(name);
      await withProcessLock(join(directory, `${id}.json.lock`), async () => {
        const stored = await place.read(id);
        const room = isForgetting ? undefined : await place.prepare(id);
        try {
          const decision = await decide(stored);
          if (decision.kind === 'replace') await (room ?? (await place.prepare(id))).write(decision.text);
          if (decision.kind === 'forget') await place.remove(id);
        } finally {
          await room?.release();
        }
      });
    },
  };
}

/** Records that end with the process. */
export function createMemoryRecords(): PrivateRecords {
  const texts = new Map<string, string>();
  const queues = new Map<string, Promise<void>>();
  return {
    load: async (name) => texts.get(idOf(name)),
    update: (name, decide) => {
      const id = idOf(name);
      const change = async () => {
        const decision = await decide(texts.get(id));
        if (decision.kind === 'replace') texts.set(id, decision.text);
        if (decision.kind === 'forget') texts.delete(id);
      };
      // One after the other, whatever became of the one before.
      const turn = (queues.get(id) ?? Promise.resolve()).then(change, change);
      queues.set(id, turn);
      return turn;
    },
  };
}

/** Hashed as JSON, so that no two names are the same, and none shows where one is logged in. */
function idOf(name: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(name)).digest('hex');
}
