// Commands about servers: what they offer, who is signed in, and their content for the next turn.

import type { LoginStatus } from '../../auth/login-prompt.ts';
import type { ServerPrompt, ServerStatus } from '../../mcp/servers.ts';
import { plural } from '../../plural.ts';
import type { Paint } from '../terminal.ts';
import { scopesText } from '../turn-lines.ts';
import { cutToWidth, visibleLine } from '../visible-text.ts';
import { type Command, type CommandContext, type CommandOutcome, type CompletionContext, text } from './command.ts';

export const SERVER_COMMANDS: readonly Command[] = [
  {
    name: '/tools',
    usage: '[word]',
    description: 'the tools, their servers and the scopes they need',
    run: listTools,
    complete: ({ agent }) => agent.servers.tools().map(({ name }) => name),
  },
  { name: '/servers', usage: '', description: 'the servers, their state and who is signed in', run: listServers },
  {
    name: '/login',
    usage: '[server] [scopes]',
    description: 'signs in at a server, for these scopes too',
    run: login,
    complete: completeServer,
  },
  {
    name: '/logout',
    usage: '[server]',
    description: 'revokes and forgets the tokens of a server',
    run: logout,
    complete: completeServer,
  },
  {
    name: '/resources',
    usage: '[uri]',
    description: 'lists resources; with a uri, puts its content into the next turn',
    run: resources,
    complete: async ({ agent }) => (await agent.servers.resources()).map(({ uri }) => uri),
  },
  {
    name: '/prompts',
    usage: '[name argument=value …]',
    description: "lists prompts; with a name, puts the prompt's text into the next turn",
    run: prompts,
    complete: completePrompt,
  },
];

async function listTools(
  { agent, paint, columns }: CommandContext,
  [word = '']: readonly string[],
): Promise<CommandOutcome> {
  const tools = agent.servers.tools().filter(({ name, server }) => `${server}.${name}`.includes(word));
  const lines = tools.flatMap((tool) => {
    const scopes = tool.scopes.length === 0 ? '' : ` · needs ${scopesText(tool.scopes)}`;
    const changed = tool.change === undefined ? '' : paint('bad', ' · changed since it was approved');
    const heading = `${paint('strong', visibleLine(tool.name))}${paint('dim', ` · ${visibleLine(tool.server)}${scopes}`)}${changed}`;
    const description = visibleLine(tool.description);
    return description === '' ? [heading] : [heading, `  ${cutToWidth(description, columns - 2)}`];
  });
  if (lines.length > 0) return text(...lines);
  return text(word === '' ? 'no tools: no server offers any' : `no tool has ${visibleLine(word)} in its name`);
}

async function listServers({ agent, paint, now }: CommandContext): Promise<CommandOutcome> {
  const lines = agent.servers
    .statuses()
    .flatMap((status) => [
      `${paint('strong', visibleLine(status.name))} ${stateText(status, paint)}${paint('dim', ` · ${visibleLine(status.url)}`)}`,
      ...(status.detail === '' ? [] : [`  ${visibleLine(status.detail)}`]),
      ...(status.login === undefined ? [] : [`  ${loginText(status.login, now())}`]),
    ]);
  return text(...(lines.length === 0 ? ['no servers are configured'] : lines));
}

/** `connected, 11 tools`; the state in its own word otherwise. */
export function stateText({ state, toolCount, isTrusted }: ServerStatus, paint: Paint): string {
  const tools = plural(toolCount, 'tool');
  if (state !== 'connected') return paint('bad', state);
  return `${paint('good', 'connected')}, ${tools}${isTrusted ? ', trusted' : ''}`;
}

function loginText(
  { issuer, user, clientId, grant, scopes, expiresAtMs, canRefresh }: LoginStatus,
  nowMs: number,
): string {
  const who = user === undefined ? `client ${visibleLine(clientId)}` : visibleLine(user);
  const minutes = expiresAtMs === undefined ? undefined : Math.round((expiresAtMs - nowMs) / 60_000);
  const expiry = minutes === undefined ? '' : minutes <= 0 ? ' · expired' : ` · expires in ${minutes} min`;
  const renewal = canRefresh ? ', renews itself' : '';
  return `${who} by ${grant} at ${visibleLine(issuer)} · holds ${scopesText(scopes)}${expiry}${renewal}`;
}

async function login(context: CommandContext, [name, ...scopes]: readonly string[]): Promise<CommandOutcome> {
  const server = serverNamed(context, name, 'sign in at');
  if ('type' in server) return server;
  return text(changedText(await context.agent.servers.login(server.name, context.signal, scopes), context));
}

async function logout(context: CommandContext, [name]: readonly string[]): Promise<CommandOutcome> {
  const server = serverNamed(context, name, 'sign out at');
  if ('type' in server) return server;
  const status = await context.agent.servers.logout(server.name);
  const shown = visibleLine(status.name);
  // The way back is another one here than the one that a command line is told.
  if (status.login === undefined) return text(`${shown} signed out · /login ${shown} signs in again`);
  return text(changedText(status, context));
}

