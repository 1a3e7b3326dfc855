// Records in the keyring of the operating system, for TOKEN_STORE=keyring. Loaded only then. A machine without a working
// keyring is told so before anything is kept: never a silent fall back to something less safe.

import { randomUUID } from 'node:crypto';
import { AgentError } from '../errors.ts';
import { createLockedRecords, type PrivateRecords, type RecordPlace } from './private-records.ts';

const SERVICE = 'authorized-mcp-agent';
/** A keyring that asks the person to unlock it may take a while; one that hangs must not take for ever. */
const PROBE_TIMEOUT_MS = 15_000;

/** The part of a keyring entry that is used here. */
interface KeyringEntry {
  setPassword(password: string, signal?: AbortSignal): Promise<void>;
  getPassword(signal?: AbortSignal): Promise<string | null | undefined>;
  deletePassword(signal?: AbortSignal): Promise<unknown>;
}

export interface KeyringOptions {
  /** Makes the entry of a name; default the operating system's. */
  readonly entryOf?: (name: string) => KeyringEntry;
  /** Default 15 000. */
  readonly probeTimeoutMs?: number;
}

/**
 * Opens the keyring and proves by writing and reading that it works.
 *
 * @param directory for the locks; created with mode 0700
 * @throws {AgentError} `invalid_configuration` when there is no working keyring, with what to do
 */
export async function openKeyringRecords(
  directory: string,
  { entryOf, probeTimeoutMs = PROBE_TIMEOUT_MS }: KeyringOptions = {},
): Promise<PrivateRecords> {
  try {
    const place = createKeyringPlace(entryOf ?? (await loadEntries()));
    await withinTime(probe(place), probeTimeoutMs);
    return createLockedRecords(directory, place);
  } catch (error) {
    throw new AgentError(
      'invalid_configuration',
      `TOKEN_STORE=keyring: the keyring of this machine does not work (${error instanceof Error ? error.message : String(error)}). Unlock or install it, or set TOKEN_STORE=file to keep tokens in a private file, or TOKEN_STORE=none to keep nothing.`,
      { cause: error },
    );
  }
}

function createKeyringPlace(entryOf: (name: string) => KeyringEntry): RecordPlace {
  return {
    read: async (id) => (await entryOf(id).getPassword()) ?? undefined,
    prepare: async (id) => ({ write: (text) => entryOf(id).setPassword(text), release: async () => undefined }),
    remove: async (id) => void (await entryOf(id).deletePassword()),
  };
}

async function loadEntries(): Promise<(name: string) => KeyringEntry> {
  const { AsyncEntry } = await import('@napi-rs/keyring');
  return (name) => new AsyncEntry(SERVICE, name);
}

async function probe(place: RecordPlace): Promise<void> {
  const id = `probe-${randomUUID()}`;
  await (await place.prepare(id)).write(id);
  const read = await place.read(id);
  await place.remove(id);
  if (read !== id) throw new Error('it does not give back what was put in');
}

async function withinTime<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs / 1000} s`)), timeoutMs);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
