// What every turn of an agent needs, put together anew for each: the model and the tools as they are now, and the rules of
// the session that the turn belongs to. What is costly is kept as long as model and tools stay the same.

import type { BaseChatModel } from '@langchain/core/language_models/chat_models';
import { ToolNode } from '@langchain/langgraph/prebuilt';
import { AgentError } from '../errors.ts';
import type { TurnContext } from '../graph/turn-context.ts';
import type { LoadedTool } from '../mcp/tools.ts';

/** A model and tools that fit each other. */
export interface Binding extends Pick<TurnContext, 'model' | 'toolNode' | 'findTool'> {
  readonly tools: readonly LoadedTool[];
}

/** Binds a model to tools; the same ones again give the same binding, so that a thousand turns make one. */
export function createBinder(): (model: BaseChatModel, tools: readonly LoadedTool[]) => Binding {
  let last: { readonly model: BaseChatModel; readonly binding: Binding } | undefined;
  return (model, tools) => {
    if (last?.model === model && isSame(last.binding.tools, tools)) return last.binding;
    const binding = bind(model, tools);
    last = { model, binding };
    return binding;
  };
}

function bind(model: BaseChatModel, tools: readonly LoadedTool[]): Binding {
  if (!model.bindTools)
    throw new AgentError('invalid_configuration', 'The model cannot call tools. Choose another with LLM_MODEL.');
  const langchainTools = tools.map(({ tool }) => tool);
  const byName = new Map(tools.map((tool) => [tool.name, tool]));
  return {
    tools,
    model: tools.length > 0 ? model.bindTools(langchainTools) : model,
    toolNode: new ToolNode(langchainTools, { handleToolErrors: false }),
    findTool: (name) => byName.get(name),
  };
}

function isSame(a: readonly LoadedTool[], b: readonly LoadedTool[]): boolean {
  return a.length === b.length && a.every((tool, index) => tool === b[index]);
}
