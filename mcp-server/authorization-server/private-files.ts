// Files that only the owner may read: created whole and private, refused when somebody else could have read them.
// Keys, the agent's secret and the database all go through here.

import { randomUUID } from 'node:crypto';
import type { Stats } from 'node:fs';
import { constants, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { ServerError } from '../errors.ts';

const DIRECTORY_MODE = 0o700;
const FILE_MODE = 0o600;
const GROUP_OR_OTHERS = 0o077;
const GROUP_OR_OTHERS_MAY_WRITE = 0o022;
/** Windows has no such modes; a file there is as private as the profile folder that it lies in. */
const HAS_MODES = process.platform !== 'win32';

/**
 * Creates the directory with mode 0700, or accepts an existing one that nobody else may write to.
 *
 * @throws {ServerError} `unreadable_data`
 */
export async function ensurePrivateDirectory(directory: string): Promise<void> {
  await guarded(directory, async () => {
    await mkdir(directory, { recursive: true, mode: DIRECTORY_MODE });
    const { mode } = await stat(directory);
    // Who may write to a directory may replace any file in it, whatever the file's own mode.
    if (HAS_MODES && (mode & GROUP_OR_OTHERS_MAY_WRITE) !== 0)
      throw unreadable(
        directory,
        `other users may write to it (mode ${octal(mode)})`,
        `chmod 700 ${JSON.stringify(directory)}, or choose another DATA_DIR`,
      );
  });
}

/**
 * Reads a private file; `undefined` when there is none.
 *
 * @throws {ServerError} `unreadable_data` when the file is not a plain file or others may read or write it
 */
export async function readPrivateFile(path: string): Promise<string | undefined> {
  return await guarded(path, async () => {
    const file = await open(path, 'r').catch((error: unknown) => {
      if (hasCode(error, 'ENOENT')) return undefined;
      throw error;
    });
    if (!file) return undefined;
    try {
      // On the open file, so that what is judged is what is read.
      assertPrivate(path, await file.stat());
      return await file.readFile('utf8');
    } finally {
      await file.close();
    }
  });
}

/** Writes the whole file under a temporary name, mode 0600 from its first byte, and then gives it its name. */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  await guarded(path, async () => {
    try {
      const file = await open(temporary, 'wx', FILE_MODE);
      try {
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  });
}

/** Makes sure that a file is there, private, before a library opens it that would create it with the umask's mode. */
export async function ensurePrivateFile(path: string): Promise<void> {
  await guarded(path, async () => {
    const file = await open(path, constants.O_CREAT | constants.O_RDWR, FILE_MODE);
    try {
      assertPrivate(path, await file.stat());
    } finally {
      await file.close();
    }
  });
}

/** The error for a file that is there but cannot be used. */
export function unreadable(path: string, what: string, remedy: string, cause?: unknown): ServerError {
  return new ServerError('unreadable_data', `Cannot use ${path}: ${what}. To go on: ${remedy}.`, { cause });
}

function assertPrivate(path: string, stats: Stats): void {
  if (!stats.isFile()) throw unreadable(path, 'it is not a plain file', 'move it away');
  if (HAS_MODES && (stats.mode & GROUP_OR_OTHERS) !== 0)
    throw unreadable(
      path,
      `other users of this machine may read or write it (mode ${octal(stats.mode)}, expected 0600), so what is in it is no secret`,
      `delete it and let the server make a new one, or, if you are sure that nobody read it, chmod 600 ${JSON.stringify(path)}`,
    );
}

/** Turns the operating system's errors into ours, once. */
async function guarded<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ServerError || !(error instanceof Error) || !('code' in error)) throw error;
    throw unreadable(
      path,
      error.message,
      'make it readable and writable for this user, or choose another DATA_DIR',
      error,
    );
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}
