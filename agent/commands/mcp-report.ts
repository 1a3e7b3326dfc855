// Servers and their tools as `agent mcp` shows them: a table for people, JSON for programs. Pure.

import type { LoginStatus } from '../auth/login-prompt.ts';
import { visibleLine, visibleText, widthOf } from '../chat/visible-text.ts';
import { diffLines } from '../mcp/line-difference.ts';
import type { ServerStatus } from '../mcp/servers.ts';
import type { LoadedTool } from '../mcp/tools.ts';
import { plural } from '../plural.ts';

/** One line a server, and below it what a person should know about one that is not connected. */
export function listServers(statuses: readonly ServerStatus[], nowMs: number): string {
  const rows = statuses.map((status) => [
    status.name,
    status.state,
    status.state === 'connected' ? plural(status.toolCount, 'tool') : '–',
    status.login ? (status.login.user ?? status.login.clientId) : '–',
    status.login ? expiryOf(status.login, nowMs) : '–',
    status.url,
  ]);
  const lines = table([['server', 'state', 'tools', 'signed in as', 'token', 'where'], ...rows]);
  return statuses
    .flatMap((status, index) => [
      lines[index + 1] ?? '',
      ...(status.detail === '' ? [] : [`  ${visibleLine(status.detail)}`]),
    ])
    .reduce((text, line) => `${text}${line}\n`, `${lines[0] ?? ''}\n`);
}

/** All that is known about one server. */
export function describeServer(status: ServerStatus, nowMs: number): string {
  const { login } = status;
  const rows: [string, string][] = [
    ['server', status.name],
    ['state', status.state],
    ...(status.detail === '' ? [] : [['detail', status.detail] satisfies [string, string]]),
    ['where', `${status.url} (${status.transport})`],
    ['protocol', status.protocolVersion ?? '–'],
    ['tools', String(status.toolCount)],
    ['annotations', status.isTrusted ? 'believed' : 'not believed'],
    ...(login ? describeLogin(login, nowMs) : [['login', 'none'] satisfies [string, string]]),
  ];
  return `${table(rows).join('\n')}\n`;
}

function describeLogin(login: LoginStatus, nowMs: number): [string, string][] {
  return [
    ['signed in as', login.user ?? login.clientId],
    ['grant', `${login.grant} (profile ${login.profile})`],
    ['scopes', login.scopes.join(' ') || 'none'],
    ['token', `${expiryOf(login, nowMs)}${login.canRefresh ? ', can be renewed' : ''}`],
    ['issuer', login.issuer],
    ['resource', login.resource],
  ];
}

/** For programs; times as ISO 8601. */
export function serverAsJson({ login, ...status }: ServerStatus) {
  return {
    ...status,
    login: login && {
      ...login,
      expiresAtMs: undefined,
      expiresAt: login.expiresAtMs === undefined ? undefined : new Date(login.expiresAtMs).toISOString(),
    },
  };
}

export function listTools(tools: readonly LoadedTool[]): string {
  if (tools.length === 0) return 'no tools\n';
  return tools
    .map(({ name, description, scopes, annotations, change }) => {
      const marks = [
        ...(change ? ['CHANGED since it was approved'] : []),
        ...(annotations.readOnlyHint === true ? ['reads only'] : []),
        ...(annotations.destructiveHint === true ? ['destroys'] : []),
        ...(scopes.length > 0 ? [`needs ${scopes.join(' ')}`] : []),
      ];
      return `${visibleLine(name)}${marks.length > 0 ? ` (${visibleLine(marks.join(', '))})` : ''}\n  ${visibleLine(description)}\n`;
    })
    .join('');
}

export function toolAsJson({ tool, ...loaded }: LoadedTool) {
  return { ...loaded, inputSchema: tool.schema };
}

/** What a server said before, and what it says now; only the lines that differ, with a sign. */
export function describeChange({ before, after }: { readonly before: string; readonly after: string }): string {
  return diffLines(before, after)
    .map(({ sign, line }) => `${sign} ${visibleText(line)}\n`)
    .join('');
}

function expiryOf({ expiresAtMs }: LoginStatus, nowMs: number): string {
  if (expiresAtMs === undefined) return 'no expiry known';
  const minutes = Math.round((expiresAtMs - nowMs) / 60_000);
  if (expiresAtMs <= nowMs) return 'expired';
  if (minutes < 1) return 'expires in less than a minute';
  return minutes < 120 ? `expires in ${minutes} min` : `expires in ${Math.round(minutes / 60)} h`;
}

function table(rows: readonly (readonly string[])[]): string[] {
  const cells = rows.map((row) => row.map(visibleLine));
  const columns = Math.max(...cells.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...cells.map((row) => widthOf(row[column] ?? ''))),
  );
  return cells.map((row) =>
    row
      .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - widthOf(cell)))
      .join('  ')
      .trimEnd(),
  );
}
