import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { Person } from '../agent.ts';
import type { ApprovalAnswer, ApprovalRequest } from '../approval.ts';
import type { ServerEvent } from '../mcp/servers.ts';
import type { Session } from '../session.ts';
import { runChat } from './chat.ts';
import { createFakeAgent, type FakeAgent, serverStatus } from './fake-agent.ts';
import {
  createFakeTerminal,
  createScriptedSession,
  echoTurn,
  endlessTurn,
  type FakeTerminal,
  turnEnd,
  turnUntil,
} from './fake-terminal.ts';

const STEP_UP = {
  server: 'notes',
  serverUrl: 'https://notes.example/mcp',
  issuer: 'https://issuer.example',
  reason: 'step-up',
  isRequested: false,
  held: ['read:notes'],
  requested: ['read:notes', 'write:notes'],
} as const;
const APPROVAL: ApprovalRequest = {
  id: '1',
  name: 'delete_note',
  server: 'notes',
  args: {},
  description: '',
  annotations: {},
  isTrusted: false,
  scopes: { needed: [], held: undefined },
  change: undefined,
};
const CTRL_C = '\x03';
const CTRL_D = '\x04';

test('the chat opens with model, servers and notices, answers, and leaves by /quit with 0', async () => {
  const { terminal, chat } = start(createScriptedSession(echoTurn));
  await terminal.shown('model demo · /tools shows what it can do · /help the rest\n');
  await terminal.shown('servers local http://127.0.0.1:1/mcp (connected, 1 tool)\n');
  await terminal.shown('        far https://far.example/mcp (needs-login)\n');
  await terminal.shown('not an LLM\n');
  await terminal.shown('/login far signs in\n');
  await terminal.shown('› ');
  await terminal.type('hello\r');
  await terminal.shown('you said "hello"\n');
  await terminal.shown('› ');
  await terminal.type('/quit\r');
  assert.equal(await chat, 0);
  assert.ok(terminal.written().endsWith('\x1b[?2004l'));
});

test('no login is offered where a ready-made token takes its place', async () => {
  const login = {
    issuer: '',
    resource: '',
    clientId: '',
    grant: 'pre-issued',
    profile: '',
    user: undefined,
    scopes: [],
    expiresAtMs: undefined,
    canRefresh: false,
  } as const;
  const { servers } = createFakeAgent({
    servers: { statuses: () => [serverStatus({ name: 'far', state: 'needs-login', login })] },
  });
  const { terminal, chat } = start(createScriptedSession(), { agent: { servers } });
  await terminal.shown('far http://127.0.0.1:1/mcp (needs-login)\n');
  await terminal.shown('› ');
  await terminal.type(CTRL_D);
  assert.equal(await chat, 0);
  assert.ok(!terminal.written().includes('/login far'), terminal.written());
});

test('slash commands are answered without the model', async () => {
  const session = createScriptedSession();
  const { terminal, chat } = start(session);
  await terminal.type('/tools\r');
  await terminal.shown('add · local · needs read:add\n');
  await terminal.type('/tolls\r');
  await terminal.shown('did you mean /tools?');
  await terminal.type(CTRL_D);
  assert.equal(await chat, 0);
  assert.deepEqual(session.requests, []);
});

test('Ctrl+C cancels the turn, says so, and the chat goes on', async () => {
  const { terminal, chat } = start(createScriptedSession(endlessTurn, echoTurn));
  await terminal.type('go\r');
  await terminal.shown('thinking');
  await terminal.type(CTRL_C);
  await terminal.shown('\n[interrupted]\n');
  await terminal.shown('› ');
  await terminal.type('again\r');
  await terminal.shown('you said "again"\n');
  await terminal.type(CTRL_C);
  await terminal.shown('press Ctrl+C again');
  await terminal.type(CTRL_C);
  assert.equal(await chat, 130);
});

test('a failed turn shows its error, and the chat goes on', async () => {
  const failing = async function* () {
    yield turnEnd({ status: 'failed', error: { code: 'model_failed', message: 'the model said no' } });
  };
  const { terminal, chat } = start(createScriptedSession(failing, echoTurn));
  await terminal.type('one\r');
  await terminal.shown('the model said no\n');
  await terminal.type('two\r');
  await terminal.shown('you said "two"\n');
  await terminal.type(CTRL_D);
  assert.equal(await chat, 0);
});

test('a terminal that goes away cancels the turn and ends the chat', async () => {
  const { terminal, chat } = start(createScriptedSession(endlessTurn));
  await terminal.type('go\r');
  await terminal.shown('thinking');
  terminal.hangUp();
  assert.equal(await chat, 0);
});

