// A model that was selected and checked, and may be called: what it is, and how to get it when it is needed.

import { AgentError } from '../errors.ts';
import type { ModelSettings, Provider, ToolCallingModel } from './provider.ts';
import { createTransport, type TransportOptions } from './transport.ts';

/** A model that is ready to be called, and the way its requests take. */
export interface BuiltModel {
  readonly model: ToolCallingModel;
  readonly transport: typeof fetch;
}

export interface Candidate {
  /** `openai:gpt-5`, or `demo` where there is only one. */
  readonly label: string;
  readonly provider: Provider;
  readonly settings: ModelSettings;
  /**
   * Loads the package and builds the model, once.
   *
   * @throws {AgentError} `missing_package`
   */
  build(): Promise<BuiltModel>;
}

export function createCandidate(
  label: string,
  provider: Provider,
  settings: ModelSettings,
  seams: Pick<TransportOptions, 'fetch' | 'wait'> = {},
): Candidate {
  let built: Promise<BuiltModel> | undefined;
  const build = async (): Promise<BuiltModel> => {
    const builder = await loadPackage(provider);
    const { baseUrl, timeoutMs, maxRetries } = settings;
    const transport = createTransport({
      baseUrl,
      timeoutMs,
      maxRetries,
      mendRequest: provider.mendRequest,
      mendAnswer: provider.mendAnswer,
      ...seams,
    });
    return { model: await builder(settings, transport), transport };
  };
  return {
    label,
    provider,
    settings,
    build: () => {
      built ??= build();
      return built;
    },
  };
}

/**
 * Checks that the packages of a provider are there, without loading them.
 *
 * @throws {AgentError} `missing_package`
 */
export function assertInstalled(provider: Provider): void {
  for (const name of [provider.package?.name ?? [], provider.alsoNeeds].flat())
    try {
      import.meta.resolve(name);
    } catch (error) {
      if (isNotFound(error, name)) throw createMissing(provider, error);
      // There, and broken: loading it tells more.
    }
}

/** Tells a package that is not there from one that is there and broken: the remedies differ. */
async function loadPackage(provider: Provider): ReturnType<Provider['load']> {
  try {
    return await provider.load();
  } catch (error) {
    if (!provider.package || !(error instanceof Error)) throw error;
    const { name } = provider.package;
    if ([name, ...provider.alsoNeeds].some((one) => isNotFound(error, one))) throw createMissing(provider, error);
    throw new AgentError(
      'missing_package',
      `Package ${name} is installed, but cannot be loaded: ${error.message.split('\n', 1)[0]}`,
      { cause: error },
    );
  }
}

/** Node names the package that it looked for; another name means that one of its dependencies is missing. */
function isNotFound(error: unknown, name: string): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    error.code === 'ERR_MODULE_NOT_FOUND' &&
    error.message.includes(`package '${name}'`)
  );
}

function createMissing({ id, package: wanted, alsoNeeds }: Provider, cause: unknown): AgentError {
  const name = wanted?.name ?? id;
  const all = [`${name}@${wanted?.version ?? 'latest'}`, ...alsoNeeds].join(' ');
  return new AgentError(
    'missing_package',
    `Package ${[name, ...alsoNeeds].join(' or ')} is not installed (needed by the models of ${id}).\n  npm install ${all}`,
    { cause },
  );
}
