// A connection that lets every request of another one pass through one place. Stands alone because what must hold for all
// answers of a server is worth nothing if one kind of request goes around it.

import type { McpConnection, Progress, ToolCallOptions } from './connection.ts';

export interface ConnectionWrapper {
  /** Gets what a request comes to, and gives what the caller gets. */
  readonly answer: <T>(answer: Promise<T>) => Promise<T>;
  /** The same for what a server tells of a call that goes on; by default nothing is changed. */
  readonly progress?: (progress: Progress) => Progress;
}

/** Closing is no request: it goes through as it is. */
export function wrapConnection(connection: McpConnection, { answer, progress }: ConnectionWrapper): McpConnection {
  const told = (options: ToolCallOptions = {}): ToolCallOptions => {
    const { onProgress } = options;
    return progress && onProgress ? { ...options, onProgress: (said) => onProgress(progress(said)) } : options;
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
    listTools: (...args) => answer(connection.listTools(...args)),
    callTool: (name, args, options) => answer(connection.callTool(name, args, told(options))),
    listResources: (...args) => answer(connection.listResources(...args)),
    listResourceTemplates: (...args) => answer(connection.listResourceTemplates(...args)),
    readResource: (...args) => answer(connection.readResource(...args)),
    listPrompts: (...args) => answer(connection.listPrompts(...args)),
    getPrompt: (...args) => answer(connection.getPrompt(...args)),
    complete: (...args) => answer(connection.complete(...args)),
    close: () => connection.close(),
  };
}
