// Asks a person before a tool does what cannot be undone. One way for both generations of the protocol: the tool's answer
// is "input required"; a 2026-07-28 client asks and sends the call again, for a session of an earlier revision the SDK
// asks by `elicitation/create` and calls again by itself. A client that cannot ask has to say `confirm: true`.

import { createHash } from 'node:crypto';
import {
  acceptedContent,
  type InputRequiredResult,
  inputRequired,
  inputResponse,
  type McpServer,
  type RequestStateCodec,
  type ServerContext,
} from '@modelcontextprotocol/server';
import * as z from 'zod';
import { ToolError } from './tool-error.ts';

export interface Question {
  readonly tool: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** What the person reads. */
  readonly text: string;
}

export interface Asking {
  readonly server: McpServer;
  readonly request: ServerContext;
  readonly requestState: RequestStateCodec;
}

const ANSWER_KEY = 'confirm';
const answerSchema = z.object({ confirm: z.boolean() });
/** What the codec has signed; its signature and its principal were checked before the tool was reached. */
const stateSchema = z.object({ question: z.string() });

/**
 * What to answer instead of running the tool, or `undefined` when a person has said yes.
 *
 * @throws {ToolError} when a person says no, when nobody can be asked, or when the answer belongs to another question
 */
export async function askFirst(question: Question, asking: Asking): Promise<InputRequiredResult | undefined> {
  if (!canAsk(asking.server)) {
    if (question.input['confirm'] === true) return undefined;
    throw new ToolError(
      `${question.text} This client cannot ask a person. Ask them in your own words, then call ${question.tool} again with "confirm": true.`,
    );
  }
  const { mcpReq } = asking.request;
  const digest = digestOf(question);
  const state = stateSchema.safeParse(mcpReq.requestState());
  const answer = inputResponse(mcpReq.inputResponses, ANSWER_KEY);
  // An answer without our state answers nothing that we asked; `confirm: true` from the model is no person's word.
  if (!state.success || answer.kind === 'missing') {
    return inputRequired({
      inputRequests: {
        [ANSWER_KEY]: inputRequired.elicit({
          message: question.text,
          requestedSchema: {
            type: 'object',
            properties: { confirm: { type: 'boolean', title: 'Yes, do it', default: false } },
            required: ['confirm'],
          },
        }),
      },
      requestState: await asking.requestState.mint({ question: digest }, asking.request),
    });
  }
  if (state.data.question !== digest)
    throw new ToolError(`The answer belongs to another question, so nothing was done. Call ${question.tool} again.`);
  if (acceptedContent(mcpReq.inputResponses, ANSWER_KEY, answerSchema)?.confirm === true) return undefined;
  throw new ToolError('The person said no, so nothing was done.');
}

/** Whether the client declared that it can show a form; a bare `elicitation: {}` is how clients said so before 2025-11-25. */
function canAsk({ server }: McpServer): boolean {
  const elicitation = server.getClientCapabilities()?.elicitation;
  return elicitation !== undefined && (elicitation.form !== undefined || elicitation.url === undefined);
}

/** Tool, arguments and the words of the question: an answer holds for exactly what the person read. */
function digestOf({ tool, input, text }: Question): string {
  return createHash('sha256')
    .update(JSON.stringify([tool, input, text]))
    .digest('base64url');
}
