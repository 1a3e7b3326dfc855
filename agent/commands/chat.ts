// The conversation in a terminal: starts an agent and hands it to the chat.

import { homedir } from 'node:os';
import { sep } from 'node:path';
import { type CassetteOptions, startAgent } from '../agent.ts';
import { approvalFileIn } from '../approval/memory.ts';
import type { ApprovalSettings } from '../approval.ts';
import { runChat } from '../chat/chat.ts';
import { loginMethods } from '../chat/open-url.ts';
import type { ChatTerminal } from '../chat/terminal.ts';
import type { AgentConfig } from '../config.ts';

export interface ChatCommandOptions {
  readonly config: AgentConfig;
  readonly model: string | undefined;
  readonly cassette?: CassetteOptions;
  readonly terminal: Omit<ChatTerminal, 'historyFile'>;
  /** Whether markdown is shown as its source. */
  readonly isPlain?: boolean;
  readonly resume?: { readonly latest: true } | { readonly id: string } | undefined;
  /** Default: the agent's own. */
  readonly approval?: ApprovalSettings | undefined;
}

/**
 * Chats until the person leaves and returns the exit code.
 *
 * @throws {AgentError} when there is no agent to talk to: configuration, model, login, server; `usage` when there is no such
 * conversation
 */
export async function chat(options: ChatCommandOptions): Promise<number> {
  const { config, model, cassette, terminal, isPlain = false, resume, approval } = options;
  return runChat({
    start: (person) => startAgent(config, { model, cassette, person }),
    terminal: { ...terminal, historyFile: config.historyFile },
    isPlain,
    resume,
    approval,
    approvalFile: config.approvalDirectory && shortened(approvalFileIn(config.approvalDirectory)),
    loginMethods: loginMethods(config.environment),
  });
}

/** As people write paths of their own. */
function shortened(file: string): string {
  const home = homedir();
  return file.startsWith(home + sep) ? `~${file.slice(home.length)}` : file;
}
