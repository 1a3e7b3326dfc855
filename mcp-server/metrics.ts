// Prometheus metrics, counted from the same events that are logged, so that no code has to report twice. Loaded only when
// a port for them is configured.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';
import type { LogFields, LogObserver } from './log.ts';

export interface Metrics {
  readonly observe: LogObserver;
  /** Answers `GET /metrics` on a loopback name, and nothing else. */
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void;
}

/** Seconds; most calls take milliseconds, the slowest are cut off at 30 s. */
const BUCKETS = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 30];

const LOOPBACK_HOST = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i;

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const requests = new Histogram({
    name: 'mcp_http_request_duration_seconds',
    help: 'HTTP requests by route and status',
    labelNames: ['route', 'status'],
    buckets: BUCKETS,
    registers,
  });
  const toolCalls = new Histogram({
    name: 'mcp_tool_call_duration_seconds',
    help: 'Tool calls by tool and outcome',
    labelNames: ['tool', 'outcome'],
    buckets: BUCKETS,
    registers,
  });
  const refusals = new Counter({
    name: 'mcp_refused_requests_total',
    help: 'Requests refused before a tool ran, by reason',
    labelNames: ['reason'],
    registers,
  });
  const keyFetches = new Counter({
    name: 'mcp_issuer_key_fetches_total',
    help: 'Fetches of issuers’ keys by outcome',
    labelNames: ['outcome'],
    registers,
  });

  const observers: Readonly<Record<string, (fields: LogFields) => void>> = {
    request: ({ route, status, duration_ms }) =>
      requests.observe({ route: String(route), status: String(status) }, Number(duration_ms) / 1000),
    'tool-call': ({ tool, outcome, duration_ms }) =>
      toolCalls.observe({ tool: String(tool), outcome: String(outcome) }, Number(duration_ms) / 1000),
    // The reasons are a closed set; texts with what a caller sent stand in `hint`.
    'request-refused': ({ reason }) => refusals.inc({ reason: String(reason) }),
    'keys-fetched': () => keyFetches.inc({ outcome: 'ok' }),
    'keys-unavailable': () => keyFetches.inc({ outcome: 'failed' }),
  };
  return {
    observe: (event, fields) => observers[event]?.(fields),
    handle: (request, response) => {
      // A page that is rebound to loopback sends its own name as Host.
      if (!LOOPBACK_HOST.test(request.headers.host ?? '')) return void response.writeHead(403).end();
      if (request.method !== 'GET' || request.url !== '/metrics') return void response.writeHead(404).end();
      registry.metrics().then(
        (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
        () => response.writeHead(500).end(),
      );
    },
  };
}
