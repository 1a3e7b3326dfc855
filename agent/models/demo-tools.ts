// What the demo model knows of a tool: its words and its parameters, read from the form in which every model gets tools.

import { readTokens, stemsOf } from './demo-words.ts';

/** What a parameter takes. Anything else, an object or a list for example, is `other` and never filled. */
export type ParameterKind =
  | { readonly type: 'number' | 'integer' | 'string' | 'boolean' | 'other' }
  | { readonly type: 'enum'; readonly values: readonly (string | number)[] };

export type DemoParameter = ParameterKind & { readonly name: string; readonly required: boolean };

export interface DemoTool {
  readonly name: string;
  readonly parameters: readonly DemoParameter[];
  /** What stands between two parameters in the description: `b from a` says in which order numbers come. */
  readonly orders: readonly { readonly first: string; readonly connector: string; readonly second: string }[];
  readonly nameStems: readonly string[];
  /** Title, description, parameter names, enumerated values and operators. */
  readonly otherStems: ReadonlySet<string>;
}

/**
 * Reads a tool in OpenAI's form; `undefined` for what has another form, such as a provider's built-in tool.
 *
 * @param title the tool's display name, if it has one
 */
export function parseTool(definition: unknown, title: unknown): DemoTool | undefined {
  const declared = property(definition, 'function');
  const name = property(declared, 'name');
  if (typeof name !== 'string') return undefined;
  const description = String(property(declared, 'description') ?? '');
  const schema = property(declared, 'parameters');
  const requiredNames = property(schema, 'required');
  const properties = property(schema, 'properties');
  const parameters = Object.entries(typeof properties === 'object' && properties !== null ? properties : {}).map(
    ([parameter, parameterSchema]: [string, unknown]) => ({
      name: parameter,
      required: Array.isArray(requiredNames) && requiredNames.includes(parameter),
      ...parseKind(parameterSchema),
    }),
  );
  const tokens = readTokens(description);
  return {
    name,
    parameters,
    orders: parameters.length < 2 ? [] : readOrders(description, parameters),
    nameStems: stemsOf(name),
    otherStems: new Set([
      ...stemsOf(typeof title === 'string' ? title : ''),
      ...stemsOf(description),
      ...parameters.flatMap((parameter) => stemsOf(parameter.name)),
      ...parameters.flatMap((parameter) => (parameter.type === 'enum' ? parameter.values.flatMap(valueStems) : [])),
      ...tokens.flatMap((token) => (token.kind === 'operator' ? [token.text] : [])),
    ]),
  };
}

/** A call of the tool as a person could type it; what is known already is kept. */
export function exampleCall(tool: DemoTool, known: Readonly<Record<string, unknown>> = {}): string {
  let next = 1;
  const parts = tool.parameters
    .filter(({ name, required }) => required || Object.hasOwn(known, name))
    .map((parameter) => {
      const sample = Object.hasOwn(known, parameter.name) ? known[parameter.name] : sampleOf(parameter, next++);
      return `${parameter.name}=${JSON.stringify(sample)}`;
    });
  return [tool.name, ...parts].join(' ');
}

function sampleOf(parameter: DemoParameter, index: number): unknown {
  switch (parameter.type) {
    case 'number':
    case 'integer':
      return index;
    case 'boolean':
      return true;
    case 'enum':
      return parameter.values[0];
    case 'string':
      return 'some text';
    case 'other':
      return '…';
  }
}

function parseKind(schema: unknown): ParameterKind {
  const listed = property(schema, 'enum');
  const values = (Array.isArray(listed) ? listed : [property(schema, 'const')]).filter(
    (value) => typeof value === 'string' || typeof value === 'number',
  );
  if (values.length > 0) return { type: 'enum', values };
  const alternatives = property(schema, 'anyOf') ?? property(schema, 'oneOf');
  if (Array.isArray(alternatives)) {
    // Optional values of many generators: the type, or null.
    const [only, ...others] = alternatives.filter((alternative) => property(alternative, 'type') !== 'null');
    return others.length === 0 && only !== undefined ? parseKind(only) : { type: 'other' };
  }
  const stated = property(schema, 'type');
  const type: unknown = Array.isArray(stated) ? stated.find((entry) => entry !== 'null') : stated;
  return type === 'number' || type === 'integer' || type === 'string' || type === 'boolean'
    ? { type }
    : { type: 'other' };
}

function readOrders(description: string, parameters: readonly DemoParameter[]): DemoTool['orders'] {
  const numbers = new Set(
    parameters.filter(({ type }) => type === 'number' || type === 'integer').map((parameter) => parameter.name),
  );
  const tokens = readTokens(description);
  return tokens.flatMap((token, index) => {
    const [first, second] = [tokens[index - 1]?.text ?? '', tokens[index + 1]?.text ?? ''];
    const isOrder = first !== second && numbers.has(first) && numbers.has(second);
    return isOrder && (token.kind === 'word' || token.kind === 'operator')
      ? [{ first, connector: token.text.toLowerCase(), second }]
      : [];
  });
}

function valueStems(value: string | number): string[] {
  return stemsOf(String(value));
}

function property(value: unknown, key: string): unknown {
  // Any object may be read under any name; what comes back is unknown.
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}
