// A server's question in the middle of a call, put to the person: checked before anybody sees it, answered in the form that
// both generations of the protocol understand. What cannot be asked is declined.

import type { ElicitRequest, ElicitResult } from '@modelcontextprotocol/client';
import { isSecureUrl } from '../credential-config.ts';
import type { CallWatch } from './call-watch.ts';
import type { ElicitationAnswer, ElicitationRequest, Elicitor } from './elicitation.ts';
import { cleanText } from './tool-text.ts';

/** A message longer than this is no question. */
const MAX_MESSAGE_CHARS = 2000;
/** A form longer than this is nothing that a person answers in a terminal. As JSON text. */
const MAX_FORM_CHARS = 20_000;
/** Questions at a time; a person answers one. */
const MAX_OPEN = 4;
/** Questions in the course of one call: a server that goes on asking wears people down until they say yes. */
const MAX_PER_CALL = 20;

export interface ElicitationOptions {
  readonly server: string;
  readonly elicit: Elicitor;
  /** Sees what was declined without asking. */
  readonly onNotice: (text: string) => void;
  /** The calls that wait for the answer. */
  readonly waitingCalls: () => readonly CallWatch[];
}

/** Creates the handler of `elicitation/create`. While a person thinks, the call's time stands still. */
export function createElicitationHandler({ server, elicit, onNotice, waitingCalls }: ElicitationOptions) {
  const asked = new WeakMap<CallWatch, number>();
  let open = 0;
  let lastNotice = '';
  const decline = (why: string): ElicitResult => {
    // As often as it asks, so often it would be said.
    if (why !== lastNotice) onNotice(`${server} ${why}; declined.`);
    lastNotice = why;
    return { action: 'decline' };
  };
  return async (request: ElicitRequest, signal: AbortSignal): Promise<ElicitResult> => {
    const calls = waitingCalls();
    const [latest] = calls;
    if (!latest) return decline('asked something although nobody had called it');
    if (open >= MAX_OPEN) return decline(`asked more than ${MAX_OPEN} questions at a time`);
    const count = (asked.get(latest) ?? 0) + 1;
    asked.set(latest, count);
    if (count > MAX_PER_CALL) return decline(`asked more than ${MAX_PER_CALL} questions in one call`);
    if (request.params.mode !== 'url' && JSON.stringify(request.params.requestedSchema).length > MAX_FORM_CHARS)
      return decline(`asked with a form of more than ${MAX_FORM_CHARS} characters`);
    const question = questionOf(server, request.params);
    if (!question) return decline('asked for a visit to an address that is neither https nor on this machine');
    lastNotice = '';
    open += 1;
    const answered = calls.map((call) => call.askPerson());
    // Nobody needs the answer any more when the one call is given up that it is for.
    const [only, ...others] = calls;
    const ends = only && others.length === 0 ? AbortSignal.any([signal, only.signal]) : signal;
    try {
      return resultOf(question, await elicit(question, ends));
    } finally {
      open -= 1;
      for (const done of answered) done();
    }
  };
}

/** The question as a person may see it; `undefined` for a URL that must not be opened. */
export function questionOf(server: string, params: ElicitRequest['params']): ElicitationRequest | undefined {
  const message = cleanText(params.message, MAX_MESSAGE_CHARS);
  if (params.mode !== 'url') return { mode: 'form', server, message, requestedSchema: params.requestedSchema };
  if (!isSecureUrl(params.url)) return undefined;
  // As the parser reads it: without line breaks and the like, which a terminal or a browser may take otherwise.
  return { mode: 'url', server, message, url: new URL(params.url).href };
}

function resultOf(question: ElicitationRequest, answer: ElicitationAnswer): ElicitResult {
  if (answer.action !== 'accept') return { action: answer.action };
  if (question.mode === 'url') return { action: 'accept' };
  // The SDK fills in the defaults of the form (SEP-1034), but only into content that is there.
  return { action: 'accept', content: { ...answer.content } };
}
