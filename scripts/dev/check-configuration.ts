// What `npm start` runs with: the environment of both halves, checked before anything listens. A file of its own, since it is
// loaded when signals are handled already.

import { type Environment, loadEnvironment } from '../../agent/config.ts';
import { configure } from '../../agent/configure.ts';
import { isModelChosen } from '../../agent/models/registry.ts';
import * as server from '../../mcp-server/config.ts';

/** Reads the environment, with a model for whoever has chosen none. */
export function readEnvironment(args: readonly string[]): Environment {
  return chooseModel(loadEnvironment(), flagOf(args));
}

/** Both halves read the same environment; all their faults are reported at once, before anything listens. */
export function checkConfiguration(
  args: readonly string[],
  environment: Environment,
): server.ServerConfig | { readonly report: string } {
  const lines = new Set<string>();
  const attempt = <T>(check: () => T): T | undefined => {
    try {
      return check();
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error;
      // Each report has a headline, its faults indented, and a last line; the two halves share faults.
      for (const line of error.message.split('\n'))
        if (!/^The configuration has|^Every variable/.test(line)) lines.add(line);
      return undefined;
    }
  };
  const config = attempt(() => server.parseConfig(server.loadEnvironment()));
  const model = flagOf(args);
  attempt(() => configure(environment, model ? { model } : {}));
  if (config && lines.size === 0) return config;
  return {
    report: `The configuration has faults:\n${[...lines].join('\n')}\nEvery variable is explained in .env.example.\n`,
  };
}

/** The first run needs no key: the demo model, where nothing else is chosen. */
function chooseModel(environment: Environment, flag: string | undefined): Environment {
  return isModelChosen(environment, flag) ? environment : { ...environment, LLM_MODEL: 'demo' };
}

function flagOf(args: readonly string[]): string | undefined {
  return args.includes('--model') ? args[args.indexOf('--model') + 1] : undefined;
}
