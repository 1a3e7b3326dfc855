// Why a run cannot be written down, in words for whoever started it.

import { AgentError, type AgentErrorCode } from '../../errors.ts';

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there',
  EDQUOT: 'this user may not write more there',
  EEXIST: 'there is a file of that name',
  EFBIG: 'a file may not get so large there',
  EISDIR: 'there is a directory of that name',
  ENOTDIR: 'there is a file where a directory should be',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
};

/** What the file system said, in words; `undefined` for anything that it did not say. */
export function diskReason(error: unknown): string | undefined {
  if (!(error instanceof Error && 'code' in error && 'syscall' in error && typeof error.code === 'string'))
    return undefined;
  return REASONS[error.code] ?? error.code;
}

/** The error to throw instead of what the file system said; anything else stays what it is. */
export function diskFault(error: unknown, code: AgentErrorCode, what: string, advice: string): unknown {
  const reason = diskReason(error);
  return reason === undefined ? error : new AgentError(code, `${what}: ${reason}. ${advice}`, { cause: error });
}
