// `models`: which model would be used and why, which keys were found, which endpoints answer.

import { visibleText } from '../chat/visible-text.ts';
import type { Environment } from '../config.ts';
import { EXIT_CODES } from '../errors.ts';
import { type Inventory, type ProviderEntry, takeInventory } from '../models/inventory.ts';

export interface ModelsOptions {
  readonly environment: Environment;
  /** What `--model` says. */
  readonly model: string | undefined;
  /** Whether to ask the configured providers if they are there. */
  readonly check: boolean;
  readonly json: boolean;
  readonly stdout: (text: string) => void;
  /** Sends the requests of the check; default the global one. */
  readonly fetch?: typeof fetch;
}

/** Writes the report and returns the exit code: 2 when no model is usable, 4 when the selected one does not answer. */
export async function models(options: ModelsOptions): Promise<number> {
  const { environment, model, check, json, stdout, fetch } = options;
  const inventory = await takeInventory(environment, { flag: model, check, ...(fetch ? { fetch } : {}) });
  stdout(json ? `${JSON.stringify(inventory, null, 2)}\n` : `${report(inventory).map(visibleText).join('\n')}\n`);
  if (inventory.fault !== undefined) return EXIT_CODES.invalid_configuration;
  const id = inventory.selected?.label.split(':', 1)[0];
  const selected = inventory.providers.find((provider) => provider.id === id);
  return selected?.reachability?.state === 'failed' ? EXIT_CODES.unreachable : 0;
}

function report({ selected, fault, fallbacks, capabilities, providers }: Inventory): string[] {
  const can = describeCapabilities(capabilities);
  return [
    selected ? `model ${selected.label} (${selected.reason})` : 'no model',
    ...(can === '' ? [] : [`  ${can}`]),
    ...(fallbacks.length === 0 ? [] : [`fallbacks ${fallbacks.join(', ')}`]),
    ...(fault === undefined ? [] : [fault]),
    '',
    ...table(providers),
  ];
}

function describeCapabilities(profile: Inventory['capabilities']): string {
  const yes = (name: string, text: string) => (profile[name] === true ? [text] : []);
  const { maxInputTokens } = profile;
  return [
    ...yes('toolCalling', 'tools'),
    ...yes('imageInputs', 'images'),
    ...yes('reasoningOutput', 'reasoning'),
    ...yes('structuredOutput', 'structured output'),
    ...(typeof maxInputTokens === 'number' ? [`${maxInputTokens} tokens of input`] : []),
  ].join(', ');
}

function table(providers: readonly ProviderEntry[]): string[] {
  const rows = providers.map((entry) => [entry.id, keyOf(entry), entry.baseUrl || '–', stateOf(entry)]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function keyOf({ key, keyVariables }: ProviderEntry): string {
  if (key) return `${key.variable} ${key.masked}`;
  return keyVariables.length === 0 ? 'no key needed' : `${keyVariables.join(' or ')} not set`;
}

function stateOf({ isInstalled, package: wanted, reachability }: ProviderEntry): string {
  if (!isInstalled) return `npm install ${wanted}`;
  switch (reachability?.state) {
    case undefined:
      return '';
    case 'reachable':
      return 'reachable';
    case 'unknown':
      return 'cannot be checked without a prompt';
    case 'failed':
      return reachability.reason.split('\n').join(' ');
  }
}
