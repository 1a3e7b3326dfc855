// `agent doctor`: everything that has to be right for an answer, looked at one by one, with what to do about what is not.

import { lstat, readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createBoundedFetch } from '../auth/bounded-fetch.ts';
import { discoverResource } from '../auth/discovery.ts';
import type { LoginPrompt } from '../auth/login-prompt.ts';
import { loginCommandFor } from '../auth/token-rules.ts';
import type { TokenSource } from '../auth/token-source.ts';
import { visibleJson, visibleLine } from '../chat/visible-text.ts';
import { type AgentConfig, type Environment, type Flags, type HttpServerConfig, parseConfig } from '../config.ts';
import type { LoginConfig } from '../credential-config.ts';
import { AgentError, type AgentErrorCode, EXIT_CODES } from '../errors.ts';
import { openLogin } from '../mcp/login-source.ts';
import { createServers, type ServerStatus } from '../mcp/servers.ts';
import { checkModel, selectModel } from '../models/registry.ts';
import { plural } from '../plural.ts';
import { diagnoseToken, type Finding } from './token-diagnosis.ts';

export interface DoctorOptions {
  readonly environment: Environment;
  readonly flags: Flags;
  readonly json: boolean;
  readonly isTerminal: boolean;
  readonly signal: AbortSignal;
  readonly stdout: (text: string) => void;
  readonly nodeVersion: string;
  readonly prompt?: LoginPrompt | undefined;
}

const MIN_NODE = [22, 18] as const;
/** Tokens of a minute's life fail beyond this. */
const MAX_SKEW_SECONDS = 30;

/** Writes the findings; the exit code is that of the first problem, 0 when there is none. */
export async function doctor(options: DoctorOptions): Promise<number> {
  const findings = await examine(options);
  const { json, stdout } = options;
  stdout(json ? `${visibleJson(JSON.stringify({ findings }, null, 2))}\n` : findings.map(describe).join(''));
  const first = findings.find(({ state }) => state === 'problem');
  return first ? EXIT_CODES[first.code ?? 'internal'] : 0;
}

async function examine(options: DoctorOptions): Promise<Finding[]> {
  const findings = [examineNode(options.nodeVersion), examineModel(options)];
  let config: AgentConfig;
  try {
    config = parseConfig(options.environment, options.flags);
  } catch (error) {
    return [...findings, problemOf('configuration', error)];
  }
  return [
    ...findings,
    {
      check: 'configuration',
      state: 'ok',
      text: `${plural(config.servers.length, 'server')}, credential: ${config.credential.kind}`,
      advice: '',
    },
    ...(await examineStore(config)),
    ...(await examineServers(config, options)),
  ];
}

function examineNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isNew = major > MIN_NODE[0] || (major === MIN_NODE[0] && minor >= MIN_NODE[1]);
  if (isNew) return { check: 'node', state: 'ok', text: version, advice: '' };
  const advice = 'npm install brings a current Node along; the npm scripts use it.';
  return { check: 'node', state: 'problem', text: `${version} cannot run TypeScript`, advice, code: 'missing_package' };
}

function examineModel({ environment, isTerminal }: DoctorOptions): Finding {
  try {
    checkModel(environment, undefined, isTerminal);
    const { provider, model } = selectModel(environment);
    return { check: 'model', state: 'ok', text: model === '' ? provider : `${provider}:${model}`, advice: '' };
  } catch (error) {
    return problemOf('model', error);
  }
}

/** Directories 0700, files 0600: what others could read is no secret any more. */
async function examineStore({ tokenDirectory, approvalDirectory }: AgentConfig): Promise<Finding[]> {
  const check = 'token store';
  const folders = [tokenDirectory, approvalDirectory].filter((folder) => folder !== undefined);
  if (folders.length === 0) return [{ check, state: 'ok', text: 'nothing is kept (TOKEN_STORE=none)', advice: '' }];
  const stateDirectory = dirname(folders[0] ?? '');
  const open: string[] = [];
  const damaged: string[] = [];
  const look = async (path: string): Promise<void> => {
    const stats = await lstat(path);
    if (stats.isSymbolicLink() || (stats.mode & 0o077) !== 0 || stats.uid !== (process.getuid?.() ?? stats.uid))
      open.push(path);
    else if (stats.isFile() && path.endsWith('.json') && !isRecord(await readFile(path, 'utf8'))) damaged.push(path);
    if (stats.isDirectory()) for (const name of await readdir(path)) await look(join(path, name));
  };
  try {
    for (const folder of folders) await look(folder).catch(ignoreMissing);
  } catch (error) {
    return [
      problemOf(check, new AgentError('invalid_configuration', `${stateDirectory} cannot be read: ${String(error)}`)),
    ];
  }
  if (open.length + damaged.length === 0)
    return [{ check, state: 'ok', text: `${stateDirectory}, for you alone`, advice: '' }];
  return [
    ...open.map(
      (path): Finding => ({
        check,
        state: 'problem',
        text: `${path} is a link, another user's, or open to others`,
        advice: 'Delete it and sign in again.',
        code: 'login_required',
      }),
    ),
    ...damaged.map(
      (path): Finding => ({
        check,
        state: 'warning',
        text: `${path} is damaged: what it held counts for nothing`,
        advice: 'Delete it; where a login is missing, sign in again, and approve anew where that is asked for.',
      }),
    ),
  ];
}

