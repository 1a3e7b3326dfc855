// The sign-in as a person meets it in a terminal: asked before anything opens, with what is held and what is new; then a
// browser here, an address to paste, or a code for another device.

import type { DeviceCode, LoginMethod, LoginPrompt, LoginRequest } from '../auth/login-prompt.ts';
import { AgentError } from '../errors.ts';
import type { KeyPress } from './key-router.ts';
import type { Questions } from './questions.ts';
import type { Paint } from './terminal.ts';
import { scopesText } from './turn-lines.ts';
import { visibleLine } from './visible-text.ts';

export interface TerminalLoginPromptOptions {
  readonly questions: Questions;
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
    confirm: (request, signal) =>
      questions.key({ text: loginText(request, paint), prompt: paint('strong', '› '), read: readYesNo }, signal),
    async showAuthorizationUrl(url, method) {
      if (method === 'paste') {
        print(`Open this address in a browser, on any machine:\n${visibleLine(url.href)}\n`);
        return;
      }
      print(`Your browser should open now; if not, this is the address:\n${visibleLine(url.href)}\n`);
      print(paint('dim', 'waiting for the browser · Ctrl+C cancels\n'));
      try {
        await openUrl(url.href);
      } catch (error) {
        print(paint('warning', `no browser could be opened: ${visibleLine(String(error))}\n`));
      }
    },
    async readPastedRedirect(signal) {
      const text =
        'At the end the browser shows a page, or an error, at an address that begins with http://127.0.0.1 or so.\n';
      // The address holds a code: it stays off the screen, and out of what records it.
      const pasted = await questions.line(
        { text, prompt: 'paste that address (it stays hidden): ', isHidden: true },
        signal,
      );
      if (pasted === undefined || pasted.trim() === '')
        throw new AgentError('login_required', 'The sign-in was cancelled: no address was pasted.');
      return pasted.trim();
    },
    showDeviceCode: (code) => print(deviceText(code, paint)),
  };
}

/** Held and requested scopes, with those that are new at this server marked. */
export function loginText(request: LoginRequest, paint: Paint): string {
  const { server, serverUrl, issuer, reason, held, requested } = request;
  const added = requested.filter((scope) => !held.includes(scope));
  const kept = requested.filter((scope) => held.includes(scope));
  const why = { 'first-login': 'sign in to', expired: 'sign in again to', 'step-up': 'allow more at' }[reason];
  const asks = [...kept.map(visibleLine), ...added.map((scope) => paint('warning', `+ ${visibleLine(scope)} (new)`))];
  return [
    `${paint('warning', '?')} ${paint('strong', `${why} ${visibleLine(server)}?`)}`,
    `    server ${visibleLine(serverUrl)}`,
    `    signs in at ${visibleLine(issuer)}`,
    ...(reason === 'first-login' ? [] : [`    holds ${scopesText(held)}`]),
    `    asks for ${asks.length === 0 ? 'no scope' : asks.join(' ')}`,
    '  y sign in · n not now (Enter, Esc)',
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
