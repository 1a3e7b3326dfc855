// `agent mcp …`: the servers of the configuration without a model: their states, logins and tools, and calls of tools by
// hand. Returns exit codes; what was asked for is on stdout, everything else on stderr.

import type { LoginPrompt } from '../auth/login-prompt.ts';
import { visibleJson, visibleText } from '../chat/visible-text.ts';
import type { AgentConfig } from '../config.ts';
import { AgentError, EXIT_CODES } from '../errors.ts';
import { createApprovals } from '../mcp/approvals.ts';
import { createServers, type ServerStatus, type StartedServers } from '../mcp/servers.ts';
import { CALL_HOOKS, type CallHooks, type LoadedTool } from '../mcp/tools.ts';
import { noSuchServer } from '../mcp-file.ts';
import { describeChange, describeServer, listServers, listTools, serverAsJson, toolAsJson } from './mcp-report.ts';
import { parseArguments, toArguments } from './tool-arguments.ts';

export interface McpCommandOptions {
  readonly config: AgentConfig;
  readonly json: boolean;
  readonly signal: AbortSignal;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** Whom to ask for a login; default nobody. */
  readonly prompt?: LoginPrompt | undefined;
  /** Asks a person; the answer is yes or no. Without it there is nobody to ask. */
  readonly confirm?: ((question: string) => Promise<boolean>) | undefined;
}

/** Every server with its state. Always 0: that one is down is an answer. */
export async function mcpList(options: McpCommandOptions): Promise<number> {
  return await withServers(options, undefined, async (servers) => {
    print(options, { servers: servers.statuses().map(serverAsJson) }, () =>
      listServers(servers.statuses(), Date.now()),
    );
    return 0;
  });
}

/** All about one server, or about each. The exit code says why the first one is not connected that should be. */
export async function mcpStatus(options: McpCommandOptions, name?: string): Promise<number> {
  return await withServers(options, name, async (servers) => {
    const shown = servers.statuses().filter((status) => name === undefined || status.name === name);
    print(options, { servers: shown.map(serverAsJson) }, () =>
      shown.map((status) => describeServer(status, Date.now())).join('\n'),
    );
    const missing = shown.find((status) => !isFine(status) && (name !== undefined || status.state !== 'disabled'));
    const failure = missing && servers.failureOf(missing.name);
    return failure ? EXIT_CODES[failure.code] : 0;
  });
}

/** Signs in, whatever is stored, asking for `scopes` beside what the server asks for, and connects. */
export async function mcpLogin(
  options: McpCommandOptions,
  name: string,
  scopes: readonly string[] = [],
): Promise<number> {
  const servers = await start(options, []);
  try {
    const status = await servers.login(name, options.signal, scopes);
    print(options, serverAsJson(status), () => describeServer(status, Date.now()));
    const failure = servers.failureOf(name);
    return failure && !isFine(status) ? EXIT_CODES[failure.code] : 0;
  } finally {
    await servers.close();
  }
}

/** Revokes and forgets the tokens. */
export async function mcpLogout(options: McpCommandOptions, name: string): Promise<number> {
  const servers = await start(options, []);
  try {
    const status = await servers.logout(name);
    print(options, serverAsJson(status), () => `${status.name}: ${visibleText(status.detail)}\n`);
    return 0;
  } finally {
    await servers.close();
  }
}

/** The tools of a server, or of all of them, under the names that the model sees. */
export async function mcpTools(options: McpCommandOptions, name?: string): Promise<number> {
  return await withServers(options, name, async (servers) => {
    if (name !== undefined) throwUnlessConnected(servers, name);
    const tools = servers.tools();
    print(options, { tools: tools.map(toolAsJson) }, () => listTools(tools));
    return 0;
  });
}

/**
 * Calls one tool, as `server.tool`, with `key=value`, `key:=json`, or one JSON object.
 *
 * @throws {AgentError} why there is no result
 */
export async function mcpCall(options: McpCommandOptions, target: string, words: readonly string[]): Promise<number> {
  const [name = '', ...rest] = target.split('.');
  const toolName = rest.join('.');
  if (name === '' || toolName === '')
    throw new AgentError(
      'usage',
      `Expected SERVER.TOOL, as in local.add, got ${JSON.stringify(target.slice(0, 120))}. All there are: npm run -s agent -- mcp tools`,
    );
  const given = parseArguments(words);
  return await withServers(options, name, async (servers) => {
    throwUnlessConnected(servers, name);
    const tool = findTool(servers, name, toolName);
    const hooks: CallHooks = {
      onProgress: ({ progress, total, message }) =>
        options.stderr(
          `${progress}${total === undefined ? '' : `/${total}`}${message ? ` ${visibleText(message)}` : ''}\n`,
        ),
    };
    const result = await tool.tool.invoke(
      { type: 'tool_call', id: 'call', name: tool.name, args: toArguments(given, tool.tool.schema) },
      { signal: options.signal, configurable: options.json ? {} : { [CALL_HOOKS]: hooks } },
    );
    print(
      options,
      { server: name, tool: toolName, content: result.content, structuredContent: result.artifact?.structuredContent },
      () => `${visibleText(textOf(result.content))}\n`,
    );
    return 0;
  });
}

