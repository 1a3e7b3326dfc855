// The request of `ask`: from the command line, from standard input, or both.

import { fstatSync } from 'node:fs';
import { AgentError } from '../errors.ts';

/** Standard input, as far as the request goes. */
export interface RequestInput {
  /**
   * `nothing`: a terminal, or no input at all. `file`: there is an end to it. `pipe`: somebody may write, or may have been
   * handed to us open and never write.
   */
  readonly kind: 'nothing' | 'file' | 'pipe';
  readonly stream: AsyncIterable<Uint8Array>;
}

const MAX_INPUT_BYTES = 10_000_000;
/** Programs that start us with a pipe that they never close write nothing; those that write begin at once. */
const PATIENCE_MS = 3_000;

/** What standard input is, by its file descriptor. */
export function inputKind(isTerminal: boolean, fd = 0): RequestInput['kind'] {
  if (isTerminal) return 'nothing';
  try {
    const stats = fstatSync(fd);
    if (stats.isFile()) return 'file';
    return stats.isFIFO() || stats.isSocket() ? 'pipe' : 'nothing';
  } catch (error) {
    // Started without a standard input.
    if (error instanceof Error && 'code' in error && error.code === 'EBADF') return 'nothing';
    throw error;
  }
}

/**
 * Reads the request. With words on the command line, what comes on standard input is appended; if nothing begins to come
 * within 3 s, it goes without, and says so.
 *
 * @param later resolves after so many milliseconds, unless it is no longer needed; default a timer
 * @throws {AgentError} `usage` when there is no request, or 10 MB and more
 */
export async function readRequest(
  words: readonly string[],
  { kind, stream }: RequestInput,
  onNotice: (text: string) => Promise<void>,
  later = startTimer,
): Promise<string> {
  const said = words.join(' ').trim();
  const piped =
    kind === 'nothing' ? '' : await read(stream, said === '' || kind === 'file' ? undefined : later, onNotice);
  const request = [said, piped.trim()].filter((part) => part !== '').join('\n\n');
  if (request === '')
    throw new AgentError(
      'usage',
      'There is no request. Say what you want: npm run -s ask -- "What is 2 + 40?", or pipe it in.',
    );
  return request;
}

async function read(
  stream: AsyncIterable<Uint8Array>,
  later: typeof startTimer | undefined,
  onNotice: (text: string) => Promise<void>,
): Promise<string> {
  const chunks: Uint8Array[] = [];
  const iterator = stream[Symbol.asyncIterator]();
  const first = iterator.next();
  if (later) {
    const timer = later(PATIENCE_MS);
    const isThere = await Promise.race([first.then(() => true), timer.done.then(() => false)]);
    timer.stop();
    if (!isThere) {
      // Nobody waits for it any more, whatever becomes of it.
      first.catch(() => undefined);
      await onNotice('Nothing came on standard input, so the request goes without it.');
      return '';
    }
  }
  let size = 0;
  for (let next = await first; !next.done; next = await iterator.next()) {
    chunks.push(next.value);
    size += next.value.byteLength;
    if (size > MAX_INPUT_BYTES) throw new AgentError('usage', `Standard input has more than ${MAX_INPUT_BYTES} bytes.`);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}

function startTimer(ms: number): { readonly done: Promise<void>; stop(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  return { done: promise, stop: () => clearTimeout(timer) };
}
