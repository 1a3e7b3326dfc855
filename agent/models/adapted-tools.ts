// Tools on their way to a provider's package, with their schemas in the form that the vendor accepts.

import type { BindToolsInput } from '@langchain/core/language_models/chat_models';
import { convertToOpenAITool } from '@langchain/core/utils/function_calling';
import { type JsonSchema, recordOf } from './plain-schema.ts';

/**
 * The tools in the form that all packages take, each schema changed. A tool without a description gets its name for one:
 * Google and Bedrock refuse the whole request for it.
 */
export function adaptTools(
  tools: readonly BindToolsInput[],
  adapt: (schema: JsonSchema) => JsonSchema,
): BindToolsInput[] {
  return tools.map((tool) => {
    const { type, function: declared } = convertToOpenAITool(tool);
    const description = declared.description?.trim() || declared.name;
    return { type, function: { ...declared, description, parameters: adapt(recordOf(declared.parameters)) } };
  });
}
