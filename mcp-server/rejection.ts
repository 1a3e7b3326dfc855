// What the log may say about a message that the SDK turned down. Its errors quote the message, and that is the caller's
// data: arguments, answers of a person, names.

import type { LogFields } from './log.ts';

const MAX_LENGTH = 120;

/** The kind of fault in the SDK's words, up to the first that is quoted. */
export function describeRejection(error: Error): LogFields {
  const [words = ''] = error.message.slice(0, MAX_LENGTH).split(/[:'"`{[<]/, 1);
  return { fault: error.name, reason: words.trim() };
}
