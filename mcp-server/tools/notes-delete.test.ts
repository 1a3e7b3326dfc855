import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  ALICE,
  BOB,
  buildRequest,
  createTestApp,
  readMessages,
  type SendOptions,
  verify,
} from '../../test/support/app.ts';
import type { Verdict } from '../auth/principal.ts';

const YES = { confirm: { action: 'accept', content: { confirm: true } } };
const FORM: SendOptions = { capabilities: { elicitation: { form: {} } } };

async function createNote(app: ReturnType<typeof createTestApp>, title = 'Milk') {
  return (await app.call('create_note', { title })).structuredContent.id as string;
}

describe('delete_note, of a client that cannot ask', () => {
  test('wants confirm: true, and says so', async () => {
    const app = createTestApp();
    const id = await createNote(app);
    for (const options of [{ era: 'legacy' }, {}, { capabilities: { elicitation: { url: {} } } }] as const) {
      const refused = await app.call('delete_note', { id }, options);
      assert.equal(refused.isError, true);
      assert.match(refused.content[0].text, /^Delete the note Milk \(id .+\)\? .+cannot ask.+"confirm": true/);
      assert.ok((await app.call('delete_note', { id, confirm: false }, options)).isError);
    }
    const deleted = await app.call('delete_note', { id, confirm: true });
    assert.deepEqual(deleted.structuredContent, { id, title: 'Milk', version: 1 });
    assert.equal(app.notebook.of('["https://issuer.example","alice"]').count(), 0);
  });
});

describe('delete_note, of a 2026-07-28 client that can ask', () => {
  /** The call, then the answer with what the server gave along. */
  async function begin(app: ReturnType<typeof createTestApp>, args: Record<string, unknown>) {
    const asked = await app.call('delete_note', args, FORM);
    assert.equal(asked.resultType, 'input_required');
    return asked;
  }
  const answer = (app: ReturnType<typeof createTestApp>, params: Record<string, unknown>, options = FORM) =>
    app.ask('tools/call', { name: 'delete_note', inputResponses: YES, ...params }, options);

  test('asks a person, whatever the model says, and deletes after a yes', async () => {
    const app = createTestApp();
    const id = await createNote(app);
    for (const args of [{ id }, { id, confirm: true }]) {
      const { inputRequests, requestState } = await begin(app, args);
      assert.equal(inputRequests.confirm.method, 'elicitation/create');
      assert.equal(
        inputRequests.confirm.params.message,
        `Delete the note Milk (id ${id}, version 1)? It cannot be undone.`,
      );
      assert.equal(inputRequests.confirm.params.requestedSchema.properties.confirm.default, false);
      assert.ok(typeof requestState === 'string');
    }
    assert.equal(app.log().findLast(({ event }) => event === 'tool-call')?.['outcome'], 'asked');
    const { requestState } = await begin(app, { id });
    const { result } = await answer(app, { arguments: { id }, requestState });
    assert.deepEqual(result.structuredContent, { id, title: 'Milk', version: 1 });
    assert.ok((await app.call('read_note', { id })).isError);
  });

  test('asks also a client that says elicitation without a mode', async () => {
    const app = createTestApp();
    const id = await createNote(app);
    const asked = await app.call('delete_note', { id }, { capabilities: { elicitation: {} } });
    assert.equal(asked.resultType, 'input_required');
  });

  test('deletes nothing after a no, a dismissal, an unticked box or an answer that is none', async () => {
    const app = createTestApp();
    const id = await createNote(app);
    const { requestState } = await begin(app, { id });
    for (const confirm of [
      { action: 'decline' },
      { action: 'cancel' },
      { action: 'accept', content: { confirm: false } },
      { action: 'accept', content: { confirm: 'true' } },
      { action: 'accept' },
    ]) {
      const { result } = await answer(app, { arguments: { id }, requestState, inputResponses: { confirm } });
      assert.equal(result.isError, true);
      assert.match(result.content[0].text, /said no, so nothing was done/);
    }
    for (const inputResponses of [{}, { confirm: { roots: [] } }, { other: YES.confirm }])
      assert.ok((await answer(app, { arguments: { id }, requestState, inputResponses })).result.isError !== false);
    assert.ok(!(await app.call('read_note', { id })).isError);
  });

  test('takes no answer to a question that it has not asked', async () => {
    const app = createTestApp();
    const id = await createNote(app);
    const { result } = await answer(app, { arguments: { id } });
    assert.equal(result.resultType, 'input_required');
    assert.ok(!(await app.call('read_note', { id })).isError);
  });

  test('S11, R8.state: refuses state that was tampered with, is another principal’s or another server’s, and deletes nothing', async () => {
    const app = createTestApp();
    const id = await createNote(app);
    const { requestState } = await begin(app, { id });
    const [version, body = '', mac] = requestState.split('.');
    const payload = JSON.parse(Buffer.from(body, 'base64url').toString('utf8'));
    const later = Buffer.from(JSON.stringify({ ...payload, exp: payload.exp + 1 })).toString('base64url');
    const other = createTestApp();
    const { requestState: foreign } = await begin(other, { id: await createNote(other) });
    for (const state of [
      `${version}.${later}.${mac}`,
      `${version}.${body}.${mac}x`,
      `${version}.${body}.`,
      'x',
      '',
      foreign,
    ]) {
      const { error, result } = await answer(app, { arguments: { id }, requestState: state });
      assert.equal(error?.code, -32_602, `${state} ${JSON.stringify(result)}`);
      assert.equal(error.message, 'Invalid or expired requestState');
    }
    // Bob, or Alice through another client, brings what Alice's client was given.
    const { error } = await answer(app, { arguments: { id }, requestState }, { ...FORM, token: BOB });
    assert.equal(error.code, -32_602);
    assert.ok(!(await app.call('read_note', { id })).isError);
  });

  test('S11: refuses an answer for other arguments, or for a note that changed since the question', async () => {
    const app = createTestApp();
    const id = await createNote(app);
    const second = await createNote(app, 'Bread');
    const { requestState } = await begin(app, { id });
    const swapped = await answer(app, { arguments: { id: second }, requestState });
    assert.match(swapped.result.content[0].text, /belongs to another question/);
    await app.call('update_note', { id, version: 1, body: 'important now' });
    const outdated = await answer(app, { arguments: { id }, requestState });
    assert.match(outdated.result.content[0].text, /belongs to another question/);
    for (const note of [id, second]) assert.ok(!(await app.call('read_note', { id: note })).isError);
  });

  test('still needs the scope when the answer comes', async () => {
    const app = createTestApp();
    const id = await createNote(app);
    const { requestState } = await begin(app, { id });
    const response = await app.send(
      'tools/call',
      { name: 'delete_note', arguments: { id }, inputResponses: YES, requestState },
      { ...FORM, token: ALICE.replace('.delete~notes', '') },
    );
    assert.equal(response.status, 403);
  });
});

