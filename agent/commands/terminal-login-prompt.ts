// Asks the person at this terminal to sign in: a browser here, an address pasted back from a browser elsewhere, or a code
// for another device. Writes to standard error only.

import { createInterface } from 'node:readline/promises';
import type { Readable, Writable } from 'node:stream';
import type { LoginMethod, LoginPrompt, LoginRequest } from '../auth/login-prompt.ts';
import { visibleLine } from '../chat/visible-text.ts';
import type { Environment } from '../config.ts';

export interface TerminalLoginOptions {
  readonly input: Readable;
  /** Standard error: answers are on standard output. */
  readonly output: Writable;
  readonly environment: Environment;
  /** What the command line asks for; default: what is possible here. */
  readonly method?: LoginMethod | undefined;
  /** Whether the person has just asked for this login, and need not say yes once more. New scopes are asked about anyhow. */
  readonly isRequested?: boolean;
  /** Opens the browser; default the package `open`, which uses no shell. */
  readonly open?: (url: string) => Promise<unknown>;
  readonly platform?: NodeJS.Platform;
}

export function createTerminalLoginPrompt(options: TerminalLoginOptions): LoginPrompt {
  const { input, output, environment, method, isRequested = false, platform = process.platform } = options;
  const write = (text: string) => void output.write(`${text}\n`);
  const ask = async (question: string, signal: AbortSignal) => {
    const lines = createInterface({ input, output });
    try {
      return (await lines.question(question, { signal })).trim();
    } finally {
      lines.close();
    }
  };
  return {
    methods: method ? [method] : methodsOf(environment, platform),
    confirm: async (request, signal) => {
      for (const line of explain(request)) write(visibleLine(line));
      if (isRequested && request.reason !== 'step-up') return true;
      return /^y(es)?$/i.test(await ask('Sign in? [y/N] ', signal));
    },
    showAuthorizationUrl: async (url, how) => {
      // It carries no secret, but whoever follows it first ends this login: on the screen, and nowhere else.
      write(how === 'browser' ? 'If no browser opens, go to:' : 'Sign in with a browser on any machine:');
      write(`\n  ${url.href}\n`);
      if (how === 'paste') {
        write('It ends at an address that does not load. Copy that address from the browser.');
        return;
      }
      try {
        await (options.open ?? openBrowser)(url.href);
      } catch (error) {
        write(`No browser could be started: ${visibleLine(error instanceof Error ? error.message : String(error))}`);
      }
    },
    readPastedRedirect: (signal) => ask('Paste it here: ', signal),
    showDeviceCode: ({ userCode, verificationUri, verificationUriComplete, expiresInSeconds }) => {
      write(`On any device, go to ${visibleLine(verificationUri)} and type ${visibleLine(userCode)}`);
      if (verificationUriComplete) write(`or go straight to ${visibleLine(verificationUriComplete)}`);
      write(`The code is good for ${Math.max(1, Math.round(expiresInSeconds / 60))} minutes.`);
    },
  };
}

/** A browser on this machine needs a screen; over SSH and in a cloud shell it is elsewhere. */
export function methodsOf(environment: Environment, platform: NodeJS.Platform): readonly LoginMethod[] {
  const isElsewhere = ['SSH_CONNECTION', 'SSH_CLIENT', 'CODESPACES'].some((name) => environment[name]);
  const hasScreen = platform !== 'linux' || Boolean(environment['DISPLAY'] || environment['WAYLAND_DISPLAY']);
  return isElsewhere || !hasScreen ? ['paste', 'device'] : ['browser', 'paste', 'device'];
}

function explain({ server, serverUrl, issuer, reason, held, requested }: LoginRequest): string[] {
  const news = requested.filter((scope) => !held.includes(scope));
  const why = {
    'first-login': `${server} (${serverUrl}) wants you to sign in at ${issuer}.`,
    expired: `Your login at ${server} (${serverUrl}) has expired; ${issuer} gives a new one.`,
    'step-up': `${server} (${serverUrl}) needs more than you have granted so far; ${issuer} will ask you.`,
  }[reason];
  return [
    why,
    ...(held.length > 0 ? [`  held: ${held.join(' ')}`] : []),
    `  asked for: ${reason === 'step-up' ? `+ ${news.join(' ')}` : requested.join(' ') || 'what the server usually gives'}`,
  ];
}

async function openBrowser(url: string): Promise<void> {
  const { default: open } = await import('open');
  const child = await open(url);
  // Nobody waits for the browser to be closed.
  child.unref();
}
