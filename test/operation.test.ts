// Running the server: readiness, metrics, traces, orderly stop, and a canary over everything that it writes.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { callTool, startTestServer } from './support/mcp-server.ts';
import { freePorts, serve } from './support/ports.ts';
import { createSigningIssuer } from './support/signing-issuer.ts';
import { machineToken } from './support/tokens.ts';

const AUDIENCE = 'http://localhost:8000/mcp';

describe('operation', () => {
  test('health, readiness and request ids', async () => {
    const server = await startTestServer();
    const { origin } = new URL(server.url);
    for (const path of ['/healthz', '/readyz']) {
      const response = await fetch(`${origin}${path}`, { headers: { 'x-request-id': 'probe-1' } });
      assert.equal(response.status, 200, path);
      assert.equal(response.headers.get('x-request-id'), 'probe-1');
    }
    await callTool(server.url, await machineToken(server), 'add', { a: 2, b: 40 }, { 'x-request-id': 'call-1' });
    const entries = server.log().filter(({ request_id }) => request_id === 'call-1');
    assert.deepEqual(entries.map(({ event }) => event).toSorted(), ['request', 'tool-call']);
    await server.close();
  });

  test('metrics count requests, tool calls and refusals on a loopback port of their own', async () => {
    const [metricsPort] = await freePorts(1);
    const server = await startTestServer({ METRICS_PORT: String(metricsPort) });
    await callTool(server.url, await machineToken(server), 'add', { a: 2, b: 40 });
    await callTool(server.url, await machineToken(server), 'divide', { a: 2, b: 0 });
    await callTool(server.url, undefined, 'add', {});
    const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    assert.match(text, /mcp_tool_call_duration_seconds_count\{tool="add",outcome="ok"\} 1/);
    assert.match(text, /mcp_tool_call_duration_seconds_count\{tool="divide",outcome="tool-error"\} 1/);
    assert.match(text, /mcp_refused_requests_total\{reason="no_credential"\} 1/);
    assert.match(text, /mcp_http_request_duration_seconds_count\{route="\/mcp",status="200"\} 2/);
    assert.match(text, /process_cpu_seconds_total/);
    assert.equal((await fetch(`http://127.0.0.1:${metricsPort}/other`)).status, 404);
    assert.equal((await fetch(`${new URL(server.url).origin}/metrics`)).status, 404);
    await server.close();
  });

  test('R6.host: metrics are refused under a foreign Host', async () => {
    const [metricsPort = 0] = await freePorts(1);
    const server = await startTestServer({ METRICS_PORT: String(metricsPort) });
    const answerTo = async (host: string) => {
      const socket = connect(metricsPort, '127.0.0.1');
      let answer = '';
      socket.on('data', (chunk) => {
        answer += chunk;
      });
      socket.write(`GET /metrics HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      await once(socket, 'close');
      return answer;
    };
    for (const host of [
      'evil.example',
      'localhost.evil.example',
      '127.0.0.1.nip.io:9',
      `evil.example:${metricsPort}`,
      '',
    ])
      assert.match(await answerTo(host), /^HTTP\/1\.1 40[03] /, host);
    for (const host of ['localhost', `127.0.0.1:${metricsPort}`, '[::1]:1'])
      assert.match(await answerTo(host), /^HTTP\/1\.1 200 /, host);
    await server.close();
  });

  test('a collector of traces that is down, or hangs, keeps the server neither from answering nor from stopping', async () => {
    const [nobody] = await freePorts(1);
    const hanging = await serve(() => undefined);
    for (const endpoint of [`http://127.0.0.1:${nobody}`, hanging.origin]) {
      const server = await startTestServer({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint });
      assert.equal((await callTool(server.url, await machineToken(server), 'add', { a: 2, b: 40 })).status, 200);
      // Rejected, with the notebook and the sockets behind it left open.
      await server.close();
    }
    await hanging.close();
  });

  test('a request becomes a span of the caller’s trace, without arguments', async () => {
    const spans: { name: string; traceId: string; parentSpanId: string; attributes: { key: string }[] }[] = [];
    const received = Promise.withResolvers<string>();
    const collector = await serve(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      response.end('{}');
      const { resourceSpans } = JSON.parse(body);
      for (const { scopeSpans } of resourceSpans) for (const scope of scopeSpans) spans.push(...scope.spans);
      received.resolve(body);
    });
    const server = await startTestServer({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.origin });
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const traceparent = `00-${traceId}-b7ad6b7169203331-01`;
    await callTool(server.url, await machineToken(server), 'add', { a: 123_456, b: 40 }, { traceparent });
    // Closing sends what has been collected.
    await server.close();
    const sent = await received.promise;
    await collector.close();
    const span = spans.find(({ name }) => name === 'tools/call add');
    assert.equal(span?.traceId, traceId);
    assert.equal(span?.parentSpanId, 'b7ad6b7169203331');
    assert.ok(span?.attributes.some(({ key }) => key === 'gen_ai.tool.name'));
    assert.doesNotMatch(sent, /123456|eyJ/);
  });

  test('stopping lets a request in flight finish, and takes no new one', async () => {
    const server = await startTestServer();
    const token = await machineToken(server);
    const port = Number(new URL(server.url).port);
    const body = JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'add', arguments: { a: 2, b: 40 } },
    });
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    const head = [
      'POST /mcp HTTP/1.1',
      `Host: localhost:${port}`,
      `Authorization: Bearer ${token}`,
      'Content-Type: application/json',
      'Accept: application/json, text/event-stream',
      'Expect: 100-continue',
      `Content-Length: ${body.length}`,
      'Connection: close',
      '',
      '',
    ];
    socket.write(head.join('\r\n'));
    // The server has the request once it asks for the body.
    await once(socket, 'data');
    const stopped = server.close();
    await assert.rejects(fetch(`http://127.0.0.1:${port}/healthz`));
    socket.write(body);
    await once(socket, 'close');
    await stopped;
    assert.match(answer, /"result":42/);
  });

  test('R10.canary, R5.host: an address that carries a name and a password is refused on both ports, and not written down', async () => {
    const server = await startTestServer();
    for (const origin of [server.url, server.issuer]) {
      const { host, port } = new URL(origin);
      const socket = connect(Number(port), '127.0.0.1');
      socket.write(`GET http://me:not-for-logs@${host}/healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      assert.match((await socket.toArray()).join(''), /^HTTP\/1\.1 400 /);
    }
    assert.equal(server.log().filter(({ reason }) => reason === 'request_target').length, 2);
    assert.doesNotMatch(server.logText(), /not-for-logs/);
    await server.close();
  });

  test('R10.canary: nothing that the server writes contains a token, a secret, a code or a verifier', async () => {
    const [metricsPort] = await freePorts(1);
    const issuer = await createSigningIssuer(AUDIENCE);
    let written = '';
    const collector = await serve(async (request, response) => {
      for await (const chunk of request) written += chunk;
      response.end('{}');
    });
    const server = await startTestServer({
      METRICS_PORT: String(metricsPort),
      AUTH_ISSUER: issuer.issuer,
      AUTH_AUDIENCE: AUDIENCE,
      RATE_LIMIT_PER_MINUTE: '100',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.origin,
    });
    const canary = 'canary-4f1c9a';
    const good = await issuer.sign({ sub: 'someone' });
    const tokens = [
      good,
      await issuer.sign({ aud: canary }),
      await issuer.sign({ iss: 'https://other.example', canary }),
      await issuer.sign({}, { kid: 'unknown' }),
      `${good.slice(0, -3)}AAA`,
      `opaque-${canary}`,
    ];
    /** Everything else that a careless client may send where it does not belong. */
    const secrets = {
      client_secret: `s-${canary}`,
      code: `c-${canary}`,
      code_verifier: `v-${canary}`,
      password: `p-${canary}`,
    };
    const query = (token: string) => new URLSearchParams({ ...secrets, access_token: token });
    const answers: Response[] = [];
    const port = Number(new URL(server.url).port);
    for (const token of tokens) {
      const inBody = { ...secrets, token, access_token: token };
      answers.push(
        await callTool(server.url, token, 'add', { a: 2, b: 40 }),
        await callTool(`${server.url}?${query(token)}`, undefined, 'add', {}),
        await callTool(server.url, undefined, 'add', {}, { authorization: `Basic ${token}`, cookie: `t=${token}` }),
        await callTool(server.url, undefined, 'add', {}, { authorization: `Bearer ${token} ${token}` }),
        await callTool(server.url, good, 'add', inBody),
        // Where names belong, a token by mistake.
        await callTool(server.url, good, `Bearer ${token}`, {}),
        await callTool(server.url, good, 'add', {}, { 'mcp-session-id': `Bearer ${token}`, traceparent: token }),
        await callTool(server.url, good, 'add', {}, { origin: `http://evil.example/${token}` }),
        await callTool(server.url, good, 'read_note', { id: token.slice(0, 99) }),
        await fetch(`${new URL(server.url).origin}/nowhere/${token}?${query(token)}`),
      );
      const socket = connect(port, '127.0.0.1');
      socket.write(
        `GET http://me:p-${canary}@localhost:${port}/mcp?${query(token)} HTTP/1.1\r\nHost: localhost:${port}\r\nConnection: close\r\n\r\n`,
      );
      socket.on('data', (chunk) => {
        written += chunk;
      });
      await once(socket, 'close');
    }
    // Answers name back what was asked for; without that, they have no token either.
    for (const response of answers) {
      written += JSON.stringify([...response.headers]);
      const text = await response.text();
      if (response.status >= 400) written += text;
    }
    written += await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    // Closing sends the spans that have been collected.
    await server.close();
    await collector.close();
    await issuer.close();
    written += server.logText();
    assert.match(written, /mcp\.method\.name/, 'the spans are among it');
    for (const token of tokens) {
      assert.ok(
        !written.includes(token),
        written.split('\n').find((line) => line.includes(token)),
      );
      // A signature alone is enough to recognise a token by.
      const signature = token.split('.')[2];
      if (signature) assert.ok(!written.includes(signature));
    }
    assert.ok(
      !written.includes(canary),
      written
        .split('\n')
        .find((line) => line.includes(canary))
        ?.slice(0, 500),
    );
  });
});
