// Tools that talk with the client while they run: logs, progress, a closed stream, news of changes.

import { setTimeout as pause } from 'node:timers/promises';
import type { McpServer, ServerContext } from '@modelcontextprotocol/server';
import type { ChangeFeed } from '../change-feed.ts';
import { textResult } from './samples.ts';

/** Long enough that the suite sees several events instead of one burst. */
const STEP_MS = 50;

export function registerConversationTools(server: McpServer, changes: ChangeFeed): void {
  server.registerTool('test_tool_with_logging', { description: 'Logs three times' }, async (context) => {
    const { signal } = context.mcpReq;
    await context.mcpReq.log('info', 'Tool execution started');
    await pause(STEP_MS, undefined, { signal });
    await context.mcpReq.log('info', 'Tool processing data');
    await pause(STEP_MS, undefined, { signal });
    await context.mcpReq.log('info', 'Tool execution completed');
    return textResult('Logged three times');
  });
  server.registerTool('test_logging_tool', { description: 'Logs if the client wants to hear' }, async (context) => {
    await context.mcpReq.log('info', 'Tool is running');
    return textResult('Logged if asked to');
  });
  server.registerTool('test_tool_with_progress', { description: 'Reports progress three times' }, async (context) => {
    for (const progress of [0, 50, 100]) {
      await reportProgress(context, progress);
      if (progress < 100) await pause(STEP_MS, undefined, { signal: context.mcpReq.signal });
    }
    return textResult('Reported progress three times');
  });
  server.registerTool('test_reconnection', { description: 'Closes its stream in the middle' }, async (context) => {
    await pause(STEP_MS, undefined, { signal: context.mcpReq.signal });
    context.http?.closeSSE?.();
    await pause(2 * STEP_MS, undefined, { signal: context.mcpReq.signal });
    return textResult('Reconnection test completed successfully');
  });
  server.registerTool('test_trigger_tool_change', { description: 'Says that the tools have changed' }, () => {
    changes.publish({ kind: 'tools_list_changed' });
    return textResult('Told everybody');
  });
  server.registerTool('test_trigger_prompt_change', { description: 'Says that the prompts have changed' }, () => {
    changes.publish({ kind: 'prompts_list_changed' });
    return textResult('Told everybody');
  });
  server.registerTool('test_trigger_resource_change', { description: 'Says that a resource has changed' }, () => {
    changes.publish({ kind: 'resource_updated', uri: 'test://watched-resource' });
    return textResult('Told everybody');
  });
}

async function reportProgress(context: ServerContext, progress: number): Promise<void> {
  const progressToken = context.mcpReq._meta?.progressToken;
  if (progressToken === undefined) return;
  await context.mcpReq.notify({
    method: 'notifications/progress',
    params: { progressToken, progress, total: 100, message: `Completed step ${progress} of 100` },
  });
}
