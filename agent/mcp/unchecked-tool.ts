// A LangChain tool that shows its schema to the model and leaves checking arguments to the server, which has to do it
// anyhow. LangChain's own check would follow whatever a server writes into its schema, with regular expressions of its
// choice, and refuses calls that the server takes.

import { DynamicStructuredTool } from '@langchain/core/tools';

type CallParameters = Parameters<DynamicStructuredTool['call']>;

export class UncheckedTool extends DynamicStructuredTool {
  override call(...parameters: CallParameters): ReturnType<DynamicStructuredTool['call']> {
    // The same tool, but for the schema that `call` checks arguments against.
    const unchecked: DynamicStructuredTool = Object.create(this, { schema: { value: {} } });
    return DynamicStructuredTool.prototype.call.apply(unchecked, parameters);
  }
}
