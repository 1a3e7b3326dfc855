// A chat in a real terminal, with the real server behind it and a model that says what the test tells it to.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type ChatCompletions, type CompletionRequest, createChatCompletions } from './chat-completions.ts';
import { openTerminal, type Terminal } from './terminal.ts';

const root = join(import.meta.dirname, '../..');

export interface ChatTerminal extends Terminal {
  /** Types a request and sends it. */
  send(text: string): Promise<void>;
}

export interface ChatStart {
  /** Variables that point at a server, and whatever else the agent should read. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly stateHome: string;
  readonly model?: ChatCompletions;
  readonly flags?: string;
  readonly hasColor?: boolean;
}

/** Starts `agent chat` and waits for its prompt; closes it with the test. */
export async function openChat(t: TestContext, start: ChatStart): Promise<ChatTerminal> {
  const { environment, stateHome, model, flags = '', hasColor = false } = start;
  const terminal = await openTerminal(
    `${process.execPath} agent/main.ts chat ${flags}`,
    {
      XDG_STATE_HOME: stateHome,
      LLM_MODEL: model ? 'openai:double' : 'demo',
      ...(model ? { OPENAI_BASE_URL: model.baseUrl } : {}),
      ...(hasColor ? {} : { NO_COLOR: '1' }),
      ...environment,
    },
    root,
  );
  t.after(() => terminal.close());
  await terminal.waitFor(/^›/m);
  return {
    ...terminal,
    async send(text) {
      await terminal.type(text);
      await terminal.press('Enter');
    },
  };
}

/** A directory for tokens, threads and history; gone after the test. */
export async function makeStateHome(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'chat-state-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** A model that is closed with the test. */
export async function openModel(
  t: TestContext,
  reply: Parameters<typeof createChatCompletions>[0],
): Promise<ChatCompletions> {
  const model = await createChatCompletions(reply);
  t.after(() => model.close());
  return model;
}

/** The text of the newest message, and who says it. */
export function newest({ messages }: CompletionRequest): { readonly role: string; readonly text: string } {
  const { role = '', content = '' } = messages.at(-1) ?? {};
  return { role, text: typeof content === 'string' ? content : JSON.stringify(content) };
}