describe('delete_note, in a session of a 2025-11-25 client', () => {
  async function openSession(app: ReturnType<typeof createTestApp>, capabilities: Record<string, unknown>) {
    const initialize = await app.send(
      'initialize',
      { protocolVersion: '2025-11-25', capabilities, clientInfo: { name: 'test', version: '1' } },
      { era: 'legacy' },
    );
    const sessionId = initialize.headers.get('mcp-session-id') ?? '';
    await initialize.text();
    const headers = { 'mcp-session-id': sessionId, 'mcp-protocol-version': '2025-11-25' };
    /** Posts one message of the client that is not a request. */
    const post = async (message: Record<string, unknown>, afterwards: () => void = () => undefined) => {
      const request = buildRequest('x', {}, { era: 'legacy', headers });
      const init = { method: 'POST', headers: request.headers, body: JSON.stringify({ jsonrpc: '2.0', ...message }) };
      const response = app.app.fetch(new Request(request.url, init));
      // The gate has let the answer in by now; what follows happens later.
      afterwards();
      assert.equal((await response).status, 202);
    };
    await post({ method: 'notifications/initialized' });
    return { options: { era: 'legacy', headers } as const, post };
  }

  /** Calls `delete_note` and answers what the server asks on the way. */
  async function remove(
    app: ReturnType<typeof createTestApp>,
    id: string,
    reply: Record<string, unknown>,
    afterwards: () => void = () => undefined,
  ) {
    const { options, post } = await openSession(app, { elicitation: {} });
    let question = '';
    const response = await app.send('tools/call', { name: 'delete_note', arguments: { id, confirm: true } }, options);
    for await (const message of readMessages(response)) {
      if (message.method !== 'elicitation/create') return { question, result: message.result };
      question = message.params.message;
      await post({ id: message.id, result: reply }, afterwards);
    }
    throw new Error('The call has no answer');
  }

  test('asks by elicitation/create, and deletes after a yes only', async () => {
    const app = createTestApp();
    const id = await createNote(app);
    const declined = await remove(app, id, { action: 'decline' });
    assert.match(declined.question, /^Delete the note Milk/);
    assert.match(declined.result.content[0].text, /said no/);
    const accepted = await remove(app, id, YES.confirm);
    assert.deepEqual(accepted.result.structuredContent, { id, title: 'Milk', version: 1 });
  });

  test('R8.effect: deletes nothing when the token has ended, or cannot be judged, by the time the answer comes', async () => {
    for (const [fault, expected] of [
      ['revoked', /token has ended .* nothing was done/],
      ['expired', /token has ended .* nothing was done/],
      ['issuer_unavailable', /cannot be verified at the moment, so nothing was done/],
    ] as const) {
      let good = true;
      const app = createTestApp(
        {},
        async (token): Promise<Verdict> => (good ? verify(token) : { ok: false, fault, hint: '' }),
      );
      const id = await createNote(app);
      const { result } = await remove(app, id, YES.confirm, () => {
        good = false;
      });
      assert.equal(result.isError, true, fault);
      assert.match(result.content[0].text, expected);
      good = true;
      assert.ok(!(await app.call('read_note', { id })).isError, fault);
    }
  });

  test('wants confirm: true where the client did not declare that it can ask', async () => {
    const app = createTestApp();
    const id = await createNote(app);
    const { options } = await openSession(app, {});
    assert.match((await app.call('delete_note', { id }, options)).content[0].text, /"confirm": true/);
    assert.ok(!(await app.call('delete_note', { id, confirm: true }, options)).isError);
  });
});
