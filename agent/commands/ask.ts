// One turn, then out: the answer on stdout, everything else on stderr, the reason for no answer in the exit code.

import { type Agent, type CassetteOptions, startAgent } from '../agent.ts';
import { wantedToken } from '../auth/pre-issued-source.ts';
import { withScopes } from '../auth/token-rules.ts';
import type { AgentConfig } from '../config.ts';
import { AgentError, EXIT_CODES } from '../errors.ts';
import type { TurnEnd } from '../turn-events.ts';
import { type AskFlags, outputFormatOf, parseAskFlags } from './ask-flags.ts';
import { type AskOutput, type AskResult, createAskOutput, failureResult, type Write } from './ask-output.ts';
import { type RequestInput, readRequest } from './ask-request.ts';

export interface AskOptions {
  /** Reads the configuration; what is wrong with it is told in the form that was asked for. */
  readonly loadConfig: () => AgentConfig;
  readonly words: readonly string[];
  readonly input: RequestInput;
  readonly flags: AskFlags;
  readonly loadModel: () => string | undefined;
  readonly cassette?: CassetteOptions;
  readonly signal: AbortSignal;
  /** Whether stdout is a terminal. */
  readonly isTerminal: boolean;
  readonly stdout: Write;
  readonly stderr: Write;
}

/** Runs the turn and returns the exit code. Never rejects: whatever goes wrong is part of the output. */
export async function ask(options: AskOptions): Promise<number> {
  const { flags, stdout, stderr } = options;
  const startedAtMs = performance.now();
  const output = createAskOutput({
    format: outputFormatOf(flags),
    isQuiet: flags.quiet === true,
    isTerminal: options.isTerminal,
    stdout,
    stderr,
  });
  let agent: Agent | undefined;
  let result: AskResult;
  try {
    const settings = parseAskFlags(flags);
    const model = options.loadModel();
    const config = options.loadConfig();
    const request = await untilAborted(readRequest(options.words, options.input, output.notice), options.signal);
    agent = await untilAborted(startAgent(config, { model, cassette: options.cassette }), options.signal);
    const threadId = await findThread(agent, flags);
    const { approval, limits, answerSchema } = settings;
    const session = agent.startSession({
      approval,
      limits,
      ...(threadId === undefined ? {} : { threadId }),
      ...(answerSchema ? { answerSchema } : {}),
    });
    await output.start({ threadId: session.threadId, model: agent.model().label, servers: agent.servers.statuses() });
    for (const notice of agent.notices) await output.notice(notice);
    result = await runTurn(session.run(request, options.signal), output, agent, session.threadId, startedAtMs);
  } catch (error) {
    result = await failWith(error, output, options.signal, startedAtMs);
  }
  try {
    await agent?.close();
  } catch (error) {
    // The turn is over and has its result; a server that minds how we leave does not change it.
    await output.notice(`The end was not orderly: ${error instanceof Error ? error.message : String(error)}`);
  }
  await output.result(result);
  return result.exitCode;
}

async function runTurn(
  events: ReturnType<ReturnType<Agent['startSession']>['run']>,
  output: AskOutput,
  agent: Agent,
  threadId: string,
  startedAtMs: number,
): Promise<AskResult> {
  const lacking = new Map<string, Set<string>>();
  for await (const event of events) {
    await output.event(event);
    if (event.type === 'tool-result' && event.error?.code === 'insufficient_scope')
      lacking.set(event.server, new Set([...(lacking.get(event.server) ?? []), ...event.error.missingScopes]));
    if (event.type !== 'turn-end') continue;
    return {
      ...event,
      threadId,
      exitCode: exitCodeFor(event),
      durationMs: Math.round(performance.now() - startedAtMs),
      nextSteps: event.status === 'auth_required' ? loginSteps(agent, lacking) : [],
    };
  }
  throw new AgentError('internal', 'The turn ended without saying how.');
}

function exitCodeFor({ status, error }: TurnEnd): number {
  switch (status) {
    case 'ok':
      return 0;
    case 'blocked':
      return EXIT_CODES.tool_refused;
    case 'auth_required':
      return EXIT_CODES.login_required;
    case 'limit':
      return EXIT_CODES.limit;
    case 'interrupted':
      return EXIT_CODES.interrupted;
    case 'failed':
      return EXIT_CODES[error?.code ?? 'internal'];
  }
}

function loginSteps(agent: Agent, lacking: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const needLogin = agent.servers
    .statuses()
    .filter(({ name, state }) => lacking.has(name) || ['needs-login', 'expired', 'needs-scope'].includes(state));
  return needLogin.map(({ name, url, login }) => {
    const scopes = [...(lacking.get(name) ?? [])];
    // Takes the place of a login: signing in would change nothing.
    if (login?.grant === 'pre-issued')
      return `Set MCP_BEARER_TOKEN to ${wantedToken(url, scopes.length === 0 ? [] : [...login.scopes, ...scopes])}`;
    return withScopes(`npm run -s agent -- mcp login ${name}`, scopes);
  });
}

/** There was no turn: the result says why. */
async function failWith(
  error: unknown,
  output: AskOutput,
  signal: AbortSignal,
  startedAtMs: number,
): Promise<AskResult> {
  const failure = signal.aborted
    ? new AgentError('interrupted', 'Interrupted before the turn began.', { cause: error })
    : error instanceof AgentError
      ? error
      : new AgentError(
          'internal',
          `This is a fault of the agent itself: ${error instanceof Error ? error.stack : String(error)}`,
        );
  await output.event({ type: 'error', code: failure.code, message: failure.message });
  return failureResult(failure, Math.round(performance.now() - startedAtMs));
}

/** @throws {AgentError} `usage` when there is no such conversation */
async function findThread(agent: Agent, flags: AskFlags): Promise<string | undefined> {
  if (flags.continue) {
    const [latest] = await agent.threads.list(1);
    if (!latest) throw new AgentError('usage', 'There is no conversation to continue yet. Ask without --continue.');
    return latest.id;
  }
  if (flags.resume === undefined) return undefined;
  const found = await agent.threads.find(flags.resume);
  if (!found)
    throw new AgentError(
      'usage',
      `No conversation, or more than one, has an id that begins with ${JSON.stringify(flags.resume.slice(0, 80))}. List them: npm run -s agent -- threads list`,
    );
  return found.id;
}

function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener('abort', onAbort));
}