test('a request sent while the agent works is answered next', async () => {
  const done = Promise.withResolvers<void>();
  const session = createScriptedSession(turnUntil(done.promise), echoTurn);
  const { terminal, chat } = start(session);
  await terminal.type('first\r');
  await terminal.shown('thinking');
  await terminal.type('second\rthi');
  assert.doesNotMatch(terminal.written(), /second/);
  done.resolve();
  await terminal.shown('› second\n');
  await terminal.shown('you said "second"\n');
  await terminal.shown('thi');
  await terminal.type('rd\r');
  await terminal.shown('you said "third"');
  await terminal.type(CTRL_D);
  assert.equal(await chat, 0);
  assert.deepEqual(session.requests, ['first', 'second', 'third']);
});

test('requests are remembered in the history file, and called back by the next chat', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'chat-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const historyFile = join(folder, 'history');
  for (const keys of ['hello\r', '\x1b[A again\r']) {
    const { terminal, chat } = start(createScriptedSession(echoTurn), { historyFile });
    await terminal.shown('› ');
    await terminal.type(keys);
    await terminal.shown('you said');
    await terminal.type(CTRL_D);
    await chat;
  }
  assert.equal(readFileSync(historyFile, 'utf8'), '"hello"\n"hello again"\n');
});

test('a session that breaks its promise ends the chat, with the terminal given back', async () => {
  const broken: Session = {
    ...createScriptedSession(),
    run() {
      throw new TypeError('a broken session');
    },
  };
  const { terminal, chat } = start(broken);
  const rejected = assert.rejects(chat, /a broken session/);
  await terminal.type('go\r');
  await rejected;
  assert.ok(terminal.written().endsWith('\x1b[?2004l'));
});

test('from a pipe each line is answered in order, without prompts or escapes, though the input ended long ago', async () => {
  const session = createScriptedSession(echoTurn);
  const { terminal, chat } = start(session, { isTTY: false, color: true });
  await terminal.type('one\n\ntwo\r\n/nope\nthree');
  terminal.hangUp();
  assert.equal(await chat, 0);
  assert.deepEqual(session.requests, ['one', 'two', 'three']);
  await terminal.shown('you said "one"\nyou said "two"\nunknown command /nope');
  assert.doesNotMatch(terminal.written(), /[›…]|[\p{Cc}--\n]/v);
});

test('from a pipe /quit leaves before the input ends', async () => {
  const session = createScriptedSession(echoTurn);
  const { terminal, chat } = start(session, { isTTY: false });
  await terminal.type('/quit\none\n');
  assert.equal(await chat, 0);
  assert.deepEqual(session.requests, []);
});

