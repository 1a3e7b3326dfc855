// The MCP server, started as its main does, on free ports, with its log kept for the test to read.

import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Environment, parseConfig } from '../../mcp-server/config.ts';
import { createLog } from '../../mcp-server/log.ts';
import { createMetrics } from '../../mcp-server/metrics.ts';
import { startServer } from '../../mcp-server/server.ts';
import { freePorts } from './ports.ts';

export interface TestServer {
  readonly url: string;
  readonly issuer: string;
  readonly dataDir: string;
  /** The variables that point a client of this machine at it. */
  readonly environment: Environment;
  /** What was logged so far. */
  readonly log: () => readonly Record<string, unknown>[];
  /** Resolves at the next entry of that event. */
  readonly nextLogged: (event: string) => Promise<unknown>;
  /** The raw lines of the log. */
  readonly logText: () => string;
  close(): Promise<void>;
}

export async function startTestServer(extra: Environment = {}): Promise<TestServer> {
  const [port, authPort] = await freePorts(2);
  const dataDir = await mkdtemp(join(tmpdir(), 'authorized-mcp-agent-'));
  const environment = { PORT: String(port), AUTH_SERVER_PORT: String(authPort), DATA_DIR: dataDir, ...extra };
  const config = parseConfig(environment);
  let logText = '';
  const logged = new EventEmitter();
  const metrics = config.metricsPort === undefined ? undefined : createMetrics();
  const log = createLog({
    level: 'debug',
    observer: metrics?.observe,
    sink: {
      write: (line: string) => {
        logText += line;
        return logged.emit(JSON.parse(line).event);
      },
    },
  });
  const server = await startServer(config, log, metrics);
  return {
    url: config.resource,
    issuer: config.issuer.issuer,
    dataDir,
    environment,
    log: () =>
      logText
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
    nextLogged: (event) => once(logged, event),
    logText: () => logText,
    close: async () => {
      await server.close();
      await assertNoSecretIn(logText, dataDir);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** A `tools/call` as a 2025-11-25 client without a session sends it; the least that a test can send. */
export function callTool(
  url: string,
  token: string | undefined,
  name: string,
  args: Record<string, unknown>,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } }),
  });
}

/** The canary of the whole test run: no server that a test started may have written a token or its client's secret. */
async function assertNoSecretIn(text: string, dataDir: string): Promise<void> {
  assert.doesNotMatch(text, /eyJ[\w-]{10,}\.[\w-]*/, 'a token in the log');
  const file = join(dataDir, 'agent-client.json');
  if (!existsSync(file)) return;
  const { client_secret } = JSON.parse(await readFile(file, 'utf8'));
  assert.ok(!text.includes(client_secret), 'a client secret in the log');
}
