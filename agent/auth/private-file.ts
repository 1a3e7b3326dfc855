// Files that only this user may read: created whole and private, refused when somebody else could have read or planted
// them. What the agent keeps between runs goes through here.

import { constants, type Stats } from 'node:fs';
import { lstat, mkdir, open, rename, rm } from 'node:fs/promises';
import { AgentError } from '../errors.ts';

const DIRECTORY_MODE = 0o700;
const FILE_MODE = 0o600;
const GROUP_OR_OTHERS = 0o077;
const FULL = ['ENOSPC', 'EDQUOT', 'EFBIG'];
/** Windows has no such modes and owners; a file there is as private as the profile folder that it lies in. */
const HAS_MODES = process.platform !== 'win32';

/**
 * Creates the directory with mode 0700 whatever the umask, or accepts an existing one that is as private.
 *
 * @throws {AgentError} `login_required` when others may look into it, `invalid_configuration` when it cannot be made
 */
export async function ensurePrivateDirectory(directory: string): Promise<void> {
  await guarded(directory, async () => {
    await mkdir(directory, { recursive: true, mode: DIRECTORY_MODE });
    const stats = await lstat(directory);
    if (!stats.isDirectory()) throw refusal(directory, 'it is not a directory', 'Move it away.');
    assertOwnAndPrivate(directory, stats, DIRECTORY_MODE);
  });
}

/**
 * Reads a private file; `undefined` when there is none.
 *
 * @throws {AgentError} `login_required` when it is a symbolic link, not a plain file, another user's, or open to others
 */
export async function readPrivateFile(path: string): Promise<string | undefined> {
  return await guarded(path, async () => {
    // O_NONBLOCK: a named pipe in its place would make us wait for a writer.
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
      (error: unknown) => {
        if (hasErrorCode(error, 'ENOENT')) return undefined;
        if (hasErrorCode(error, 'ELOOP'))
          throw refusal(path, 'it is a symbolic link', 'Somebody may have planted it: delete it.');
        throw error;
      },
    );
    if (!file) return undefined;
    try {
      // On the open file, so that what is judged is what is read.
      const stats = await file.stat();
      if (!stats.isFile()) throw refusal(path, 'it is not a plain file', 'Move it away.');
      assertOwnAndPrivate(path, stats, FILE_MODE);
      return await file.readFile('utf8');
    } finally {
      await file.close();
    }
  });
}

/** A file that is about to be written, with room for it on the disk already taken. */
export interface PreparedFile {
  /** Writes the whole file and gives it its name; once. */
  write(text: string): Promise<void>;
  /** Gives the room back; does nothing after `write`. */
  release(): Promise<void>;
}

/** More than a set of tokens takes; what is longer may still find no room. */
const ROOM_BYTES = 32 * 1024;

/**
 * Takes the room for a file under a temporary name, mode 0600 from its first byte. What is written there cannot be lost for a
 * full disk: a refresh token is used up by then, and the new one is nowhere else. One writer at a time: the caller holds a
 * lock, hence what lies under the temporary name is left from somebody who was killed.
 *
 * @throws {AgentError} `invalid_configuration` when there is no room, or no writing
 */
export async function preparePrivateFile(path: string, roomBytes = ROOM_BYTES): Promise<PreparedFile> {
  const temporary = `${path}.tmp`;
  const discard = async () => await guarded(path, () => rm(temporary, { force: true }));
  return await guarded(path, async () => {
    await rm(temporary, { force: true });
    // O_EXCL: nothing that somebody put there is written through.
    const file = await open(temporary, 'wx', FILE_MODE);
    let isOpen = true;
    const close = async () => {
      if (isOpen) await file.close();
      isOpen = false;
    };
    try {
      // Not as a hole: that would take no room.
      if (roomBytes > 0) await file.writeFile(Buffer.alloc(roomBytes));
      await file.sync();
    } catch (error) {
      await close();
      await discard();
      throw error;
    }
    return {
      write: (text) =>
        guarded(path, async () => {
          const bytes = Buffer.from(text);
          for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at, bytes.length - at, at)).bytesWritten;
          await file.truncate(bytes.length);
          await file.sync();
          await close();
          await rename(temporary, path);
        }),
      release: async () => {
        if (!isOpen) return;
        await close();
        await discard();
      },
    };
  });
}

/**
 * Writes the whole file under a temporary name, and then gives it its name; the caller holds a lock.
 *
 * @throws {AgentError} `invalid_configuration` when it cannot be written; then it is as it was
 */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  const prepared = await preparePrivateFile(path, 0);
  try {
    await prepared.write(text);
  } finally {
    await prepared.release();
  }
}

export function hasErrorCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** Turns the operating system's errors into ours, once. */
export async function guarded<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AgentError || !(error instanceof Error) || !('syscall' in error)) throw error;
    const isFull = FULL.some((code) => hasErrorCode(error, code));
    const advice = isFull ? 'The disk or your share of it is full: make room, or set' : 'Set';
    throw new AgentError(
      'invalid_configuration',
      `Cannot keep tokens in ${path}: ${error.message}. ${advice} XDG_STATE_HOME to a directory of yours, or TOKEN_STORE=none to keep nothing.`,
      { cause: error },
    );
  }
}

function assertOwnAndPrivate(path: string, stats: Stats, mode: number): void {
  if (!HAS_MODES) return;
  if (stats.uid !== process.getuid?.())
    throw refusal(path, `it belongs to another user (${stats.uid})`, 'Set XDG_STATE_HOME to a directory of yours.');
  if ((stats.mode & GROUP_OR_OTHERS) !== 0)
    throw refusal(
      path,
      `other users of this machine may use it (mode ${(stats.mode & 0o777).toString(8).padStart(4, '0')})`,
      `Delete it and sign in again; or, if you are sure that nobody read it: chmod ${mode.toString(8)} ${JSON.stringify(path)}`,
    );
}

function refusal(path: string, what: string, remedy: string): AgentError {
  return new AgentError('login_required', `The token store refuses ${path}: ${what}. ${remedy}`);
}
