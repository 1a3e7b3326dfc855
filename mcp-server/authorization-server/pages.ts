// The pages a person sees: sign-in, consent, device, connections, error. Data in, HTML out; no script and nothing from
// elsewhere, so that the strictest content policy fits. Who may see which page is decided elsewhere.

import { type Html, html } from './html.ts';

/** A scope on the consent page. */
export interface ScopeLine {
  readonly name: string;
  readonly description: string;
  readonly risky: boolean;
  /** Allowed to this client before, in this browser session. */
  readonly alreadyAllowed: boolean;
}

export interface FormTarget {
  readonly action: string;
  readonly formToken: string;
}

export interface SignInPage extends FormTarget {
  /** Chosen by whoever registered the client. */
  readonly clientName: string;
  /** The account of a server that has none yet, or `undefined`: then name and password are asked for. */
  readonly demoAccountName: string | undefined;
  /** What was typed before, when it did not work. */
  readonly accountName?: string;
  readonly problem?: string | undefined;
}

export interface ConsentPage extends FormTarget {
  /** Chosen by whoever registered the client. */
  readonly clientName: string;
  readonly clientId: string;
  /** Where the browser goes next, with the answer; `undefined` when the answer goes to another device. */
  readonly redirectHost: string | undefined;
  /** What a person should know before trusting the name. */
  readonly cautions: readonly string[];
  readonly accountName: string;
  readonly resource: string;
  readonly scopes: readonly ScopeLine[];
}

export interface DeviceCodePage extends FormTarget {
  readonly userCode: string;
  readonly problem: string | undefined;
}

export interface DeviceConfirmPage extends FormTarget {
  /** Chosen by whoever registered the client. */
  readonly clientName: string;
  readonly clientId: string;
  readonly userCode: string;
}

export interface ConnectionLine {
  readonly grantId: string;
  /** Chosen by whoever registered the client. */
  readonly clientName: string;
  readonly clientId: string;
  readonly scopes: readonly Pick<ScopeLine, 'name' | 'description' | 'risky'>[];
  /** RFC 3339, and in words. */
  readonly lastUsed: { readonly at: string; readonly ago: string };
}

export interface ConnectionsPage extends FormTarget {
  readonly accountName: string;
  readonly connections: readonly ConnectionLine[];
  /** What was just revoked. */
  readonly revoked: boolean;
}

export interface ErrorPage {
  readonly title: string;
  readonly explanation: string;
  /** The protocol's error code, for whoever writes the client. */
  readonly code: string | undefined;
  /** What exactly was wrong, for the same reader. */
  readonly detail?: string | undefined;
}

export interface Page {
  readonly title: string;
  readonly body: Html;
}

export function signInPage({ clientName, demoAccountName, accountName = '', problem, ...target }: SignInPage): Page {
  const isDemo = demoAccountName !== undefined;
  return {
    title: problem === undefined ? 'Sign in' : 'Sign in: that did not work',
    body: html`<h1>Sign in</h1>
<p><bdi class="name">${clientName}</bdi> asks you to sign in.</p>
${problem !== undefined && html`<p class="problem" role="alert">${problem}</p>`}
${
  isDemo &&
  html`<p class="hint">This is a development server: its one account has no password and is for this machine only. Real accounts: <code>npm run server -- users add NAME</code></p>`
}
${form(
  target,
  isDemo
    ? html`<div class="answers"><button class="main" name="answer" value="sign-in">Sign in as ${demoAccountName}</button>
<button name="answer" value="cancel" formnovalidate>Cancel</button></div>`
    : html`<label for="name">Name</label>
<input id="name" name="name" value="${accountName}" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="100" required>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="200" required>
<div class="answers"><button class="main" name="answer" value="sign-in">Sign in</button>
<button name="answer" value="cancel" formnovalidate>Cancel</button></div>`,
)}`,
  };
}

export function consentPage(page: ConsentPage): Page {
  const fresh = page.scopes.filter(({ alreadyAllowed }) => !alreadyAllowed);
  const known = page.scopes.filter(({ alreadyAllowed }) => alreadyAllowed);
  return {
    title: `Allow ${page.clientName}?`,
    body: html`<h1>Allow <bdi class="name">${page.clientName}</bdi> to act for you?</h1>
<dl>
<div><dt>Who asks</dt><dd><bdi>${page.clientName}</bdi><code class="id">${page.clientId}</code></dd></div>
<div><dt>Answer goes to</dt><dd>${page.redirectHost === undefined ? 'the device that shows the code' : html`<code>${page.redirectHost}</code>`}</dd></div>
<div><dt>Signed in as</dt><dd><bdi>${page.accountName}</bdi></dd></div>
<div><dt>For</dt><dd><code>${page.resource}</code></dd></div>
</dl>
${page.cautions.map((caution) => html`<p class="caution">${caution}</p>\n`)}${
  fresh.length > 0 &&
  html`<h2 id="new">${known.length > 0 ? 'New: it would also be able to' : 'It would be able to'}</h2>
<ul class="scopes" aria-labelledby="new">
${fresh.map((line) => scopeItem(line, known.length > 0 ? 'new' : undefined))}
</ul>`
}
${
  known.length > 0 &&
  html`<details${fresh.length === 0 && html` open`}><summary>You allowed this before (${known.length})</summary>
<ul class="scopes" aria-label="Allowed before">
${known.map((line) => scopeItem(line, 'allowed before'))}
</ul></details>`
}
${form(
  page,
  html`<div class="answers"><button name="answer" value="deny">Deny</button>
<button name="answer" value="allow">Allow</button></div>`,
)}`,
  };
}

