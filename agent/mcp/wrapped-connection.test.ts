import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { McpConnection, Progress } from './connection.ts';
import { wrapConnection } from './wrapped-connection.ts';

/** Answers every request with what it was asked. */
function createEcho(): { readonly connection: McpConnection; reconnect(): void; readonly closed: () => number } {
  let protocolVersion = '2025-11-25';
  let closed = 0;
  const echo =
    (name: string) =>
    async (...args: unknown[]) => ({ name, args });
  const requests = Object.fromEntries(
    ['listTools', 'listResources', 'listResourceTemplates', 'readResource', 'listPrompts', 'getPrompt', 'complete'].map(
      (name) => [name, echo(name)],
    ),
  );
  const connection = {
    ...requests,
    name: 'echo',
    url: 'http://localhost/mcp',
    get protocolVersion() {
      return protocolVersion;
    },
    callTool: async (name: string, args: unknown, options?: { onProgress?: (progress: Progress) => void }) => {
      options?.onProgress?.({ progress: 1, message: 'half-way' });
      return { name: 'callTool', args: [name, args] };
    },
    close: async () => {
      closed += 1;
    },
  };
  return {
    // Safe: it has every member, and the wrapper looks into no answer.
    connection: connection as unknown as McpConnection,
    reconnect: () => {
      protocolVersion = '2026-07-28';
    },
    closed: () => closed,
  };
}

describe('a wrapped connection', () => {
  test('lets every kind of request through the wrapper, arguments and all', async () => {
    const { connection } = createEcho();
    const passed: unknown[] = [];
    const wrapped = wrapConnection(connection, {
      answer: async (work) => {
        passed.push(await work);
        return await work;
      },
    });
    const answers = [
      await wrapped.listTools({}),
      await wrapped.callTool('add', { a: 1 }),
      await wrapped.listResources({}),
      await wrapped.listResourceTemplates({}),
      await wrapped.readResource('note:///1', {}),
      await wrapped.listPrompts({}),
      await wrapped.getPrompt('tidy', { topic: 'x' }, {}),
      await wrapped.complete({ type: 'ref/prompt', name: 'tidy' }, { name: 'topic', value: 'x' }, {}),
    ];
    assert.deepEqual(passed, answers);
    assert.deepEqual(passed, [
      { name: 'listTools', args: [{}] },
      { name: 'callTool', args: ['add', { a: 1 }] },
      { name: 'listResources', args: [{}] },
      { name: 'listResourceTemplates', args: [{}] },
      { name: 'readResource', args: ['note:///1', {}] },
      { name: 'listPrompts', args: [{}] },
      { name: 'getPrompt', args: ['tidy', { topic: 'x' }, {}] },
      { name: 'complete', args: [{ type: 'ref/prompt', name: 'tidy' }, { name: 'topic', value: 'x' }, {}] },
    ]);
  });

  test('gives the caller what the wrapper makes of progress, and progress as it came without one', async () => {
    const { connection } = createEcho();
    const told: Progress[] = [];
    const onProgress = (progress: Progress) => void told.push(progress);
    const answer = <T>(work: Promise<T>) => work;
    await wrapConnection(connection, { answer }).callTool('add', {}, { onProgress });
    const progress = (said: Progress) => ({ ...said, message: '…' });
    await wrapConnection(connection, { answer, progress }).callTool('add', {}, { onProgress });
    assert.deepEqual(told, [
      { progress: 1, message: 'half-way' },
      { progress: 1, message: '…' },
    ]);
  });

  test('speaks the protocol version that the connection speaks now, and closes it', async () => {
    const { connection, reconnect, closed } = createEcho();
    const wrapped = wrapConnection(connection, { answer: (work) => work });
    assert.equal(wrapped.protocolVersion, '2025-11-25');
    reconnect();
    assert.equal(wrapped.protocolVersion, '2026-07-28');
    await wrapped.close();
    assert.equal(closed(), 1);
  });
});
