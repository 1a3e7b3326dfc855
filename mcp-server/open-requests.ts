// The requests of one session that have no answer yet. They may outlive their connection, since a client may come back for
// the answer; so they are bounded, each with what it holds.

import type { JSONRPCMessage, RequestId, Transport } from '@modelcontextprotocol/server';

export interface OpenRequestLimits {
  readonly maxOpenRequests: number;
  readonly maxOpenCharacters: number;
}

export interface OpenRequests {
  /**
   * Notes the requests of `body`, and those that it calls off; `undefined` when there is no room for them. What is
   * returned forgets the former again, for a body that the transport turns down.
   */
  admit(body: unknown): (() => void) | undefined;
}

/** Hears of answers by standing between the protocol and `transport`; to be called before the two are connected. */
export function createOpenRequests(transport: Transport, limits: OpenRequestLimits): OpenRequests {
  const open = new Map<RequestId, number>();
  let characters = 0;
  const remove = (id: unknown) => {
    // A Map finds nothing under what is no id.
    characters -= open.get(id as RequestId) ?? 0;
    open.delete(id as RequestId);
  };
  const send = transport.send.bind(transport);
  transport.send = (message, options) => {
    if (isAnswer(message)) remove(message.id);
    return send(message, options);
  };
  return {
    admit: (body) => {
      const messages = [body].flat().filter(isRecord);
      for (const { method, params } of messages)
        if (method === 'notifications/cancelled' && isRecord(params)) remove(params['requestId']);
      const requests = messages.filter(({ method, id }) => typeof method === 'string' && id !== undefined);
      if (requests.length === 0) return () => undefined;
      const length = JSON.stringify(body).length;
      // One that is alone may be as long as a body may be.
      const isTooLong = open.size > 0 && characters + length > limits.maxOpenCharacters;
      if (isTooLong || open.size + requests.length > limits.maxOpenRequests) return undefined;
      for (const [index, { id }] of requests.entries()) {
        remove(id);
        // The ids were checked with the body: strings or numbers.
        open.set(id as RequestId, index === 0 ? length : 0);
      }
      characters += length;
      return () => {
        for (const { id } of requests) remove(id);
      };
    },
  };
}

function isAnswer(message: JSONRPCMessage): message is JSONRPCMessage & { readonly id: RequestId } {
  return 'id' in message && ('result' in message || 'error' in message);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
