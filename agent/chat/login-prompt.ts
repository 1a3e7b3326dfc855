// The sign-in as a person meets it in a terminal, in the chat and in commands: with what is held and what is new, asked
// before anything opens; then a browser here, an address to paste, or a code for another device.

import type { DeviceCode, LoginMethod, LoginPrompt, LoginRequest } from '../auth/login-prompt.ts';
import { AgentError } from '../errors.ts';
import type { KeyPress } from './key-router.ts';
import type { Questions } from './questions.ts';
import type { Paint } from './terminal.ts';
import { scopesText } from './turn-lines.ts';
import { visibleLine } from './visible-text.ts';

/** How a person is asked here. */
export interface LoginQuestions {
  /** Shows the text, in whole lines, and asks whether to sign in; only a clear yes is one. Rejects when `signal` aborts. */
  agree(text: string, signal: AbortSignal): Promise<boolean>;
  /** Reads a line that stays off the screen; `undefined` when the person gives up. Rejects when `signal` aborts. */
  readHidden(prompt: string, signal: AbortSignal): Promise<string | undefined>;
}

export interface TerminalLoginPromptOptions {
  readonly questions: LoginQuestions;
  /** Writes whole lines. What is written must go to the terminal alone: it may hold an authorization URL. */
  readonly print: (text: string) => void;
  readonly paint: Paint;
  readonly methods: readonly LoginMethod[];
  /** Opens a page in the person's browser. Rejects if there is none. */
  readonly openUrl: (url: string) => Promise<void>;
}

export function createTerminalLoginPrompt(options: TerminalLoginPromptOptions): LoginPrompt {
  const { questions, print, paint, methods, openUrl } = options;
  return {
    methods,
    async confirm(request, signal) {
      const text = loginText(request, paint);
      if (!request.isRequested) return await questions.agree(text, signal);
      // Who has just asked for it need not be asked.
      print(text);
      return true;
    },
    async showAuthorizationUrl(url, method) {
      if (method === 'paste') {
        print(`Open this address in a browser, on any machine:\n\n${visibleLine(url.href)}\n\n`);
        print(
          'At the end the browser shows a page, or an error, at an address that begins with http://127.0.0.1 or so.\n',
        );
        return;
      }
      print(`Your browser should open now; if not, this is the address:\n\n${visibleLine(url.href)}\n\n`);
      print(paint('dim', 'waiting for the browser · Ctrl+C cancels\n'));
      try {
        await openUrl(url.href);
      } catch (error) {
        const reason = visibleLine(error instanceof Error ? error.message : String(error));
        print(paint('warning', `no browser could be opened: ${reason}\n`));
      }
    },
    async readPastedRedirect(signal) {
      // The address holds a code: it stays off the screen, and out of what records it.
      const pasted = (await questions.readHidden('paste that address (it stays hidden): ', signal))?.trim() ?? '';
      if (pasted === '') throw new AgentError('login_required', 'The sign-in was cancelled: no address was pasted.');
      return pasted;
    },
    showDeviceCode: (code) => print(deviceText(code, paint)),
  };
}

/** Asks by single keys, as the chat does. */
export function keyQuestions(questions: Questions, paint: Paint): LoginQuestions {
  return {
    agree: (text, signal) =>
      questions.key(
        { text: `${text}  y sign in · n not now (Enter, Esc)\n`, prompt: paint('strong', '› '), read: readYesNo },
        signal,
      ),
    readHidden: (prompt, signal) => questions.line({ prompt, isHidden: true }, signal),
  };
}

/** Held and requested scopes, with those that are new at this server marked. */
export function loginText(request: LoginRequest, paint: Paint): string {
  const { server, serverUrl, issuer, reason, held, requested, isRequested } = request;
  const kept = requested.filter((scope) => held.includes(scope));
  const why = { 'first-login': 'sign in to', expired: 'sign in again to', 'step-up': 'allow more at' }[reason];
  const added = requested.filter((scope) => !held.includes(scope)).map(visibleLine);
  // Where nothing is held, all is new.
  const marked = held.length === 0 ? added : added.map((scope) => paint('warning', `+ ${scope} (new)`));
  const asks = [...kept.map(visibleLine), ...marked];
  const head = paint('strong', `${why} ${visibleLine(server)}${isRequested ? '' : '?'}`);
  return [
    isRequested ? head : `${paint('warning', '?')} ${head}`,
    `    server ${visibleLine(serverUrl)}`,
    `    signs in at ${visibleLine(issuer)}`,
    ...(held.length === 0 && reason === 'first-login' ? [] : [`    holds ${scopesText(held)}`]),
    `    asks for ${asks.length === 0 ? 'no scope' : asks.join(' ')}`,
    '',
  ].join('\n');
}

function deviceText(
  { userCode, verificationUri, verificationUriComplete, expiresInSeconds }: DeviceCode,
  paint: Paint,
) {
  const direct =
    verificationUriComplete === undefined ? [] : [`  or, with the code in it: ${visibleLine(verificationUriComplete)}`];
  return [
    `On any device, open ${visibleLine(verificationUri)}`,
    `  and enter the code ${paint('strong', visibleLine(userCode))}`,
    ...direct,
    paint('dim', `waiting, for up to ${Math.ceil(expiresInSeconds / 60)} min · Ctrl+C cancels`),
    '',
  ].join('\n');
}

function readYesNo({ text, name, ctrl, meta }: KeyPress): { value: boolean; shown: string } | undefined {
  if (name === 'return' || name === 'enter' || name === 'escape' || (ctrl && name === 'd'))
    return { value: false, shown: 'not now' };
  if (ctrl || meta) return undefined;
  return text === 'y' ? { value: true, shown: 'yes' } : text === 'n' ? { value: false, shown: 'not now' } : undefined;
}
