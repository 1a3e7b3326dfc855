// Why a run cannot be written down, in words for whoever started it.

import { AgentError, type AgentErrorCode } from '../../errors.ts';

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there',
  EDQUOT: 'this user may not write more there',
  EEXIST: 'there is a file of that name',
  ENOTDIR: 'there is a file where a directory should be',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
};

/** The error to throw instead of what the file system said; anything else stays what it is. */
export function diskFault(error: unknown, code: AgentErrorCode, what: string, advice: string): unknown {
  if (!(error instanceof Error && 'code' in error && typeof error.code === 'string')) return error;
  return new AgentError(code, `${what}: ${REASONS[error.code] ?? error.code}. ${advice}`, { cause: error });
}
