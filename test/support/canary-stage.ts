// A stage for the agent's secrets: a home, servers and an issuer that tell all they are sent, and at its end a search for every
// secret in everything that was written, to whatever place but the token store.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { McpCommandOptions } from '../../agent/commands/mcp.ts';
import { parseConfig } from '../../agent/config.ts';
import { AgentError } from '../../agent/errors.ts';
import { type Finished, finish, startAgentProcess } from './agent-process.ts';
import { createTellingPeer, type TellingPeer } from './telling-peer.ts';

/** One agent with a home of its own, and the peer that it talks to. */
export interface Stage {
  readonly peer: TellingPeer;
  readonly folder: string;
  /** Secrets of the configuration, by what they are. */
  readonly canaries: Map<string, string>;
  canary(what: string, prefix?: string): string;
  /** Writes a file that holds secrets by its nature; it is not looked into. */
  secretFile(name: string, text: string): string;
  configure(servers: Readonly<Record<string, unknown>>): void;
  run(args: readonly string[]): Promise<Finished>;
  start(args: readonly string[]): ReturnType<typeof startAgentProcess>;
  /** Runs a command in this process, with all servers approved of; what it printed, and how it failed. */
  here(command: (options: McpCommandOptions) => Promise<number>): Promise<string>;
  /** Keeps what a person sees. */
  say(where: string, text: string): void;
  readonly environment: Record<string, string>;
}

/** Runs `play` in a folder of `root`, and then looks for every secret in everything that was written. */
export async function playStage(root: string, name: string, play: (stage: Stage) => Promise<void>): Promise<void> {
  const folder = join(root, name);
  for (const part of ['state', 'data', 'home', 'temporary'])
    mkdirSync(join(folder, part), { recursive: true, mode: 0o700 });
  const peer = await createTellingPeer();
  const canaries = new Map<string, string>();
  const secretFiles = new Set<string>();
  const said: Record<string, string> = {};
  const browser = join(folder, 'browser.sh');
  writeFileSync(browser, `#!/bin/sh\nprintf '%s\\n' "$@" >> ${folder}/browser-words\n`, { mode: 0o755 });
  const environment: Record<string, string> = {
    HOME: join(folder, 'home'),
    TMPDIR: join(folder, 'temporary'),
    XDG_STATE_HOME: join(folder, 'state'),
    DATA_DIR: join(folder, 'data'),
    MCP_CONFIG: join(folder, 'mcp.json'),
    BROWSER: browser,
    LLM_MODEL: 'openai:double',
    OPENAI_BASE_URL: `${peer.origin}/v1`,
    NODE_DEBUG: 'agent-models',
    DEBUG: '*',
    NO_COLOR: '1',
  };
  const start: Stage['start'] = (args) => startAgentProcess(args, environment);
  const say: Stage['say'] = (where, text) => {
    said[`${where} (${Object.keys(said).length})`] = text;
  };
  try {
    await play({
      peer,
      folder,
      canaries,
      environment,
      canary: (what, prefix = '') => {
        const value = `${prefix}${what.replaceAll(' ', '-')}-canary-${randomUUID()}`;
        canaries.set(what, value);
        return value;
      },
      secretFile: (file, text) => {
        const path = join(folder, file);
        writeFileSync(path, text, { mode: 0o600 });
        secretFiles.add(path);
        return path;
      },
      configure: (servers) => {
        writeFileSync(join(folder, 'mcp.json'), JSON.stringify({ mcpServers: servers }));
        secretFiles.add(join(folder, 'mcp.json'));
      },
      start,
      say,
      run: async (args) => {
        const finished = await finish(start(args));
        say(args.join(' '), `${finished.stdout}\n${finished.stderr}`);
        return finished;
      },
      here: async (command) => {
        let printed = '';
        const print = (text: string) => {
          printed += text;
        };
        const config = parseConfig(environment, { trustMcpFile: true });
        const { signal } = new AbortController();
        await command({ config, json: false, signal, stdout: print, stderr: print }).catch((error: unknown) => {
          assert.ok(error instanceof AgentError, String(error));
          print(`${error.message}\n${JSON.stringify(error.details)}`);
        });
        say(String(command), printed);
        return printed;
      },
    });
    const written = new Map(Object.entries(said));
    for (const path of filesUnder(folder))
      if (!secretFiles.has(path) && !relative(folder, path).startsWith('state/authorized-mcp-agent/tokens/'))
        written.set(relative(folder, path), readFileSync(path, 'latin1'));
    const leaks: string[] = [];
    for (const [what, secret] of [...canaries, ...peer.secrets])
      for (const [where, text] of written)
        for (const [form, spelling] of spellingsOf(secret))
          if (text.includes(spelling)) {
            const at = text.indexOf(spelling);
            leaks.push(`${what} in ${form} stands in ${where}: …${text.slice(Math.max(0, at - 120), at + 60)}`);
          }
    assert.deepEqual(leaks, []);
  } finally {
    await peer.close();
  }
}

/** That it was there to be leaked: without it, the rest proves nothing. */
export function assertSent({ peer }: Stage, ...sent: string[]): void {
  for (const secret of sent) assert.ok(peer.sent.has(secret), `${secret} was never sent`);
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => join(folder, path))
    .filter((path) => statSync(path).isFile());
}

/** In the middle of a longer text, base64 shows it in three ways, but for its first and last characters. */
function spellingsOf(secret: string): [string, string][] {
  const bytes = Buffer.from(secret);
  const spellings: [string, string][] = [
    ['plain', secret],
    // Messages are cut.
    ['its beginning', secret.slice(0, Math.ceil(secret.length * 0.75))],
    ['percent-encoding', encodeURIComponent(secret)],
    ['hexadecimal', bytes.toString('hex')],
  ];
  for (const shift of [0, 1, 2]) {
    const sure = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replace(/=+$/, '')
      .slice(shift === 0 ? 0 : 4, -4);
    spellings.push(['base64', sure], ['base64url', sure.replaceAll('+', '-').replaceAll('/', '_')]);
  }
  return spellings;
}
