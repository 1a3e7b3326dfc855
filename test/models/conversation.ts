// A conversation of the real agent with a double: the model that the registry builds from environment variables, our
// graph and our session, and three tools of which one never ends by itself.

import { DynamicStructuredTool, type StructuredToolInterface } from '@langchain/core/tools';
import type { Environment } from '../../agent/models/provider.ts';
import { createModel, describeModelError } from '../../agent/models/registry.ts';
import type { TurnEvent } from '../../agent/turn-events.ts';
import { createTestSession } from '../support/session.ts';
import { type ProviderDouble, type Step, startDouble } from './double.ts';
import type { Refusal, WireFormat } from './wire-format.ts';

export interface Conversation {
  readonly double: ProviderDouble;
  /** How long the agent would have waited between attempts; it never does. */
  readonly pausesMs: readonly number[];
  /** Resolves when the tool `wait` has been called. */
  readonly toolIsRunning: Promise<void>;
  /** Runs one turn to its end. */
  say(request: string, signal?: AbortSignal): Promise<Turn>;
  close(): Promise<void>;
}

export interface Turn {
  readonly events: readonly TurnEvent[];
  readonly deltas: readonly string[];
  readonly calls: readonly { readonly name: string; readonly args: Readonly<Record<string, unknown>> }[];
  readonly results: readonly string[];
  readonly end: TurnEvent & { type: 'turn-end' };
}

const NUMBERS = {
  type: 'object' as const,
  properties: { a: { type: 'number', description: 'First number' }, b: { type: 'number' } },
  required: ['a', 'b'],
  additionalProperties: false,
  $schema: 'https://json-schema.org/draft/2020-12/schema',
};

/** Starts a double with a script, and a thread with it. */
export async function startConversation(
  format: WireFormat,
  steps: readonly Step[],
  variables: Environment = {},
): Promise<Conversation> {
  const double = await startDouble(format, steps);
  const pausesMs: number[] = [];
  const environment = { ...double.environment, ...variables };
  const model = await createTestModel(format, double, environment, pausesMs).catch(async (error: unknown) => {
    await double.close();
    throw error;
  });
  const running = Promise.withResolvers<void>();
  const session = createTestSession({
    model,
    tools: createTools(running.resolve),
    describeModelError: (error) => describeModelError(error, format.selection),
  });
  return {
    double,
    pausesMs,
    toolIsRunning: running.promise,
    say: async (request, signal = new AbortController().signal) => {
      const events: TurnEvent[] = [];
      for await (const event of session.run(request, signal)) events.push(event);
      return describeTurn(events);
    },
    close: double.close,
  };
}

/** Sends one request with tools to a double; gives what it refused and the names of the tools that arrived. */
export async function sendTools(
  format: WireFormat,
  tools: readonly StructuredToolInterface[],
): Promise<{ readonly refusals: readonly Refusal[]; readonly names: readonly string[] }> {
  const double = await startDouble(format, [{ text: 'Thank you.' }]);
  try {
    const model = await createTestModel(format, double, double.environment);
    await model
      .bindTools([...tools])
      .invoke('Hello')
      .catch((error: unknown) => {
        if (double.refusals.length === 0) throw error;
      });
    return { refusals: double.refusals, names: namesOf(double.requests[0]?.body) };
  } finally {
    await double.close();
  }
}

/** The names in the list of tools of any vendor's request. */
function namesOf(body: unknown): string[] {
  const { tools = [] }: { tools?: unknown[] } = Object(body);
  return tools.flatMap((tool) => {
    const { name, function: declared, functionDeclarations } = Object(tool);
    const declarations: { name: string }[] = functionDeclarations ?? [declared ?? { name }];
    return declarations.map((one) => one.name);
  });
}

/** Builds the model as the agent does, but that it waits in no time. */
async function createTestModel(
  { selection, officialOrigin }: WireFormat,
  double: ProviderDouble,
  environment: Environment,
  pausesMs: number[] = [],
) {
  const { model } = await createModel(selection, environment, {
    ...(officialOrigin === undefined ? {} : { fetch: createRedirect(officialOrigin, double.origin) }),
    wait: async (ms) => {
      pausesMs.push(ms);
    },
  });
  return model;
}

/** Leads what goes to a vendor's own address to the double. */
function createRedirect(from: string, to: string): typeof fetch {
  const { fetch } = globalThis;
  return (input, init) => fetch(String(input).replace(from, to), init);
}

function createTools(onWait: () => void): DynamicStructuredTool[] {
  const calculate = (name: string, description: string, operation: (a: number, b: number) => number) =>
    new DynamicStructuredTool({
      name,
      description,
      schema: NUMBERS,
      func: async ({ a, b }: { a: number; b: number }) => String(operation(a, b)),
    });
  const wait = new DynamicStructuredTool({
    name: 'wait',
    description: 'Waits until it is cancelled.',
    schema: { type: 'object' as const, properties: {} },
    func: async (_args: object, _runManager, config) => {
      onWait();
      return new Promise<string>((_resolve, reject) => {
        config?.signal?.addEventListener('abort', () => reject(config.signal?.reason), { once: true });
      });
    },
  });
  return [
    calculate('add', 'Adds two numbers.', (a, b) => a + b),
    calculate('multiply', 'Multiplies two numbers.', (a, b) => a * b),
    wait,
  ];
}

function describeTurn(events: readonly TurnEvent[]): Turn {
  const end = events.at(-1);
  if (end?.type !== 'turn-end') throw new Error('A turn ends with turn-end.');
  return {
    events,
    deltas: events.flatMap((event) => (event.type === 'text-delta' ? [event.text] : [])),
    calls: events.flatMap((event) => (event.type === 'tool-call' ? [{ name: event.name, args: event.args }] : [])),
    results: events.flatMap((event) => (event.type === 'tool-result' ? [event.text] : [])),
    end,
  };
}
