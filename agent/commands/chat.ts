// The conversation in a terminal: starts an agent and hands it to the chat.

import { type CassetteOptions, startAgent } from '../agent.ts';
import { runChat } from '../chat/chat.ts';
import type { ChatTerminal } from '../chat/terminal.ts';
import type { AgentConfig } from '../config.ts';

export interface ChatCommandOptions {
  readonly config: AgentConfig;
  readonly model: string | undefined;
  readonly cassette?: CassetteOptions;
  readonly terminal: Omit<ChatTerminal, 'historyFile'>;
}

/**
 * Chats until the person leaves and returns the exit code.
 *
 * @throws {AgentError} when there is no agent to talk to: configuration, model, login, server
 */
export async function chat({ config, model, cassette, terminal }: ChatCommandOptions): Promise<number> {
  const agent = await startAgent(config, { model, cassette });
  try {
    return await runChat({
      session: agent.startSession({ approval: { mode: 'all', allow: [], deny: [] } }),
      modelLabel: agent.model().label,
      notices: agent.notices,
      servers: agent.servers.statuses().map(({ toolCount, ...status }) => ({ ...status, tools: toolCount })),
      tools: () => agent.servers.tools(),
      terminal: { ...terminal, historyFile: config.historyFile },
    });
  } finally {
    await agent.close();
  }
}
