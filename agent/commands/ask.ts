// One turn, then out: the answer on stdout, everything else on stderr, the reason for no answer in the exit code.

import { type CassetteOptions, startAgent } from '../agent.ts';
import { visibleText } from '../chat/visible-text.ts';
import type { AgentConfig } from '../config.ts';
import { AgentError, type AgentErrorCode, EXIT_CODES } from '../errors.ts';
import type { TurnEvent } from '../turn-events.ts';

export interface AskOptions {
  readonly config: AgentConfig;
  readonly request: string;
  readonly model: string | undefined;
  readonly cassette?: CassetteOptions;
  readonly signal: AbortSignal;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
}

/** Tool failures that decide the exit code although the model answered; an ordinary tool error is part of the answer. */
const DECISIVE: readonly AgentErrorCode[] = ['insufficient_scope', 'tool_refused'];

/**
 * Runs the turn and returns the exit code.
 *
 * @throws {AgentError} when there is no agent to ask: configuration, model, login, server
 */
export async function ask({ config, request, model, cassette, signal, stdout, stderr }: AskOptions): Promise<number> {
  if (request.trim() === '')
    throw new AgentError('usage', 'There is no request. Say what you want: npm run -s ask -- "What is 2 + 40?"');
  const agent = await startAgent(config, { model, cassette });
  try {
    for (const notice of agent.notices) stderr(`${notice}\n`);
    let exitCode = 0;
    for await (const event of agent.startSession().run(request, signal)) {
      stderr(progress(event));
      if (event.type === 'tool-result' && event.error && DECISIVE.includes(event.error.code))
        exitCode = EXIT_CODES[event.error.code];
      if (event.type !== 'turn-end') continue;
      if (event.answer !== '') stdout(`${event.answer}\n`);
      if (event.error) exitCode = EXIT_CODES[event.error.code];
    }
    return exitCode;
  } finally {
    await agent.close();
  }
}

function progress(event: TurnEvent): string {
  switch (event.type) {
    case 'text-delta':
    case 'reasoning-delta':
    case 'approval-request':
    case 'approval':
    case 'tool-progress':
    case 'auth':
    case 'error':
      return '';
    case 'tool-call':
      return `→ ${event.server} ${event.name} ${visibleText(JSON.stringify(event.args))}\n`;
    case 'tool-result': {
      const outcome = event.error ? `failed: ${event.error.message}` : event.text;
      return `← ${event.server} ${event.name} ${visibleText(outcome)} (${event.durationMs} ms)\n`;
    }
    case 'notice':
      return `${visibleText(event.text)}\n`;
    case 'turn-end':
      return event.error ? `${event.error.message}\n` : '';
  }
}
