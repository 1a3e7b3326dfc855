// Pages that a server wants a person to visit before it takes a call (error -32042 of 2025-11-25): put to the person one by
// one, and the call is then worth one more try. Nothing opens without a yes.

import { UrlElicitationRequiredError } from '@modelcontextprotocol/client';
import * as z from 'zod';
import { AgentError } from '../errors.ts';
import { questionOf } from './answer-elicitation.ts';
import type { Elicitor } from './elicitation.ts';

/** A server that wants more visits than this for one call wants something else. */
const MAX_VISITS = 3;
const visitsSchema = z
  .array(z.object({ url: z.string(), message: z.string(), elicitationId: z.string().min(1).max(200) }))
  .min(1)
  .max(MAX_VISITS);

export interface RequiredVisits {
  /** The server says that the person is done with that visit. */
  finished(elicitationId: string): void;
  /**
   * Calls, and once more after the visits that the server asks for.
   *
   * @param tool its name, for messages
   * @throws {AgentError} what `call` throws; `tool_failed` when nobody can be asked or the server is not content with the
   *   visits, `tool_refused` when the person does not want them
   */
  around<T>(tool: string, call: () => Promise<T>, signal: AbortSignal | undefined): Promise<T>;
}

/** @param elicit whom to ask; `undefined`: nobody */
export function createRequiredVisits(server: string, elicit: Elicitor | undefined): RequiredVisits {
  /** Visits that the server is expected to report on. */
  const awaited = new Map<string, () => void>();

  const visit = async (
    tool: string,
    ask: Elicitor,
    { elicitationId, ...page }: z.output<typeof visitsSchema>[number],
    signal: AbortSignal,
  ) => {
    const question = questionOf(server, { mode: 'url', elicitationId, ...page });
    if (!question)
      throw new AgentError(
        'tool_failed',
        `${server} wants a visit to an address that is neither https nor on this machine before it takes ${tool}. It was not opened.`,
      );
    const refusal = () =>
      new AgentError(
        'tool_refused',
        `${tool} was not called: ${server} wants a page to be visited first, and it was not.`,
      );
    // Before the page opens: whoever is quick is done by the time that it has.
    const reported = new AbortController();
    awaited.set(elicitationId, () => reported.abort());
    try {
      if ((await ask(question, signal)).action !== 'accept') throw refusal();
      if (reported.signal.aborted) return;
      const done = { mode: 'form', server, message: 'Are you done on that page?', requestedSchema: NO_FIELDS } as const;
      const { action } = await ask(done, AbortSignal.any([signal, reported.signal]));
      if (action !== 'accept') throw refusal();
    } catch (error) {
      // The server knows better than the person who has yet to say so.
      if (!reported.signal.aborted || signal.aborted) throw error;
    } finally {
      awaited.delete(elicitationId);
    }
  };

  return {
    finished: (elicitationId) => awaited.get(elicitationId)?.(),
    around: async (tool, call, signal = new AbortController().signal) => {
      try {
        return await call();
      } catch (error) {
        const visits = visitsOf(error);
        if (!visits) throw error;
        if (!elicit)
          throw wanted(
            server,
            tool,
            visits,
            'Nobody can be asked here: visit it if you trust the server, and try again.',
          );
        for (const one of visits) await visit(tool, elicit, one, signal);
      }
      try {
        return await call();
      } catch (error) {
        const visits = visitsOf(error);
        throw visits ? wanted(server, tool, visits, 'It was visited, and that was not enough.') : error;
      }
    },
  };
}

const NO_FIELDS = { type: 'object', properties: {} } as const;

/** @throws {AgentError} `protocol_error` when what the server asks for is not to be understood */
function visitsOf(error: unknown): z.output<typeof visitsSchema> | undefined {
  const cause = error instanceof AgentError ? error.cause : undefined;
  if (!(cause instanceof UrlElicitationRequiredError)) return undefined;
  const parsed = visitsSchema.safeParse(cause.elicitations);
  if (parsed.success) return parsed.data;
  throw new AgentError(
    'protocol_error',
    `The server wants pages to be visited before the call, and does not say properly which: ${z.prettifyError(parsed.error)}`,
  );
}

function wanted(server: string, tool: string, visits: z.output<typeof visitsSchema>, advice: string): AgentError {
  const pages = visits.flatMap((visit) => {
    const question = questionOf(server, { mode: 'url', ...visit });
    return question?.mode === 'url' ? [`${question.url} (${JSON.stringify(question.message.slice(0, 200))})`] : [];
  });
  const which = pages.length === 0 ? 'a page that must not be opened' : pages.join(', ');
  return new AgentError('tool_failed', `${server} wants a visit to ${which} before it takes ${tool}. ${advice}`);
}