function changedText(status: ServerStatus, { paint, now }: CommandContext): string {
  const signedIn = status.login === undefined ? 'signed out' : loginText(status.login, now());
  const detail = status.detail === '' ? '' : ` · ${visibleLine(status.detail)}`;
  return `${visibleLine(status.name)} ${stateText(status, paint)} · ${signedIn}${detail}`;
}

/** The server of that name, or the only one there is. */
function serverNamed(
  { agent }: CommandContext,
  name: string | undefined,
  purpose: string,
): ServerStatus | CommandOutcome {
  const statuses = agent.servers.statuses();
  const found = name === undefined && statuses.length === 1 ? statuses[0] : statuses.find((one) => one.name === name);
  if (found !== undefined) return found;
  const names = statuses.map((one) => visibleLine(one.name)).join(', ');
  return text(
    name === undefined ? `which server to ${purpose}? ${names}` : `no server ${visibleLine(name)}; there is ${names}`,
  );
}

function completeServer({ agent }: CompletionContext): readonly string[] {
  return agent.servers.statuses().map(({ name }) => name);
}

async function resources(
  { agent, conversation, paint, columns, signal }: CommandContext,
  [uri]: readonly string[],
): Promise<CommandOutcome> {
  const all = await agent.servers.resources();
  if (uri === undefined) {
    if (all.length === 0) return text('no server offers resources');
    return text(
      ...all.map(({ uri: address, name, server }) =>
        cutToWidth(
          `${paint('strong', visibleLine(address))} ${visibleLine(name)} · ${visibleLine(server)}`,
          columns + 8,
        ),
      ),
      paint('dim', '/resources URI puts one into the next turn'),
    );
  }
  const listed = all.find((resource) => resource.uri === uri);
  const [only, ...others] = agent.servers.statuses().filter(({ state }) => state === 'connected');
  const server = listed?.server ?? (others.length === 0 ? only?.name : undefined);
  if (server === undefined) return text(`no server lists ${visibleLine(uri)}`);
  const content = await agent.servers.readResource(server, uri, signal);
  conversation.attach({ server, name: `resource ${uri}`, text: content });
  return text(attachedText(`${uri} of ${server}`, content, paint));
}

async function prompts(
  { agent, conversation, paint, signal }: CommandContext,
  [name, ...words]: readonly string[],
): Promise<CommandOutcome> {
  const all = await agent.servers.prompts();
  if (name === undefined) {
    if (all.length === 0) return text('no server offers prompts');
    return text(
      ...all.map(
        (prompt) =>
          `${paint('strong', visibleLine(prompt.name))}${argumentsHint(prompt)} · ${visibleLine(prompt.server)} – ${visibleLine(prompt.description)}`,
      ),
      paint('dim', '/prompts NAME argument=value puts one into the next turn'),
    );
  }
  const prompt = all.find((one) => one.name === name);
  if (prompt === undefined) return text(`no server offers a prompt ${visibleLine(name)}; /prompts lists all`);
  const args = parsePairs(words);
  const missing = prompt.arguments.filter((one) => one.required && args[one.name] === undefined);
  if (missing.length > 0) return text(`${visibleLine(name)} needs${argumentsHint({ ...prompt, arguments: missing })}`);
  const content = await agent.servers.getPrompt(prompt.server, name, args, signal);
  conversation.attach({ server: prompt.server, name: `prompt ${name}`, text: content });
  return text(attachedText(`prompt ${name} of ${prompt.server}`, content, paint));
}

function attachedText(what: string, content: string, paint: Paint): string {
  const preview = cutToWidth(visibleLine(content), 120);
  return `attached ${visibleLine(what)} (${plural(content.length, 'character')}): say what to do with it\n${paint('dim', `  ${preview}`)}`;
}

function argumentsHint(prompt: ServerPrompt): string {
  return prompt.arguments
    .map(({ name, required }) => (required ? ` ${visibleLine(name)}=…` : ` [${visibleLine(name)}=…]`))
    .join('');
}

/** `a=1 b=two words` as pairs: a word without `=` belongs to the value before it. */
function parsePairs(words: readonly string[]): Readonly<Record<string, string>> {
  const pairs: [string, string][] = [];
  for (const word of words) {
    const at = word.indexOf('=');
    const last = pairs.at(-1);
    if (at > 0) pairs.push([word.slice(0, at), word.slice(at + 1)]);
    else if (last) last[1] += ` ${word}`;
  }
  return Object.fromEntries(pairs);
}

async function completePrompt(
  { agent }: CompletionContext,
  [name]: readonly string[],
  last: string,
): Promise<readonly string[]> {
  const all = await agent.servers.prompts();
  if (name === undefined) return all.map((prompt) => prompt.name);
  const prompt = all.find((one) => one.name === name);
  if (prompt === undefined) return [];
  const at = last.indexOf('=');
  if (at < 0) return prompt.arguments.map((one) => `${one.name}=`);
  const argument = last.slice(0, at);
  const values = await agent.servers.complete(prompt.server, name, argument, last.slice(at + 1));
  return values.map((value) => `${argument}=${value}`);
}
