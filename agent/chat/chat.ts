// The terminal chat: reads a request, runs a turn, prints its events, until the person leaves. Owns the loop only; reading
// is the request source's work, and what an event looks like is the renderer's.

import type { Person } from '../agent.ts';
import type { ApprovalSettings } from '../approval.ts';
import type { LoginMethod } from '../auth/login-prompt.ts';
import { AgentError } from '../errors.ts';
import { createApprovalPrompt } from './approval-prompt.ts';
import { faultOfArguments } from './argument-check.ts';
import { createChatScreen } from './chat-screen.ts';
import type { CommandContext } from './commands/command.ts';
import { completeLine, parseCommand, runCommand } from './commands/command-table.ts';
import { stateText } from './commands/server-commands.ts';
import { findThread, resumedText } from './commands/thread-commands.ts';
import { type ChatAgent, type Conversation, createConversation } from './conversation.ts';
import { createElicitationPrompt } from './elicitation-prompt.ts';
import { openHistory } from './history.ts';
import { createKeyRouter, type KeyRouter, type KeyRouterOptions } from './key-router.ts';
import { createLineEditor } from './line-editor.ts';
import { createTerminalLoginPrompt, keyQuestions } from './login-prompt.ts';
import { openUrl } from './open-url.ts';
import { createPipedRequests } from './piped-requests.ts';
import { createQuestions, type Questions } from './questions.ts';
import { liveLine, type RenderStyle, renderEvent, TURN_START } from './renderer.ts';
import type { RequestSource } from './request-source.ts';
import { type ChatTerminal, columnsOf, createPaint, isInteractive } from './terminal.ts';
import { visibleLine, visibleText } from './visible-text.ts';
import { wrapLines } from './wrapped-lines.ts';

export interface ChatOptions {
  /** Starts the agent that is talked to; `person` is empty where nobody can be asked. */
  readonly start: (person: Person) => Promise<ChatAgent>;
  readonly terminal: ChatTerminal;
  /** Whether markdown is shown as its source. Default false; without colour it is in any case. */
  readonly isPlain?: boolean;
  /** The conversation to go on with; default a new one. */
  readonly resume?: { readonly latest: true } | { readonly id: string } | undefined;
  /** Default: the session's own. */
  readonly approval?: ApprovalSettings | undefined;
  /** Where approvals for good are kept, for people; default: they are not offered. */
  readonly approvalFile?: string | undefined;
  /** How a person can sign in from here. Default: by pasting an address, or on another device. */
  readonly loginMethods?: readonly LoginMethod[];
  /** Opens a page in the person's browser. */
  readonly openUrl?: (url: string) => Promise<void>;
  /** Milliseconds since the epoch; default the clock. */
  readonly now?: () => number;
  /** For tests: how long nobody has to type before a question is asked. */
  readonly settle?: KeyRouterOptions['settle'];
}

/**
 * Chats until the person leaves, and gives the terminal back whatever happens. Without a terminal on both sides each line of
 * the input is one request, nothing but answers, tool lines and the opening lines is written, and nobody is asked anything.
 *
 * @returns the exit code: 0 by `/quit`, Ctrl+D or the end of input, 130 by a second Ctrl+C
 * @throws {AgentError} when there is no agent to talk to, or no such conversation
 */
