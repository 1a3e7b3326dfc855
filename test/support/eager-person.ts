// A person who answers at once: agrees or not, opens what is shown, and pastes where the browser was sent to.

import type { DeviceCode, LoginMethod, LoginPrompt, LoginRequest } from '../../agent/auth/login-prompt.ts';

export interface EagerPerson extends LoginPrompt {
  /** What was asked, in order. */
  readonly asked: LoginRequest[];
  /** The addresses that were shown. */
  readonly shown: URL[];
  readonly codes: DeviceCode[];
  /** Pages that the browser ended at, when they have come. */
  readonly pages: Promise<string>[];
  /** May be replaced. */
  confirm: LoginPrompt['confirm'];
}

export interface EagerPersonOptions {
  readonly methods?: readonly LoginMethod[];
  /** Default: agrees to everything. */
  readonly agrees?: (request: LoginRequest) => boolean;
  /** Takes the browser through the issuer's pages; default: one request. Returns the address it is sent back to. */
  readonly browse?: (url: URL) => Promise<string>;
}

export function createEagerPerson({ methods = ['browser'], agrees, browse }: EagerPersonOptions = {}): EagerPerson {
  const person: EagerPerson = {
    asked: [],
    shown: [],
    codes: [],
    pages: [],
    methods,
    confirm: async (request) => {
      person.asked.push(request);
      return agrees?.(request) ?? true;
    },
    showAuthorizationUrl: async (url, method) => {
      person.shown.push(url);
      redirect = await (browse ?? follow)(url);
      if (method !== 'browser') return;
      const page = fetch(redirect).then((response) => response.text());
      person.pages.push(page);
      await page;
    },
    readPastedRedirect: async () => redirect,
    showDeviceCode: (code) => person.codes.push(code),
  };
  let redirect = '';
  return person;
}

async function follow(url: URL): Promise<string> {
  const response = await fetch(url, { redirect: 'manual' });
  return response.headers.get('location') ?? '';
}
