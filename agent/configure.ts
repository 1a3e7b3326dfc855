// The one report that a person gets before anything starts: what is wrong with servers and credentials, and with the
// model, together. Light: loads no model package and no graph.

import { type AgentConfig, type Environment, type Flags, parseConfig } from './config.ts';
import { AgentError } from './errors.ts';
import { checkModel } from './models/registry.ts';

export interface CommandFlags extends Flags {
  readonly model?: string;
  /** Directory to write the turns of the model and the calls of tools to. */
  readonly record?: string;
  /** Directory to take them from, instead of from model and servers. */
  readonly replay?: string;
  /** Whether a person watches; without one, CI gets no model that nobody chose. Default true. */
  readonly isTerminal?: boolean;
}

/**
 * The model that the flags ask for; `undefined` leaves it to the environment.
 *
 * @throws {AgentError} `usage` if they contradict each other
 */
export function modelOf({ model, record, replay }: CommandFlags): string | undefined {
  if (replay === undefined) return model;
  if (record !== undefined) throw new AgentError('usage', '--record and --replay exclude each other.');
  if (model !== undefined) throw new AgentError('usage', '--replay takes the place of --model; give one of them.');
  return `replay:${replay}`;
}

/**
 * Checks everything that can be checked without asking a server.
 *
 * @throws {AgentError} `invalid_configuration` or `missing_key`; with several faults, all of them in one message
 */
export function configure(environment: Environment, flags: CommandFlags = {}): AgentConfig {
  const failures: AgentError[] = [];
  const attempt = <T>(check: () => T): T | undefined => {
    try {
      return check();
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      failures.push(error);
      return undefined;
    }
  };
  const config = attempt(() => parseConfig(environment, flags));
  attempt(() => checkModel(environment, modelOf(flags), flags.isTerminal));
  const [first, ...others] = failures;
  if (config && !first) return config;
  if (first && others.length === 0) throw first;
  throw new AgentError('invalid_configuration', failures.map(({ message }) => message).join('\n'));
}