/**
 * Shows what waits for approval and takes it: a definition of `.mcp.json` as `server`, a changed tool as `server.tool`.
 *
 * @throws {AgentError} `usage` when nothing waits, or there is nobody to ask and `isSure` is not set
 */
export async function mcpApprove(options: McpCommandOptions, target: string, isSure: boolean): Promise<number> {
  const [name = '', ...rest] = target.split('.');
  const server = options.config.servers.find((candidate) => candidate.name === name);
  if (!server) throw noSuchServer(name, options.config.servers);
  if (rest.length === 0) {
    if (server.approval === undefined) throw new AgentError('usage', `${name} needs no approval.`);
    const what =
      server.transport === 'stdio'
        ? `${name} runs on this machine, as you:\n  ${visibleText(server.url)}\n`
        : `${name} may get secrets of this machine, or its issuer may:\n  ${visibleText(server.url)}\n`;
    await agree(options, what, isSure);
    await createApprovals(options.config.approvalDirectory).approveDefinition(server.approval, name);
    options.stderr(`${name} may be used from now on, as it is defined now.\n`);
    return 0;
  }
  return await withServers(options, name, async (servers) => {
    throwUnlessConnected(servers, name);
    const tool = findTool(servers, name, rest.join('.'));
    if (!tool.change) throw new AgentError('usage', `${target} is what it was when it was approved.`);
    await agree(
      options,
      `${visibleText(tool.name)} is described otherwise now:\n${describeChange(tool.change)}`,
      isSure,
    );
    await servers.acceptTool(tool);
    options.stderr(`${visibleText(tool.name)} may be called from now on, as it is described now.\n`);
    return 0;
  });
}

async function agree({ confirm, stderr }: McpCommandOptions, what: string, isSure: boolean): Promise<void> {
  stderr(what);
  if (isSure) return;
  if (!confirm)
    throw new AgentError('usage', 'There is nobody to ask here. If you have seen it and are sure, add --yes.');
  if (!(await confirm('Is that all right? [y/N] '))) throw new AgentError('tool_refused', 'Nothing was approved.');
}

async function start({ config, signal, prompt, stderr }: McpCommandOptions, only?: readonly string[]) {
  const servers = await createServers({ config, signal, prompt, ...(only ? { only } : {}) });
  servers.subscribe((event) => {
    if (event.type === 'notice') stderr(`${visibleText(event.text)}\n`);
  });
  return servers;
}

async function withServers(
  options: McpCommandOptions,
  name: string | undefined,
  work: (servers: StartedServers) => Promise<number>,
): Promise<number> {
  const servers = await start(options, name === undefined ? undefined : [name]);
  try {
    // Also tells of a name that there is not.
    if (name !== undefined) servers.failureOf(name);
    return await work(servers);
  } finally {
    await servers.close();
  }
}

function throwUnlessConnected(servers: StartedServers, name: string): void {
  const failure = servers.failureOf(name);
  if (failure) throw failure;
}

function findTool(servers: StartedServers, server: string, name: string): LoadedTool {
  const own = servers.tools().filter((tool) => tool.server === server);
  const found = own.find((tool) => tool.sourceName === name || tool.name === name);
  if (found) return found;
  const names = own.map((tool) => tool.sourceName ?? tool.name).join(', ');
  throw new AgentError(
    'usage',
    `${server} has no tool ${JSON.stringify(name.slice(0, 80))}. Its tools are: ${visibleText(names)}.`,
  );
}

function isFine({ state }: ServerStatus): boolean {
  return state === 'connected';
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return JSON.stringify(content);
  return content
    .map((block: unknown) =>
      typeof block === 'object' && block !== null && 'text' in block
        ? String(block.text)
        : '[image, not shown; --json has it]',
    )
    .join('\n');
}

function print({ json, stdout }: McpCommandOptions, value: unknown, text: () => string): void {
  stdout(json ? `${visibleJson(JSON.stringify(value, null, 2))}\n` : text());
}
