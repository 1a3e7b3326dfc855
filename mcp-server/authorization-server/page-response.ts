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
:root { color-scheme: light dark; --ink: #1c2024; --paper: #f3f5f7; --card: #fff; --line: #d4d9df; --edge: #7b8794; --note: #55606c; --warn: #9a3412; --tint: #fdf3ec; --focus: #1d4ed8; --on-focus: #fff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --paper: #111417; --card: #1b2024; --line: #363e46; --edge: #76828e; --note: #a9b3bd; --warn: #fdba74; --tint: #2b2119; --focus: #93c5fd; --on-focus: #14171a; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 1rem; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 34rem; margin: 5vh auto; padding: 2rem; background: var(--card); border: 1px solid var(--line); border-radius: .75rem; overflow-wrap: anywhere; }
h1 { margin: 0 0 1.25rem; font-size: 1.375rem; line-height: 1.3; text-wrap: pretty; }
h2 { margin: 1.75rem 0 .25rem; font-size: 1rem; }
p { margin: 0 0 1rem; }
p:last-child { margin-bottom: 0; }
code { font: .875em ui-monospace, monospace; }
.name { font-weight: 700; }
h1 .name { text-decoration: underline; text-decoration-thickness: .08em; text-underline-offset: .18em; }
dl { margin: 0 0 1.25rem; border-top: 1px solid var(--line); }
dl div { display: flex; flex-wrap: wrap; gap: 0 1rem; padding: .5rem 0; border-bottom: 1px solid var(--line); }
dt { flex: 0 0 8rem; color: var(--note); }
dd { flex: 1 1 12rem; margin: 0; }
.id { display: block; color: var(--note); }
ul { margin: 0; padding: 0; list-style: none; }
.tag { align-self: start; padding: 0 .5rem; border: 1px solid var(--edge); border-radius: 1rem; color: var(--note); font-size: .8125rem; white-space: nowrap; }
.tag.risk { border-color: currentcolor; color: var(--warn); }
.note { color: var(--note); }
.answers { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1.75rem; }
label { display: block; margin-top: 1rem; font-weight: 600; }
input { width: 100%; min-height: 2.75rem; margin-top: .25rem; padding: .5rem .75rem; border: 1px solid var(--edge); border-radius: .5rem; background: var(--card); color: inherit; font: inherit; }
.code { font-family: ui-monospace, monospace; letter-spacing: .1em; text-transform: uppercase; }
input.code { font-size: 1.25rem; }
code.code { font-size: 1.375rem; line-height: 1.2; }
.problem, .done, .caution { padding: .625rem .875rem; border-left: 4px solid var(--edge); border-radius: .25rem; background: var(--paper); }
.problem { border-color: currentcolor; background: var(--tint); color: var(--warn); }
.caution { border-color: var(--warn); background: var(--tint); }
.hint { padding: .625rem .875rem; border-radius: .25rem; background: var(--paper); color: var(--note); }
.scopes li { display: flex; flex-wrap: wrap; gap: 0 .5rem; padding: .5rem 0; border-bottom: 1px solid var(--line); }
.scopes li:last-child { border-bottom: 0; }
.scopes .what { flex: 1 1 12rem; }
.scopes code { flex: 1 0 100%; color: var(--note); }
.scopes li.risky { margin: 0 -.75rem; padding-left: .5rem; padding-right: .75rem; border-left: 4px solid var(--warn); background: var(--tint); }
details { margin-top: 1.25rem; }
summary { padding: .375rem 0; color: var(--note); cursor: pointer; }
.empty { padding: 1.5rem 1rem; border: 1px dashed var(--edge); border-radius: .5rem; text-align: center; }
.empty p { margin: 0; }
.connection { margin-top: 1rem; padding: 1rem 1.25rem; border: 1px solid var(--line); border-radius: .5rem; }
.connection h2 { margin: 0; font-size: 1.0625rem; }
.connection .note { margin: 0 0 .5rem; font-size: .9375rem; }
.connection .answers { justify-content: flex-end; margin-top: 1rem; }
.connection button { flex: 0 0 auto; }
button { flex: 1 1 7rem; min-height: 2.75rem; padding: .5rem 1.25rem; border: 1px solid var(--ink); border-radius: .5rem; background: transparent; color: inherit; font: inherit; font-weight: 600; cursor: pointer; }
button:hover { background: var(--paper); }
button.main { white-space: nowrap; border-color: var(--focus); background: var(--focus); color: var(--on-focus); }
button.main:hover { filter: brightness(1.1); }
button.risk { border-color: currentcolor; color: var(--warn); }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
@media (max-width: 30rem) { body { padding: .5rem; } main { margin: .5rem auto; padding: 1.25rem; } dt { flex-basis: 100%; font-size: .9375rem; } }
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
