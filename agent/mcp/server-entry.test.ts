// One server whose answers come late, with a login that changes meanwhile.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoginStatus } from '../auth/login-prompt.ts';
import type { TokenSource } from '../auth/token-source.ts';
import { serverAt } from '../mcp-file.ts';
import { createApprovals } from './approvals.ts';
import type { McpConnection } from './connection.ts';
import { createServerEntry } from './server-entry.ts';

const URL_OF_SERVER = 'https://tools.example/mcp';

test('an answer that comes after somebody has signed out does not sign them in again', async () => {
  let token = 'token-1';
  let isRead: Promise<void> = Promise.resolve();
  let asked = Promise.withResolvers<void>();
  const tokens: TokenSource = {
    current: async () => token,
    renew: async () => token,
    stepUp: async () => token,
    isAdopted: () => false,
    authorize: async () => ({}),
    noteAnswer: () => false,
    status: async () => {
      asked.resolve();
      await isRead;
      return LOGIN;
    },
    login: async () => LOGIN,
    logout: async () => undefined,
  };
  let used = tokens;
  const answer = async <T>(value: T): Promise<T> => {
    await used.current();
    return value;
  };
  const connection: McpConnection = {
    name: 'tools',
    url: URL_OF_SERVER,
    protocolVersion: '2026-07-28',
    listTools: () => answer([]),
    callTool: () => answer({ content: [] }),
    listResources: () => answer([]),
    listResourceTemplates: () => answer([]),
    readResource: () => assert.fail(),
    listPrompts: () => answer([]),
    getPrompt: () => assert.fail(),
    complete: () => assert.fail(),
    close: async () => undefined,
  };
  const entry = createServerEntry(serverAt(URL_OF_SERVER, 'tools'), {
    approvals: createApprovals(undefined),
    trustsMcpFile: true,
    elicit: undefined,
    cassette: undefined,
    connect: async (_server, options) => {
      used = options.tokens ?? tokens;
      return connection;
    },
    openLogin: () => tokens,
    onToken: () => undefined,
    redact: (text) => text,
    onState: () => undefined,
    onNotice: () => undefined,
    onTools: async () => undefined,
  });
  await entry.connect();
  assert.equal(entry.status().state, 'connected');
  token = 'token-2';
  const store = Promise.withResolvers<void>();
  isRead = store.promise;
  asked = Promise.withResolvers();
  const call = entry.connectionOrThrow().callTool('any', {});
  await asked.promise;
  await entry.logout();
  assert.equal(entry.status().state, 'needs-login');
  store.resolve();
  await call;
  assert.deepEqual([entry.status().state, entry.status().login], ['needs-login', undefined]);
});

const LOGIN: LoginStatus = {
  issuer: 'https://id.example',
  resource: URL_OF_SERVER,
  clientId: 'client',
  grant: 'authorization-code',
  profile: 'default',
  user: undefined,
  scopes: ['read'],
  expiresAtMs: undefined,
  canRefresh: true,
};
