// OpenTelemetry traces: one span per MCP request, joined to the caller's trace. The packages are loaded only when a
// collector is configured; without one a request costs nothing more.

import type { Attributes } from '@opentelemetry/api';
import { type Log, redact } from './log.ts';

export interface RequestSpan {
  /** `tools/call add` */
  readonly name: string;
  readonly attributes: Attributes;
  /** W3C trace context of the caller, from `_meta` or the HTTP header. */
  readonly traceparent: string | undefined;
}

export interface Tracing {
  /** Runs `handle` in a span that ends with its answer; a status of 400 or more marks the span as failed. */
  trace(describe: () => RequestSpan, handle: () => Promise<Response>): Promise<Response>;
  /** Sends what has not been sent yet, as far as the collector takes it; never rejects. */
  close(): Promise<void>;
}

/** How long a collector may take for a batch; stopping waits for the last one. */
const EXPORT_TIMEOUT_MS = 3_000;
/** Longest text in a span. */
const MAX_TEXT_LENGTH = 64;

export const NO_TRACING: Tracing = { trace: (_describe, handle) => handle(), close: async () => undefined };

/**
 * Traces to an OTLP collector over HTTP.
 *
 * @param endpoint base URL of the collector; `/v1/traces` is added as the specification of OTLP/HTTP says
 */
export async function createTracing(endpoint: string, log: Log): Promise<Tracing> {
  const [api, core, sdk, { resourceFromAttributes }, { OTLPTraceExporter }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/core'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/exporter-trace-otlp-http'),
  ]);
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/$/, '')}/v1/traces`,
    timeoutMillis: EXPORT_TIMEOUT_MS,
  });
  const provider = new sdk.TracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'authorized-mcp-server' }),
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter, exportTimeoutMillis: EXPORT_TIMEOUT_MS })],
  });
  const tracer = provider.getTracer('authorized-mcp-server');
  return {
    trace: async (describe, handle) => {
      const { name, attributes, traceparent } = describe();
      const caller = traceparent === undefined ? null : core.parseTraceParent(traceparent);
      const parent = caller
        ? api.trace.setSpanContext(api.ROOT_CONTEXT, { ...caller, isRemote: true })
        : api.ROOT_CONTEXT;
      const span = tracer.startSpan(name, { kind: api.SpanKind.SERVER, attributes }, parent);
      try {
        const response = await handle();
        span.setAttribute('http.response.status_code', response.status);
        if (response.status >= 400) {
          span.setAttribute('error.type', String(response.status));
          span.setStatus({ code: api.SpanStatusCode.ERROR });
        }
        return response;
      } catch (error) {
        span.setAttribute('error.type', error instanceof Error ? error.name : 'unknown');
        span.setStatus({ code: api.SpanStatusCode.ERROR });
        throw error;
      } finally {
        span.end();
      }
    },
    close: async () => {
      try {
        await provider.shutdown();
      } catch (error) {
        // A collector that is down keeps nobody from stopping; its spans are lost.
        log.warn('traces-lost', { error });
      }
    },
  };
}

/**
 * The span of one MCP request by the semantic conventions for MCP. Names come from the caller: secrets are redacted, the
 * rest is cut short; arguments and results never get into a span.
 */
export function describeRequest(body: unknown, headers: Headers): RequestSpan {
  const { method, id, params } = asRecord(body);
  const { name, _meta } = asRecord(params);
  const target = typeof name === 'string' ? clean(name) : undefined;
  const methodName = typeof method === 'string' ? clean(method) : 'unknown';
  const stated = asRecord(_meta)['traceparent'] ?? headers.get('traceparent');
  return {
    name: target === undefined ? methodName : `${methodName} ${target}`,
    attributes: {
      'mcp.method.name': methodName,
      'network.protocol.name': 'http',
      'network.transport': 'tcp',
      ...(typeof id === 'string' || typeof id === 'number' ? { 'jsonrpc.request.id': clean(String(id)) } : {}),
      ...(methodName === 'tools/call' && target !== undefined
        ? { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': target }
        : {}),
      ...optional('mcp.protocol.version', headers.get('mcp-protocol-version')),
      ...optional('mcp.session.id', headers.get('mcp-session-id')),
    },
    traceparent: typeof stated === 'string' ? stated : undefined,
  };
}

function optional(name: string, value: string | null): Attributes {
  return value === null ? {} : { [name]: clean(value) };
}

/** Chosen by the caller, who may have put a token there. */
function clean(text: string): string {
  return String(redact(text)).slice(0, MAX_TEXT_LENGTH);
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