/** Whatever is kept is a JSON object. */
function isRecord(text: string): boolean {
  try {
    const content: unknown = JSON.parse(text);
    return typeof content === 'object' && content !== null && !Array.isArray(content);
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

async function examineServers(config: AgentConfig, { signal, prompt }: DoctorOptions): Promise<Finding[]> {
  const sources = new Map<string, TokenSource>();
  let redact = (text: string) => text;
  const servers = await createServers({
    config,
    signal,
    openLogin: (server, secrets) => {
      redact = secrets.redact;
      const source = openLogin(server, { config, prompt, secrets });
      sources.set(server.name, source);
      return source;
    },
  });
  try {
    const statuses = new Map(servers.statuses().map((status) => [status.name, status]));
    const findings = await Promise.all(
      config.servers.map(async (server) => {
        const status = statuses.get(server.name);
        if (!status) return [];
        const state = stateFinding(status, servers.failureOf(server.name)?.code);
        if (server.transport !== 'http' || status.state === 'disabled' || status.state === 'unreachable')
          return [state];
        return [state, ...(await examineLogin(server, sources.get(server.name), config.login, redact))];
      }),
    );
    return findings.flat().map(({ check, text, advice, ...finding }) => ({
      ...finding,
      check: redact(check),
      text: redact(text),
      advice: redact(advice),
    }));
  } finally {
    await servers.close();
  }
}

function stateFinding({ name, state, detail, toolCount }: ServerStatus, code: AgentErrorCode = 'internal'): Finding {
  const check = `server ${name}`;
  if (state === 'connected') return { check, state: 'ok', text: `connected, ${plural(toolCount, 'tool')}`, advice: '' };
  if (state === 'disabled') return { check, state: 'warning', text: 'disabled', advice: detail };
  return { check, state: 'problem', text: state, advice: detail, code };
}

/** The clock of the server against ours, and the token as the server will read it. */
async function examineLogin(
  server: HttpServerConfig,
  source: TokenSource | undefined,
  { profile }: LoginConfig,
  redact: (text: string) => string,
): Promise<Finding[]> {
  const prefixed = (finding: Finding): Finding => ({ ...finding, check: `${finding.check} for ${server.name}` });
  let serverTimeMs: number | undefined;
  const bounded = createBoundedFetch();
  const fetch: typeof bounded = async (url, init) => {
    const response = await bounded(url, init);
    const date = Date.parse(response.headers.get('date') ?? '');
    if (!Number.isNaN(date)) serverTimeMs = date;
    return response;
  };
  try {
    const token = await source?.current();
    if (token === undefined) return [];
    const resource = await discoverResource(server.url, { resourceMetadataUrl: undefined, scope: undefined }, fetch);
    const expected = {
      ...resource,
      // A server may call our token a scope; without it, the command to sign in is not one to be copied.
      scopes: resource.scopes?.map(redact),
      nowMs: Date.now(),
      grant: (await source?.status())?.grant,
      loginCommand: loginCommandFor(server.name, server.auth?.login.profile ?? profile),
    };
    return [...clockFindings(serverTimeMs), ...diagnoseToken(token, expected)].map(prefixed);
  } catch (error) {
    return [prefixed(problemOf('token', error))];
  }
}

function clockFindings(serverTimeMs: number | undefined): Finding[] {
  if (serverTimeMs === undefined) return [];
  const skewSeconds = Math.round(Math.abs(serverTimeMs - Date.now()) / 1000);
  if (skewSeconds <= MAX_SKEW_SECONDS) return [];
  return [
    {
      check: 'clock',
      state: 'warning',
      text: `this machine and the server differ by ${skewSeconds} s`,
      advice: 'Set the clock, or have it set (NTP): tokens are good for minutes.',
    },
  ];
}

function problemOf(check: string, error: unknown): Finding {
  if (!(error instanceof AgentError)) throw error;
  return { check, state: 'problem', text: error.message, advice: '', code: error.code };
}

function describe({ check, state, text, advice }: Finding): string {
  const sign = { ok: '✓', warning: '!', problem: '✗' }[state];
  const lines = text.split('\n').map(visibleLine);
  return `${sign} ${visibleLine(check)}: ${lines.join('\n    ')}\n${advice === '' ? '' : `    ${visibleLine(advice)}\n`}`;
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
}
