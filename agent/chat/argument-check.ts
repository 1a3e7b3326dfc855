// Whether arguments that a person has edited fit the tool, before they are sent. The server checks again.

import { checkableSchema } from '../mcp/tool-schema.ts';
import type { LoadedTool } from '../mcp/tools.ts';

/** What is wrong with `args`, for people; `undefined` if nothing is, or if the schema is one that cannot be read. */
export async function faultOfArguments(
  tools: readonly LoadedTool[],
  name: string,
  args: Readonly<Record<string, unknown>>,
): Promise<string | undefined> {
  const described: unknown = tools.find((tool) => tool.name === name)?.tool.schema;
  if (!isJsonSchema(described)) return undefined;
  // A server's schema with its patterns could keep the chat busy for ever.
  const schema = checkableSchema(described, args);
  if (!schema) return undefined;
  // Loaded when somebody edits: it is the larger part of what a chat would load.
  const { Ajv2020 } = await import('ajv/dist/2020.js');
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false, logger: false });
  let validate: ReturnType<typeof ajv.compile>;
  try {
    validate = ajv.compile(schema);
  } catch {
    // A schema in a dialect that ajv does not know is for the server to apply.
    return undefined;
  }
  return validate(args) ? undefined : ajv.errorsText(validate.errors, { dataVar: 'arguments' });
}

function isJsonSchema(schema: unknown): schema is Record<string, unknown> {
  return typeof schema === 'object' && schema !== null && 'type' in schema && !('_zod' in schema);
}