export async function runChat(options: ChatOptions): Promise<number> {
  const { start, terminal, approval, resume, now = Date.now } = options;
  const { output } = terminal;
  const isAtTerminal = isInteractive(terminal);
  const paint = createPaint(terminal.color && isAtTerminal);
  const screen = createChatScreen(output);
  const printSource = (text: string): void => screen.show(`${text}\n`);
  const print = (text: string): void => printSource(isAtTerminal ? wrapLines(text, columnsOf(output)) : text);
  const history = openHistory(isAtTerminal ? terminal.historyFile : undefined, (message) =>
    print(paint('dim', message)),
  );
  let agent: ChatAgent | undefined;
  let conversation: Conversation | undefined;
  const { requests, questions, close } = isAtTerminal ? openTerminal() : openPipe();
  const style = (): RenderStyle => ({
    paint,
    columns: columnsOf(output),
    markdown: isAtTerminal && terminal.color && !options.isPlain,
    live: isAtTerminal,
  });

  try {
    const started = await startAgent();
    if (started === undefined) return 130;
    const thread = resume && (await findThread(started, resume));
    const talk = createConversation({
      agent: started,
      approve: questions && approver(questions),
      approval,
      threadId: thread?.id,
    });
    conversation = talk;
    print(openingLines(started));
    if (thread) print(await resumedText({ agent: started, paint, columns: columnsOf(output), now }, thread));
    let isBusy = false;
    /** What came up while the person was writing; said before the next prompt. */
    const news: string[] = [];
    const stopListening = started.servers.subscribe((event) => {
      // What happens in the middle of a turn, the turn tells.
      if (event.type === 'notice' && !isBusy) news.push(event.text);
    });
    try {
      for (;;) {
        const request = await requests.next();
        if (request.type === 'end') return request.exitCode;
        history.add(request.text);
        for (const text of news.splice(0)) print(paint('warning', visibleLine(text)));
        isBusy = true;
        let hasQuit = false;
        await requests.whileAnswering(async (signal) => {
          const command = parseCommand(request.text);
          if (command === undefined) await runTurn(talk, request.text, signal);
          else hasQuit = await runCommandLine(command, started, talk, signal);
        });
        isBusy = false;
        if (hasQuit) return 0;
      }
    } finally {
      stopListening();
    }
  } finally {
    await close();
    await agent?.close();
  }

  function openTerminal(): { requests: RequestSource; questions: Questions; close: () => Promise<void> } {
    const keys: KeyRouter = createKeyRouter(terminal.input, options.settle ? { settle: options.settle } : {});
    const editor = createLineEditor({
      keys,
      output,
      prompt: paint('strong', '› '),
      continuationPrompt: paint('dim', '… '),
      leaveHint: paint('dim', '(press Ctrl+C again, or Ctrl+D, to leave)'),
      history: history.entries,
      complete: (line) => (agent && conversation ? completeLine(line, { agent, conversation }) : [[], line]),
    });
    return {
      requests: editor,
      questions: createQuestions({ keys, output, interrupt: editor.interrupt, hold: screen.hold }),
      close: async () => {
        await editor.close();
        keys.close();
      },
    };
  }

  function openPipe(): { requests: RequestSource; questions: undefined; close: () => Promise<void> } {
    const piped = createPipedRequests(terminal.input);
    return { requests: piped, questions: undefined, close: () => piped.close() };
  }

  /** `undefined` when the person left before it was there. */
  async function startAgent(): Promise<ChatAgent | undefined> {
    const person: Person = questions === undefined ? {} : personBehind(questions);
    await requests.whileAnswering(async (signal) => {
      if (isAtTerminal) screen.show('', paint('dim', 'connecting…'));
      const starting = start(person);
      const left = new Promise<undefined>((resolve) => signal.addEventListener('abort', () => resolve(undefined)));
      try {
        agent = await Promise.race([starting, left]);
      } finally {
        screen.show('', '');
      }
      // Whoever has left waits for nothing; what comes up after that is closed again.
      if (agent === undefined)
        starting.then(
          (late) => late.close(),
          () => undefined,
        );
    });
    return agent;
  }

  function personBehind(ask: Questions): Person {
    const open = options.openUrl ?? openUrl;
    const write = (text: string) => void output.write(text);
    return {
      login: createTerminalLoginPrompt({
        questions: keyQuestions(ask, paint),
        print: (text) => screen.show(text),
        paint,
        methods: options.loginMethods ?? ['paste', 'device'],
        openUrl: open,
      }),
      elicit: createElicitationPrompt({ questions: ask, print: write, paint, openUrl: open }),
    };
  }

  function approver(ask: Questions) {
    return createApprovalPrompt({
      questions: ask,
      print: (text) => void output.write(text),
      paint,
      columns: () => columnsOf(output),
      approvalFile: options.approvalFile,
      faultOf: async (name, args) => faultOfArguments(agent?.servers.tools() ?? [], name, args),
    });
  }

  async function runTurn(talk: Conversation, text: string, signal: AbortSignal): Promise<void> {
    let state = TURN_START;
    if (isAtTerminal) screen.show('', liveLine(state, style()));
    try {
      for await (const event of talk.session().run(talk.takeRequest(text), signal)) {
        const rendered = renderEvent(state, event, style());
        state = rendered.state;
        screen.show(rendered.text, isAtTerminal && event.type !== 'turn-end' ? liveLine(state, style()) : '');
        if (event.type === 'turn-end') talk.note(event);
      }
    } finally {
      screen.show('', '');
    }
  }

  /** Whether the command ends the chat. */
  async function runCommandLine(
    command: { readonly word: string; readonly rest: string },
    started: ChatAgent,
    talk: Conversation,
    signal: AbortSignal,
  ): Promise<boolean> {
    const context: CommandContext = {
      agent: started,
      conversation: talk,
      paint,
      columns: columnsOf(output),
      questions,
      signal,
      now,
    };
    try {
      const outcome = await runCommand(command, context);
      if (outcome.type === 'quit') return true;
      if (outcome.type === 'source') printSource(outcome.text);
      else print(outcome.text);
    } catch (error) {
      if (signal.aborted) print(paint('dim', '[interrupted]'));
      else if (error instanceof AgentError) print(paint('bad', visibleText(error.message)));
      else throw error;
    }
    return false;
  }

  function openingLines({ model, servers, notices }: ChatAgent): string {
    const listed = servers
      .statuses()
      .map(
        (status) =>
          `${visibleLine(status.name)} ${visibleLine(status.url)} (${stateText(status, (_role, text) => text)})`,
      );
    const lines = [`model ${visibleLine(model().label)} · /tools shows what it can do · /help the rest`];
    lines.push(...listed.map((server, index) => `${index === 0 ? 'servers' : '       '} ${server}`));
    // Why a server is missing, the notices say; the way to sign in from here, only the chat knows.
    const logins = servers.statuses().flatMap(({ name, state, login }) => {
      const needsLogin = (state === 'needs-login' || state === 'expired') && login?.grant !== 'pre-issued';
      return needsLogin ? [paint('warning', `/login ${visibleLine(name)} signs in`)] : [];
    });
    return [...lines.map((line) => paint('dim', line)), ...notices.map(visibleLine), ...logins].join('\n');
  }
}
