// results.jsonl: one line for each attempt that is over, only ever appended to. What `append` has promised survives kill -9
// and a power cut; a line that was being written when the process died is left out when the file is read again.

import { type FileHandle, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentError } from '../../errors.ts';
import { diskFault } from './disk-fault.ts';
import { keyOf, type Result, resultSchema } from './result.ts';
import { shellWord } from './shell-word.ts';

export const RESULTS_FILE = 'results.jsonl';

export interface ResultsFile {
  /**
   * Resolves when the line is on the disk. Lines that come meanwhile go there together.
   *
   * @throws {AgentError} `internal` when it cannot be written; nothing is written after that, since a part of a line may
   *   stand there already
   */
  append(result: Result): Promise<void>;
  close(): Promise<void>;
}

/** What ends a run whose results cannot be kept. */
export function cannotGoOn(error: unknown, directory: string, name: string): unknown {
  const advice = `The results so far are kept. Go on when there is room: --resume ${shellWord(directory)}`;
  return diskFault(error, 'internal', `${name} in ${directory} cannot be written`, advice);
}

/**
 * Opens the file of a run for appending.
 *
 * @throws {AgentError} `internal` when it cannot be written
 */
export async function openResults(directory: string): Promise<ResultsFile> {
  const file = await openAtLineStart(join(directory, RESULTS_FILE)).catch((error: unknown) => {
    throw cannotGoOn(error, directory, RESULTS_FILE);
  });
  let waiting: { readonly line: string; readonly done: PromiseWithResolvers<void> }[] = [];
  let writing: Promise<void> | undefined;
  let fault: { readonly error: unknown } | undefined;
  const writeAll = async () => {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        if (fault) throw fault.error;
        await file.appendFile(batch.map(({ line }) => line).join(''));
        await file.datasync();
        for (const { done } of batch) done.resolve();
      } catch (error) {
        fault ??= { error: cannotGoOn(error, directory, RESULTS_FILE) };
        for (const { done } of batch) done.reject(fault.error);
      }
    }
    writing = undefined;
  };
  return {
    append: (result) => {
      const done = Promise.withResolvers<void>();
      waiting.push({ line: `${JSON.stringify(result)}\n`, done });
      writing ??= writeAll();
      return done.promise;
    },
    close: async () => {
      await writing;
      await file.close();
    },
  };
}

/**
 * The results of a run: of each attempt the last line counts.
 *
 * @returns with the number of lines that are no results: one is what was being written when a run died
 * @throws {AgentError} `usage` if there is no such file
 */
export async function readResults(
  directory: string,
): Promise<{ readonly results: readonly Result[]; readonly torn: number }> {
  const text = await readText(join(directory, RESULTS_FILE));
  const results = new Map<string, Result>();
  let torn = 0;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const result = parseResult(line);
    if (!result) torn += 1;
    // A later one takes the place of an earlier one, and goes to the end.
    else if (results.delete(keyOf(result)) || result) results.set(keyOf(result), result);
  }
  return { results: [...results.values()], torn };
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')))
      throw error;
    throw new AgentError('usage', `There are no results of a run: ${file} does not exist.`, { cause: error });
  }
}

async function openAtLineStart(path: string): Promise<FileHandle> {
  const file = await open(path, 'a+', 0o600);
  try {
    if (await endsInTheMiddleOfALine(file)) await file.appendFile('\n');
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function endsInTheMiddleOfALine(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return false;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer.toString() !== '\n';
}

function parseResult(line: string): Result | undefined {
  try {
    return resultSchema.safeParse(JSON.parse(line)).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
