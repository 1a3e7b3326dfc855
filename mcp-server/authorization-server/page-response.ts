// Sends what this server writes itself, pages and JSON, with the headers that keep them out of caches, frames and
// other sites' hands. oidc-provider sends everything else.

import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { html, renderHtml } from './html.ts';
import { type ErrorPage, errorPage, type Page } from './pages.ts';

/**
 * Goes into the page and, as a hash, into the policy: the only style that a browser will apply. It has none of the
 * characters that `html` escapes; with one of them the hash would no longer fit, and a test says so.
 */
const STYLE = `
:root { color-scheme: light dark; --ink: #1c2024; --paper: #f6f7f9; --card: #fff; --line: #c6ccd3; --note: #55606c; --warn: #9a3412; --focus: #1d4ed8; --on-focus: #fff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --paper: #14171a; --card: #1e2327; --line: #4a535c; --note: #a9b3bd; --warn: #fdba74; --focus: #93c5fd; --on-focus: #14171a; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 1rem; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 34rem; margin: 5vh auto; padding: 1.5rem; background: var(--card); border: 1px solid var(--line); border-radius: .75rem; overflow-wrap: anywhere; }
h1 { margin: 0 0 1rem; font-size: 1.375rem; line-height: 1.3; }
h1 em { font-style: normal; text-decoration: underline; text-underline-offset: .15em; }
h2 { margin: 1.5rem 0 .5rem; font-size: 1rem; }
code { font-size: .875em; }
dl { margin: 0; }
dl div { display: flex; flex-wrap: wrap; gap: 0 1rem; padding: .375rem 0; border-bottom: 1px solid var(--line); }
dt { flex: 0 0 8rem; color: var(--note); }
dd { flex: 1 1 12rem; margin: 0; }
ul { margin: 0; padding-left: 1.25rem; }
li { padding: .25rem 0; }
.tag.risk { color: var(--warn); }
.tag { padding: 0 .4rem; border: 1px solid currentcolor; border-radius: 1rem; font-size: .8125rem; white-space: nowrap; }
.note { color: var(--note); }
.answers { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1.5rem; }
label { display: block; margin-top: 1rem; font-weight: 600; }
input { width: 100%; min-height: 2.75rem; margin-top: .25rem; padding: .5rem .75rem; border: 1px solid var(--note); border-radius: .5rem; background: var(--paper); color: inherit; font: inherit; }
input:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
.code { font-family: ui-monospace, monospace; letter-spacing: .1em; text-transform: uppercase; }
code.code { font-size: 1.25rem; }
.problem, .done { padding: .5rem .75rem; border-left: 4px solid currentcolor; border-radius: .25rem; background: var(--paper); }
.problem { color: var(--warn); }
.scopes { padding: 0; list-style: none; }
.scopes li { display: flex; flex-wrap: wrap; align-items: center; gap: 0 .5rem; padding: .5rem 0; border-bottom: 1px solid var(--line); }
.scopes li.risky { margin-left: -.75rem; padding-left: .5rem; border-left: 4px solid var(--warn); }
.scopes code { flex: 1 0 100%; order: 1; color: var(--note); }
details { margin-top: 1rem; }
summary { padding: .25rem 0; cursor: pointer; }
summary:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
.caution { padding: .5rem .75rem; border-left: 4px solid var(--line); border-radius: .25rem; background: var(--paper); }
.connections { padding: 0; list-style: none; }
.connections .connection { margin-top: 1rem; padding: 1rem; border: 1px solid var(--line); border-radius: .5rem; }
.connections h2 { margin: 0; }
.connections .note { margin: 0 0 .5rem; }
button { flex: 1 1 10rem; min-height: 2.75rem; padding: .5rem 1rem; border: 1px solid var(--ink); border-radius: .5rem; background: transparent; color: inherit; font: inherit; cursor: pointer; }
button:hover { background: var(--paper); }
button.main { border-color: var(--focus); background: var(--focus); color: var(--on-focus); font-weight: 600; }
button.main:hover { filter: brightness(1.1); }
.connections .answers { justify-content: flex-end; margin-top: .75rem; }
.connections button { flex: 0 0 auto; }
button:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
`;

/**
 * `form-action` is left out on purpose. Chromium applies it to every redirect that follows a submitted form, and ours
 * leads to the client's redirect URI: any port, `[::1]` (which the directive cannot express), private schemes, and on
 * to wherever the client then sends the browser. `default-src` does not stand in for it. Against what it is for, forms
 * smuggled into a page, stand the one escaping function and no script at all.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

/** Set on every response of this server before anything else happens. */
export const COMMON_HEADERS: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
};

/** Set on every page. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'cache-control': 'no-store',
};

/** The whole document. */
export function renderPage({ title, body }: Page): string {
  return renderHtml(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`);
}

export function sendPage(response: ServerResponse, page: Page, status = 200): void {
  response.writeHead(status, { ...COMMON_HEADERS, ...PAGE_HEADERS }).end(renderPage(page));
}

export function sendErrorPage(response: ServerResponse, page: ErrorPage, status: number): void {
  sendPage(response, errorPage(page), status);
}

/** An OAuth error in JSON. @see RFC 6749 §5.2 */
export function sendError(response: ServerResponse, status: number, error: string, description: string): void {
  response
    .writeHead(status, {
      ...COMMON_HEADERS,
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
    })
    .end(JSON.stringify({ error, error_description: description }));
}
