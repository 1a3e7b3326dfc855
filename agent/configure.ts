// The one report that a person gets before anything starts: what is wrong with servers and credentials, and with the
// model, together. Light: loads no model package and no graph.

import { type AgentConfig, type Environment, type Flags, parseConfig } from './config.ts';
import { AgentError } from './errors.ts';
import { checkModel } from './models/registry.ts';

export interface CommandFlags extends Flags {
  readonly model?: string;
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
  attempt(() => checkModel(environment, flags.model));
  const [first, ...others] = failures;
  if (config && !first) return config;
  if (first && others.length === 0) throw first;
  throw new AgentError('invalid_configuration', failures.map(({ message }) => message).join('\n'));
}
