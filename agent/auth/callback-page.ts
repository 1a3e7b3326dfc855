// What the browser sees at the end of a login: a page of ours, with nothing of the redirect on it, that takes the code out of
// the address bar and loads nothing.

import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';

/** `unknown`: the browser was here, and nobody waited for what came of it. */
export type LoginEnd = 'signed-in' | 'refused' | 'unknown';

const ENDS: Readonly<Record<LoginEnd, { status: number; title: string; text: string; mark: string }>> = {
  'signed-in': {
    status: 200,
    title: 'Signed in',
    text: 'You can close this tab and go back to the terminal.',
    mark: 'M5 13l4.5 4.5L19 7',
  },
  refused: {
    status: 400,
    title: 'Not signed in',
    text: 'The terminal says why. You can close this tab.',
    mark: 'M7 7l10 10M17 7L7 17',
  },
  unknown: {
    status: 200,
    title: 'Back to the terminal',
    text: 'The terminal says how the login ended. You can close this tab.',
    mark: 'M5 7l5 5-5 5M13 17h6',
  },
};

/** The code is worth nothing by then, and still does not belong into the history. */
const SCRIPT = "history.replaceState(null,'',location.pathname)";
const STYLE = `
  :root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif;
    --ground: light-dark(#f4f5f7, #14161a); --card: light-dark(#fff, #1e2126); --ink: light-dark(#1a1d21, #e8eaed);
    --quiet: light-dark(#50565e, #a9b0b8); --good: light-dark(#14713d, #6fd596); --bad: light-dark(#a32a1f, #ff9d92); }
  body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--ground); color: var(--ink); }
  main { box-sizing: border-box; width: min(26rem, calc(100vw - 2rem)); padding: 2.25rem 2rem; border-radius: .75rem;
    background: var(--card); text-align: center; box-shadow: 0 1px 3px #0003; }
  svg { width: 3rem; height: 3rem; fill: none; stroke: currentColor; stroke-width: 2.25; stroke-linecap: round; stroke-linejoin: round; }
  .signed-in svg { color: var(--good); }
  .refused svg { color: var(--bad); }
  h1 { margin: .5rem 0 .25rem; font-size: 1.4rem; font-weight: 600; }
  p { margin: 0; color: var(--quiet); text-wrap: balance; }
`;

/** The code in the address must not be sent on, kept, or framed. */
const PRIVATE = {
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cross-origin-opener-policy': 'same-origin',
  'content-security-policy': [
    "default-src 'none'",
    `style-src ${hashOf(STYLE)}`,
    `script-src ${hashOf(SCRIPT)}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
};

export function showPage(response: ServerResponse, end: LoginEnd): void {
  const { status, title, text, mark } = ENDS[end];
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8', connection: 'close', ...PRIVATE });
  response.end(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
<script>${SCRIPT}</script>
<style>${STYLE}</style>
<main class="${end}">
  <svg viewBox="0 0 24 24" aria-hidden="true"><path d="${mark}"/></svg>
  <h1>${title}</h1>
  <p>${text}</p>
</main>
</html>
`);
}

export function refuse(response: ServerResponse, status: number, text: string): void {
  response
    .writeHead(status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close', ...PRIVATE })
    .end(`${text}\n`);
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
