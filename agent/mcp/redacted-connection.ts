// A connection whose answers hold no credential of this agent: a server that shows back what it was sent, in a page about an
// error for example, must not bring a token before the model, into a conversation that is kept, or into a recording.

import { AgentError } from '../errors.ts';
import type { McpConnection } from './connection.ts';
import { wrapConnection } from './wrapped-connection.ts';

/** No answer of a server is nested deeper for a good reason. */
const MAX_DEPTH = 200;

/** @param redact takes credentials out of a text */
export function redactConnection(connection: McpConnection, redact: (text: string) => string): McpConnection {
  const clean = async <T>(work: Promise<T>): Promise<T> => {
    try {
      // Texts become texts, and everything else stays.
      return redactDeep(await work, redact) as T;
    } catch (error) {
      throw error instanceof AgentError ? redactError(error, redact) : error;
    }
  };
  return wrapConnection(connection, {
    answer: clean,
    progress: ({ message, ...progress }) => ({
      ...progress,
      ...(message === undefined ? {} : { message: redact(message) }),
    }),
  });
}

/** The same error without credentials in what is told of it. */
export function redactError(error: AgentError, redact: (text: string) => string): AgentError {
  const { missingScopes } = error.details;
  const details = { ...error.details, ...(missingScopes ? { missingScopes: missingScopes.map(redact) } : {}) };
  const message = redact(error.message);
  const isClean = message === error.message && missingScopes?.join(' ') === details.missingScopes?.join(' ');
  return isClean ? error : new AgentError(error.code, message, { ...details, cause: error });
}

/** The same value with every text in it, names included, without credentials. */
export function redactDeep(part: unknown, redact: (text: string) => string, depth = 0): unknown {
  if (typeof part === 'string') return redact(part);
  if (typeof part !== 'object' || part === null) return part;
  if (depth > MAX_DEPTH) return '[nested too deep]';
  if (Array.isArray(part)) return part.map((item) => redactDeep(item, redact, depth + 1));
  return Object.fromEntries(
    Object.entries(part).map(([key, value]) => [redact(key), redactDeep(value, redact, depth + 1)]),
  );
}
