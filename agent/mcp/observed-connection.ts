// A connection that tells how each of its requests went, for whoever keeps the word for its state.

import { AgentError } from '../errors.ts';
import type { McpConnection } from './connection.ts';
import { wrapConnection } from './wrapped-connection.ts';

export interface ConnectionObserver {
  onAnswer(): Promise<void>;
  onFailure(error: AgentError): Promise<void>;
}

export function observeConnection(connection: McpConnection, observer: ConnectionObserver): McpConnection {
  const observe = async <T>(work: Promise<T>): Promise<T> => {
    let result: T;
    try {
      result = await work;
    } catch (error) {
      if (error instanceof AgentError) await observer.onFailure(error);
      throw error;
    }
    await observer.onAnswer();
    return result;
  };
  return wrapConnection(connection, { answer: observe });
}