test('colour is used where it is wanted, and only there', async () => {
  for (const color of [true, false]) {
    const { terminal, chat } = start(createScriptedSession(echoTurn), { color });
    await terminal.shown('› ');
    await terminal.type(CTRL_D);
    await chat;
    assert.equal(/\[[0-9;]+m/.test(terminal.written()), color);
  }
});

test('an approval is asked about in the middle of a turn, and the answer goes back to the session', async () => {
  const session = createScriptedSession();
  const answers: ApprovalAnswer[] = [];
  const agent = createFakeAgent({ session });
  const { terminal, chat } = start(session, {
    agent: {
      startSession: ({ approve } = {}) => ({
        ...session,
        async *run(_request, signal) {
          yield { type: 'text-delta', text: 'half a line' };
          assert.ok(approve);
          answers.push(await approve(APPROVAL, signal));
          yield turnEnd({});
        },
      }),
      servers: agent.servers,
    },
  });
  await terminal.type('go\r');
  await terminal.shown('half a line\n? run delete_note on notes?');
  await terminal.shown('› ');
  await terminal.type('t');
  await terminal.shown('› ');
  await terminal.type(CTRL_D);
  assert.equal(await chat, 0);
  assert.deepEqual(answers, [{ kind: 'tool-for-session' }]);
});

test('a step-up in the middle of a turn shows what is held and what is new, before anything opens', async () => {
  let person: Person = {};
  const session: Session = {
    ...createScriptedSession(),
    async *run(_request, signal) {
      yield { type: 'auth', server: 'notes', state: 'step-up', held: ['read:notes'], needed: ['write:notes'] };
      const isAllowed = await person.login?.confirm(STEP_UP, signal);
      if (isAllowed) await person.login?.showAuthorizationUrl(new URL('https://issuer.example/authorize'), 'browser');
      yield {
        type: 'auth',
        server: 'notes',
        state: isAllowed ? 'logged-in' : 'refused',
        held: STEP_UP.requested,
        needed: [],
      };
      yield turnEnd({});
    },
  };
  const opened: string[] = [];
  const { terminal, chat } = start(session, {
    loginMethods: ['browser'],
    openUrl: async (url) => void opened.push(url),
    onStart: (given) => {
      person = given;
    },
  });
  await terminal.type('go\r');
  await terminal.shown('● notes needs more: holds read:notes · new write:notes');
  await terminal.shown('asks for read:notes + write:notes (new)');
  await terminal.shown('› ');
  assert.deepEqual(opened, []);
  await terminal.type('y');
  await terminal.shown('● notes signed in · holds read:notes write:notes');
  assert.deepEqual(opened, ['https://issuer.example/authorize']);
  await terminal.type(CTRL_D);
  assert.equal(await chat, 0);
});

test('from a pipe nobody is there to be asked', async () => {
  let person: Person | undefined;
  let approve: unknown = 'not started';
  const session = createScriptedSession(echoTurn);
  const { terminal, chat } = start(session, {
    isTTY: false,
    onStart: (given) => {
      person = given;
    },
    agent: {
      startSession: (options = {}) => {
        approve = options.approve;
        return session;
      },
    },
  });
  terminal.hangUp();
  assert.equal(await chat, 0);
  assert.deepEqual(person, {});
  assert.equal(approve, undefined);
});

test('Ctrl+C while the servers are being connected leaves with 130, and what comes up later is closed', async () => {
  const late = Promise.withResolvers<FakeAgent>();
  const closed = Promise.withResolvers<void>();
  const terminal = createFakeTerminal({ isTTY: true });
  const chat = runChat({
    start: () => late.promise,
    terminal: { input: terminal.input, output: terminal.output, color: false },
  });
  await terminal.shown('connecting…');
  await terminal.type(CTRL_C);
  assert.equal(await chat, 130);
  late.resolve({ ...createFakeAgent(), close: async () => closed.resolve() });
  await closed.promise;
});

test('news of the servers do not break the line that is being written', async () => {
  let tell: (event: ServerEvent) => void = () => assert.fail('nobody listens');
  const session = createScriptedSession(echoTurn);
  const { servers } = createFakeAgent({ session });
  const subscribe: typeof servers.subscribe = (listener) => {
    tell = listener;
    return () => undefined;
  };
  const { terminal, chat } = start(session, { agent: { servers: { ...servers, subscribe } } });
  await terminal.shown('› ');
  await terminal.type('hel');
  tell({ type: 'notice', text: 'notes went away\x1b[2J' });
  assert.doesNotMatch(terminal.written(), /went away/);
  await terminal.type('lo\r');
  await terminal.shown('notes went away<U+001B>[2J\n');
  await terminal.shown('you said "hello"');
  await terminal.type(CTRL_D);
  assert.equal(await chat, 0);
});

test('fifty turns leave no listeners behind', async (t) => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => void warnings.push(warning);
  process.on('warning', onWarning);
  t.after(() => void process.off('warning', onWarning));
  const { terminal, chat } = start(createScriptedSession(echoTurn));
  for (let turn = 0; turn < 50; turn += 1) {
    await terminal.type(`turn ${turn}\r`);
    await terminal.shown(`you said "turn ${turn}"\n`);
  }
  await terminal.type(CTRL_D);
  assert.equal(await chat, 0);
  assert.deepEqual(warnings, []);
});

interface Setting extends Partial<Omit<Parameters<typeof runChat>[0], 'start' | 'terminal'>> {
  readonly isTTY?: boolean;
  readonly color?: boolean;
  readonly historyFile?: string;
  readonly agent?: Partial<FakeAgent>;
  readonly onStart?: (person: Person) => void;
}

function start(session: Session, setting: Setting = {}): { terminal: FakeTerminal; chat: Promise<number> } {
  const { isTTY = true, color = false, historyFile, agent, onStart, ...options } = setting;
  const terminal = createFakeTerminal({ isTTY });
  const chat = runChat({
    start: async (person) => {
      onStart?.(person);
      return { ...createFakeAgent({ session }), ...agent };
    },
    terminal: { input: terminal.input, output: terminal.output, color, historyFile },
    settle: () => setImmediate(),
    ...options,
  });
  return { terminal, chat };
}
