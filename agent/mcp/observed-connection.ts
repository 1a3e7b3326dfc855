// A connection that tells how each of its requests went, for whoever keeps the word for its state.

import { AgentError } from '../errors.ts';
import type { McpConnection } from './connection.ts';

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
  return {
    get name() {
      return connection.name;
    },
    get url() {
      return connection.url;
    },
    get protocolVersion() {
      return connection.protocolVersion;
    },
    listTools: (...args) => observe(connection.listTools(...args)),
    callTool: (...args) => observe(connection.callTool(...args)),
    listResources: (...args) => observe(connection.listResources(...args)),
    listResourceTemplates: (...args) => observe(connection.listResourceTemplates(...args)),
    readResource: (...args) => observe(connection.readResource(...args)),
    listPrompts: (...args) => observe(connection.listPrompts(...args)),
    getPrompt: (...args) => observe(connection.getPrompt(...args)),
    complete: (...args) => observe(connection.complete(...args)),
    close: () => connection.close(),
  };
}
