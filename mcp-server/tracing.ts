// OpenTelemetry traces: one span per MCP request, joined to the caller's trace. The packages are loaded only when a
// collector is configured; without one a request costs nothing more.

import type { Attributes } from '@opentelemetry/api';

export interface RequestSpan {
  /** `tools/call add` */
  readonly name: string;
  readonly attributes: Attributes;
  /** W3C trace context of the caller, from `_meta` or the HTTP header. */
  readonly traceparent: string | undefined;
}

export interface Tracing {
  /** Runs `handle` in a span that ends with its answer; a status of 400 or more marks the span as failed. */
  trace(span: RequestSpan, handle: () => Promise<Response>): Promise<Response>;
  /** Sends what has not been sent yet. */
  close(): Promise<void>;
}

export const NO_TRACING: Tracing = { trace: (_span, handle) => handle(), close: async () => undefined };

/**
 * Traces to an OTLP collector over HTTP.
 *
 * @param endpoint base URL of the collector; `/v1/traces` is added as the specification of OTLP/HTTP says
 */
export async function createTracing(endpoint: string): Promise<Tracing> {
  const [api, core, sdk, { resourceFromAttributes }, { OTLPTraceExporter }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/core'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/exporter-trace-otlp-http'),
  ]);
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, '')}/v1/traces` });
  const provider = new sdk.TracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'authorized-mcp-server' }),
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter })],
  });
  const tracer = provider.getTracer('authorized-mcp-server');
  return {
    trace: async ({ name, attributes, traceparent }, handle) => {
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
    close: () => provider.shutdown(),
  };
}

/**
 * The span of one MCP request by the semantic conventions for MCP. Names come from the caller and are cut short; arguments
 * and results never get into a span.
 */
export function describeRequest(body: unknown, headers: Headers): RequestSpan {
  const { method = 'unknown', id, params } = asRecord(body) as { method?: unknown; id?: unknown; params?: unknown };
  const { name, _meta } = asRecord(params);
  const target = typeof name === 'string' ? name.slice(0, 64) : undefined;
  const methodName = String(method).slice(0, 64);
  const stated = asRecord(_meta)['traceparent'] ?? headers.get('traceparent');
  return {
    name: target === undefined ? methodName : `${methodName} ${target}`,
    attributes: {
      'mcp.method.name': methodName,
      'network.protocol.name': 'http',
      'network.transport': 'tcp',
      ...(id === undefined ? {} : { 'jsonrpc.request.id': String(id).slice(0, 64) }),
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
  return value === null ? {} : { [name]: value.slice(0, 64) };
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
