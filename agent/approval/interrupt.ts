// What an interrupt for approval carries, and what may come back. In the form of LangChain's agent inbox, in both spellings:
// its JavaScript middleware writes one and its chat page reads the other. Pure.

import * as z from 'zod';
import type { ApprovalAnswer, ApprovalRequest } from '../approval.ts';

const DECISIONS = ['approve', 'edit', 'reject'] as const;

/** The value of the interrupt. `approval` is ours, the rest is for LangChain's pages. */
export function requestPayload(request: ApprovalRequest): Readonly<Record<string, unknown>> {
  const { name, args, description } = request;
  const actions = [{ name, args, description }];
  const configs = [{ action_name: name, actionName: name, allowed_decisions: DECISIONS, allowedDecisions: DECISIONS }];
  return {
    action_requests: actions,
    actionRequests: actions,
    review_configs: configs,
    reviewConfigs: configs,
    approval: request,
  };
}

const argsSchema = z.record(z.string(), z.unknown());
const actionSchema = z.object({ args: argsSchema });

const answerSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('once') }),
  z.object({ kind: z.literal('tool-for-session') }),
  z.object({ kind: z.literal('server-for-session') }),
  z.object({ kind: z.literal('always') }),
  z.object({ kind: z.literal('edit'), args: argsSchema }),
  z.object({ kind: z.literal('deny'), reason: z.string() }),
]);

const inboxSchema = z.object({
  decisions: z.tuple([
    z.discriminatedUnion('type', [
      z.object({ type: z.literal('approve') }),
      z.object({
        type: z.literal('edit'),
        edited_action: actionSchema.optional(),
        editedAction: actionSchema.optional(),
      }),
      z.object({ type: z.literal('reject'), message: z.string().default('') }),
    ]),
  ]),
});

/** Reads our answer, or that of a LangChain page. Everything that is not a clear yes is a no. */
export function parseAnswer(value: unknown): ApprovalAnswer {
  const ours = answerSchema.safeParse(value);
  if (ours.success) return ours.data;
  const inbox = inboxSchema.safeParse(value);
  if (!inbox.success) return { kind: 'deny', reason: 'The answer to the question could not be understood.' };
  const [decision] = inbox.data.decisions;
  switch (decision.type) {
    case 'approve':
      return { kind: 'once' };
    case 'reject':
      return { kind: 'deny', reason: decision.message || 'The person said no.' };
    case 'edit': {
      const action = decision.edited_action ?? decision.editedAction;
      return action ? { kind: 'edit', args: action.args } : { kind: 'deny', reason: 'The edit holds no arguments.' };
    }
  }
}

/** The request in an interrupt of ours. */
export function requestIn(value: unknown): ApprovalRequest {
  // Only `requestPayload` makes the interrupts of this graph.
  return (value as { approval: ApprovalRequest }).approval;
}
