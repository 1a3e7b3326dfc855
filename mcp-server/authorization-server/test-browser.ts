// A browser without a screen, and the sign-in that a client sends it to: from the authorization request to the code.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { REDIRECT_URI, RESOURCE, type TestServer } from './test-support.ts';

export interface Browser {
  /** One request, redirects not followed. */
  visit(url: string, form?: Record<string, string>): Promise<BrowserPage>;
  /** Follows redirects until a page comes or one leads away from `origin`. */
  walk(url: string, form?: Record<string, string>): Promise<BrowserPage>;
  /** Fills in the form of `page`, and walks on. */
  answer(page: BrowserPage, answer: string, fields?: Record<string, string>): Promise<BrowserPage>;
  readonly cookies: () => { readonly name: string; readonly value: string }[];
}

export interface BrowserPage {
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly location: string | undefined;
}

/** Cookies by host and path, ports ignored, as browsers do. */
export function createBrowser(origin: string): Browser {
  const jar = new Map<string, { name: string; value: string; host: string; path: string }>();
  const visit = async (url: string, form?: Record<string, string>): Promise<BrowserPage> => {
    const { hostname, pathname } = new URL(url);
    const cookie = [...jar.values()]
      .filter(
        ({ host, path }) => host === hostname && (pathname === path || pathname.startsWith(path.replace(/\/?$/, '/'))),
      )
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ');
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { accept: 'text/html,*/*;q=0.8', cookie },
      ...(form && { method: 'POST', body: new URLSearchParams(form) }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split('; ');
      const name = pair.slice(0, pair.indexOf('='));
      const path = attributes.find((attribute) => attribute.startsWith('path='))?.slice(5) ?? '/';
      const key = `${hostname} ${path} ${name}`;
      if (line.includes('1970')) jar.delete(key);
      else jar.set(key, { name, value: pair.slice(name.length + 1), host: hostname, path });
    }
    const location = response.headers.get('location');
    return {
      url,
      status: response.status,
      headers: response.headers,
      text: await response.text(),
      location: location === null ? undefined : new URL(location, url).href,
    };
  };
  const walk = async (url: string, form?: Record<string, string>): Promise<BrowserPage> => {
    let page = await visit(url, form);
    for (let step = 0; page.location?.startsWith(origin) && step < 10; step += 1) page = await visit(page.location);
    return page;
  };
  return {
    visit,
    walk,
    async answer(page, answer, fields = {}) {
      return await walk(page.url, { form_token: formTokenOf(page), answer, ...fields });
    },
    cookies: () => [...jar.values()],
  };
}

export function formTokenOf(page: BrowserPage): string {
  const token = /name="form_token" value="([^"]+)"/.exec(page.text)?.[1];
  assert(token !== undefined, `no form in the page: ${page.status} ${page.text.slice(0, 300)}`);
  return token;
}

export interface CodeRequest {
  readonly url: string;
  readonly verifier: string;
  readonly state: string;
}

/** A correct authorization request; members set to `undefined` are left out. */
export function codeRequest(issuer: string, changes: Record<string, string | undefined> = {}): CodeRequest {
  const verifier = randomBytes(32).toString('base64url');
  const state = randomBytes(8).toString('hex');
  const parameters = {
    client_id: 'local-cli',
    response_type: 'code',
    redirect_uri: REDIRECT_URI,
    scope: 'read:add',
    state,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    resource: RESOURCE,
    ...changes,
  };
  const url = new URL('/authorize', issuer);
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) url.searchParams.set(name, value);
  return { url: url.href, verifier, state };
}

export interface Code {
  readonly code: string;
  readonly verifier: string;
  /** Where the browser was sent. */
  readonly callback: URL;
  readonly browser: Browser;
  /** The form that redeems the code. */
  readonly form: Record<string, string>;
}

/** Signs in, allows, and comes back with a code. */
export async function obtainCode(
  { issuer }: Pick<TestServer, 'issuer'>,
  changes: Record<string, string | undefined> = {},
  browser: Browser = createBrowser(issuer),
): Promise<Code> {
  const { url, verifier } = codeRequest(issuer, changes);
  let page = await browser.walk(url);
  if (page.text.includes('value="sign-in"')) page = await browser.answer(page, 'sign-in');
  if (page.text.includes('value="allow"')) page = await browser.answer(page, 'allow');
  assert(page.location !== undefined, `no redirect to the client: ${page.status} ${page.text.slice(0, 300)}`);
  const callback = new URL(page.location);
  const code = callback.searchParams.get('code');
  assert(code !== null, `no code: ${callback.search}`);
  return {
    code,
    verifier,
    callback,
    browser,
    form: {
      grant_type: 'authorization_code',
      client_id: changes['client_id'] ?? 'local-cli',
      code,
      code_verifier: verifier,
      redirect_uri: changes['redirect_uri'] ?? REDIRECT_URI,
    },
  };
}
