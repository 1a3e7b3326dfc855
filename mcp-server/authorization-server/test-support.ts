// What the tests of this folder share: a server on a free port over a fresh directory, and requests to it.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { AdapterFactory, ClientMetadata } from 'oidc-provider';
import type { Log, LogFields } from '../log.ts';
import { type AuthorizationServerOptions, createAuthorizationServer } from './authorization-server.ts';
import type { AgentClient } from './clients.ts';

export const RESOURCE = 'http://localhost:8000/mcp';
export const REDIRECT_URI = 'http://127.0.0.1:53123/callback';
export const SCOPES = [
  { name: 'read:add', description: 'Use the add tool', risky: false },
  { name: 'write:notes', description: 'Change your notes', risky: true },
];

/** A confidential client on the web, and what its requests say. */
export const WEB_APP: ClientMetadata = {
  client_id: 'web-app',
  client_secret: 'web-app-secret-web-app-secret-web-app',
  client_name: 'Web <b>app</b>',
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  redirect_uris: ['https://app.example.com/callback'],
};
export const WEB_REQUEST = { client_id: 'web-app', redirect_uri: 'https://app.example.com/callback' };

export interface LogEntry extends LogFields {
  readonly level: string;
  readonly event: string;
}

export interface TestServer {
  readonly issuer: string;
  readonly port: number;
  readonly dataDir: string;
  /** Unredacted, so that a test sees what the code hands over. */
  readonly entries: LogEntry[];
  /** Moves the server's clock on. oidc-provider's own stays where it is. */
  advance(seconds: number): void;
  /** Ends the authorization server and starts it again over the same directory and port. */
  restart(): Promise<void>;
  agentClient(): Promise<AgentClient>;
  /** Id and secret of a client that the server wrote to a file. */
  secretClient(file: string): Promise<{ client_id: string; client_secret: string }>;
}

export type TestServerOptions = Partial<
  Pick<
    AuthorizationServerOptions,
    'extraClients' | 'defaultScopes' | 'scopes' | 'dialect' | 'openRegistration' | 'metadataDocuments' | 'wrapAdapter'
  >
>;

export async function temporaryDirectory(test: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'authorization-server-'));
  test.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

export async function startTestServer(test: TestContext, options: TestServerOptions = {}): Promise<TestServer> {
  const dataDir = await temporaryDirectory(test);
  const entries: LogEntry[] = [];
  const socket = createServer();
  await new Promise<void>((resolve) => socket.listen(0, '127.0.0.1', resolve));
  const address = socket.address();
  assert(address !== null && typeof address === 'object');
  const { port } = address;
  const issuer = `http://localhost:${port}${options.dialect === 'auth0' ? '/' : ''}`;
  let aheadMs = 0;
  const create = () =>
    createAuthorizationServer({
      issuer,
      resource: RESOURCE,
      resourceAliases: ['http://127.0.0.1:8000/mcp', 'http://[::1]:8000/mcp'],
      scopes: SCOPES,
      defaultScopes: ['read:add'],
      dataDir,
      log: recordingLog(entries),
      now: () => Date.now() + aheadMs,
      ...options,
    });
  let server = await create();
  socket.on('request', (request, response) => server.handle(request, response));
  test.after(async () => {
    socket.closeAllConnections();
    await new Promise((resolve) => socket.close(resolve));
    await server.close();
  });
  return {
    issuer,
    port,
    dataDir,
    entries,
    advance(seconds) {
      aheadMs += seconds * 1_000;
    },
    async restart() {
      await server.close();
      server = await create();
    },
    async secretClient(file) {
      const { client_id, client_secret } = JSON.parse(await readFile(join(dataDir, file), 'utf8'));
      return { client_id, client_secret };
    },
    async agentClient() {
      // Safe: the server under test has just written it.
      return JSON.parse(await readFile(join(dataDir, 'agent-client.json'), 'utf8')) as AgentClient;
    },
  };
}

/**
 * Makes requests meet at the worst moment: after each has looked an entry of this model up, and before any has used it. One
 * process does not interleave there by itself; several on one store would.
 */
export function createMeeting(model: string) {
  let meeting: { readonly count: number; arrived: number; readonly all: PromiseWithResolvers<void> } | undefined;
  const wrapAdapter =
    (adapter: AdapterFactory): AdapterFactory =>
    (name) => {
      const own = adapter(name);
      if (name !== model) return own;
      return {
        ...own,
        async find(id) {
          const found = await own.find(id);
          if (!meeting) return found;
          meeting.arrived += 1;
          if (meeting.arrived >= meeting.count) meeting.all.resolve();
          await meeting.all.promise;
          return found;
        },
      };
    };
  return {
    wrapAdapter,
    /** From now on the first `count` look-ups wait for one another; later ones pass. */
    expect(count: number): void {
      meeting = { count, arrived: 0, all: Promise.withResolvers() };
    },
  };
}

export function recordingLog(entries: LogEntry[] = []): Log {
  const write =
    (level: string) =>
    (event: string, fields: LogFields = {}) =>
      void entries.push({ level, event, ...fields });
  const log: Log = {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    with: () => log,
  };
  return log;
}

/** A request whose Host header and target are ours to choose, which fetch does not allow. */
export function rawRequest(
  port: number,
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<{ status: number; headers: IncomingHttpHeaders; text: string }> {
  return new Promise((resolve, reject) => {
    httpRequest({ host: '127.0.0.1', port, path, headers, method }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    })
      .on('error', reject)
      .end();
  });
}

export interface TokenResponse {
  readonly status: number;
  readonly body: Record<string, string | undefined>;
}

/** Posts a form to the token endpoint (or another one). */
export async function postForm(
  { issuer }: Pick<TestServer, 'issuer'>,
  form: Record<string, string>,
  path = '/oauth/token',
): Promise<TokenResponse> {
  const response = await fetch(new URL(path, issuer), { method: 'POST', body: new URLSearchParams(form) });
  const text = await response.text();
  return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : {} };
}