export function deviceCodePage({ userCode, problem, ...target }: DeviceCodePage): Page {
  return {
    title: 'Connect a device',
    body: html`<h1>Connect a device</h1>
<p>Type the code that your device or terminal shows.</p>
${problem !== undefined && html`<p class="problem" role="alert">${problem}</p>`}
${form(
  target,
  html`<label for="user_code">Code</label>
<input id="user_code" class="code" name="user_code" value="${userCode}" placeholder="XXXX-XXXX" autocomplete="off" autocapitalize="characters" spellcheck="false" maxlength="20" required>
<div class="answers"><button class="main">Continue</button></div>`,
  'xsrf',
)}`,
  };
}

export function deviceConfirmPage({ clientName, clientId, userCode, ...target }: DeviceConfirmPage): Page {
  return {
    title: `Connect ${clientName}?`,
    body: html`<h1>Is this <span class="name">your</span> device?</h1>
<dl>
<div><dt>Who asks</dt><dd><bdi>${clientName}</bdi><code class="id">${clientId}</code></dd></div>
<div><dt>Code</dt><dd><code class="code">${userCode}</code></dd></div>
</dl>
<p class="caution">Go on only if you started this yourself and the device in front of you shows this very code. If somebody sent you the code or a link to this page, they want your access: deny it.</p>
${form(
  target,
  html`<input type="hidden" name="user_code" value="${userCode}">
<div class="answers"><button name="abort" value="yes">Deny</button>
<button name="confirm" value="yes">Continue</button></div>`,
  'xsrf',
)}`,
  };
}

export function connectionsPage({ accountName, connections, revoked, ...target }: ConnectionsPage): Page {
  return {
    title: 'Connections',
    body: html`<h1>What you have connected</h1>
<p>Signed in as <bdi class="name">${accountName}</bdi>.${connections.length > 0 && ' These programs can act for you until you revoke them.'}</p>
${revoked && html`<p class="done" role="status">Revoked. Its access ends within seconds.</p>`}
${
  connections.length === 0
    ? html`<div class="empty"><p><strong>Nothing is connected.</strong></p>
<p class="note">A program that you allow to act for you appears here, and here you take that back.</p></div>`
    : html`<ul class="connections">
${connections.map((line) => connectionItem(line, target))}
</ul>`
}
${form(target, html`<div class="answers"><button name="answer" value="sign-out">Sign out</button></div>`)}`,
  };
}

/** A page that says one thing and asks nothing. */
export function messagePage({ title, text }: { readonly title: string; readonly text: string }): Page {
  return { title, body: html`<h1>${title}</h1>\n<p>${text}</p>` };
}

export function errorPage({ title, explanation, code, detail }: ErrorPage): Page {
  return {
    title,
    body: html`<h1>${title}</h1>
<p>${explanation}</p>
${code !== undefined && html`<p class="hint">For the author of the program: <code>${code}</code>${detail !== undefined && html`, ${detail}`}</p>`}`,
  };
}

function connectionItem({ grantId, clientName, clientId, scopes, lastUsed }: ConnectionLine, target: FormTarget): Html {
  return html`<li class="connection"><h2><bdi>${clientName}</bdi></h2>
<p class="note"><code>${clientId}</code> · last used <time datetime="${lastUsed.at}">${lastUsed.ago}</time></p>
<ul class="scopes">
${scopes.map((line) => scopeItem(line, undefined, 'Risky'))}
</ul>
${form(
  target,
  html`<input type="hidden" name="grant" value="${grantId}">
<div class="answers"><button class="risk" name="answer" value="revoke" aria-label="Revoke ${clientName}">Revoke</button></div>`,
)}</li>
`;
}

/**
 * @param note whether it is new, where some are and some are not
 * @param mark how a risky one is marked, beside its colour
 */
function scopeItem(
  { name, description, risky }: Pick<ScopeLine, 'name' | 'description' | 'risky'>,
  note?: string,
  mark = 'Think twice',
): Html {
  return html`<li${risky && html` class="risky"`}><span class="what">${description}</span>
${risky && html`<strong class="tag risk">${mark}</strong>\n`}${note !== undefined && html`<span class="tag">${note}</span>\n`}<code>${name}</code></li>
`;
}

/** `tokenName` is what the receiver calls the value that proves the form came from here. */
function form({ action, formToken }: FormTarget, content: Html, tokenName = 'form_token'): Html {
  return html`<form method="post" action="${action}">
<input type="hidden" name="${tokenName}" value="${formToken}">
${content}
</form>`;
}
