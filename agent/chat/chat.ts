// The terminal chat: reads a request, runs a turn, prints its events, until the person leaves. Owns the loop only; reading
// is the request source's work, and what an event looks like is the renderer's.

import type { Session } from '../session.ts';
import { type ChatTool, type CommandContext, completeCommand, parseCommand, runCommand } from './commands.ts';
import { openHistory } from './history.ts';
import { createLineEditor } from './line-editor.ts';
import { createPipedRequests } from './piped-requests.ts';
import { renderEvent, TURN_START } from './renderer.ts';
import { type ChatTerminal, columnsOf, createPaint, isInteractive, type Paint } from './terminal.ts';
import { visibleLine } from './visible-text.ts';

export type { ChatTerminal, ChatTool };

export interface ChatOptions {
  readonly session: Session;
  /** The model as the person configured it: `demo`, `openai:gpt-5`. */
  readonly modelLabel: string;
  /** Lines to show at start, e.g. the demo model's announcement. */
  readonly notices: readonly string[];
  readonly servers: readonly {
    readonly name: string;
    readonly url: string;
    /** `connected`, or the word that says why it is not. */
    readonly state: string;
    readonly tools: number;
  }[];
  /** Asked at each `/tools`, since servers change their tools. */
  readonly tools: () => readonly ChatTool[];
  readonly terminal: ChatTerminal;
}

/**
 * Chats until the person leaves, and gives the terminal back whatever happens. Without a terminal on both sides each line of
 * the input is one request, and nothing but answers, tool lines and the opening lines is written.
 *
 * @returns the exit code: 0 by `/quit`, Ctrl+D or the end of input, 130 by a second Ctrl+C
 */
export async function runChat(options: ChatOptions): Promise<number> {
  const { session, terminal, tools } = options;
  const { output } = terminal;
  const isAtTerminal = isInteractive(terminal);
  const paint = createPaint(terminal.color && isAtTerminal);
  const print = (text: string): void => void output.write(`${text}\n`);
  const history = openHistory(isAtTerminal ? terminal.historyFile : undefined, (message) =>
    print(paint('dim', message)),
  );

  print(openingLines(options, paint));
  const requests = isAtTerminal
    ? createLineEditor({
        input: terminal.input,
        output,
        prompt: paint('strong', '› '),
        continuationPrompt: paint('dim', '… '),
        leaveHint: paint('dim', '(press Ctrl+C again, or Ctrl+D, to leave)'),
        history: history.entries,
        complete: completeCommand,
      })
    : createPipedRequests(terminal.input);
  try {
    for (;;) {
      const request = await requests.next();
      if (request.type === 'end') return request.exitCode;
      history.add(request.text);
      const command = parseCommand(request.text);
      if (command === undefined) {
        await requests.whileAnswering((signal) => runTurn(request.text, signal));
        continue;
      }
      const context: CommandContext = { tools, paint, columns: columnsOf(output) };
      const outcome = runCommand(command, context);
      if (outcome.type === 'quit') return 0;
      print(outcome.text);
    }
  } finally {
    await requests.close();
  }

  async function runTurn(request: string, signal: AbortSignal): Promise<void> {
    let state = TURN_START;
    for await (const event of session.run(request, signal)) {
      const rendered = renderEvent(state, event, { paint, columns: columnsOf(output) });
      output.write(rendered.text);
      state = rendered.state;
    }
  }
}

function openingLines({ modelLabel, servers, notices }: ChatOptions, paint: Paint): string {
  const listed = servers.map(({ name, url, state, tools }) => {
    const condition = state === 'connected' ? `${tools} ${tools === 1 ? 'tool' : 'tools'}` : state;
    return visibleLine(`${name} ${url} (${condition})`);
  });
  const lines = [`model ${visibleLine(modelLabel)} · /help for commands`];
  if (listed.length > 0) lines.push(`servers ${listed.join(' · ')}`);
  return [...lines.map((line) => paint('dim', line)), ...notices.map(visibleLine)].join('\n');
}
