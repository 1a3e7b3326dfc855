// The pages a person sees: sign-in, consent, error. Data in, HTML out; no script and nothing from elsewhere, so that
// the strictest content policy fits. Who may see which page is decided in interactions.ts.

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
  readonly accountName: string;
}

export interface ConsentPage extends FormTarget {
  /** Chosen by whoever registered the client. */
  readonly clientName: string;
  readonly clientId: string;
  /** Where the browser goes next, with the answer. */
  readonly redirectHost: string;
  /** The client has no secret, so other programs can claim its name. */
  readonly isPublic: boolean;
  readonly accountName: string;
  readonly resource: string;
  readonly scopes: readonly ScopeLine[];
}

export interface ErrorPage {
  readonly title: string;
  readonly explanation: string;
  /** The protocol's error code, for whoever writes the client. */
  readonly code: string | undefined;
}

export interface Page {
  readonly title: string;
  readonly body: Html;
}

export function signInPage({ clientName, accountName, ...target }: SignInPage): Page {
  return {
    title: 'Sign in',
    body: html`<h1>Sign in</h1>
<p><strong>${clientName}</strong> asks you to sign in.</p>
<p class="note">This server and its one account, without a password, are for development on this machine only.</p>
${form(
  target,
  html`<button name="answer" value="sign-in">Sign in as ${accountName}</button>
<button name="answer" value="cancel">Cancel</button>`,
)}`,
  };
}

export function consentPage(page: ConsentPage): Page {
  return {
    title: `Allow ${page.clientName}?`,
    body: html`<h1>Allow <em>${page.clientName}</em> to act for you?</h1>
<dl>
<div><dt>Who asks</dt><dd>${page.clientName} <code>${page.clientId}</code></dd></div>
<div><dt>Answer goes to</dt><dd><code>${page.redirectHost}</code></dd></div>
<div><dt>Signed in as</dt><dd>${page.accountName}</dd></div>
<div><dt>For</dt><dd><code>${page.resource}</code></dd></div>
</dl>
${page.isPublic && html`<p class="note">Any program on this machine can use this name. Allow it only if you have just started it yourself.</p>`}
<h2 id="scopes">It would be able to</h2>
<ul aria-labelledby="scopes">
${page.scopes.map(scopeLine)}
</ul>
${form(
  page,
  html`<button name="answer" value="deny">Deny</button>
<button name="answer" value="allow">Allow</button>`,
)}`,
  };
}

export function errorPage({ title, explanation, code }: ErrorPage): Page {
  return {
    title,
    body: html`<h1>${title}</h1>
<p>${explanation}</p>
${code !== undefined && html`<p class="note">Error code: <code>${code}</code></p>`}`,
  };
}

function scopeLine({ name, description, risky, alreadyAllowed }: ScopeLine): Html {
  return html`<li${risky && html` class="risky"`}>${description} <code>${name}</code>
${risky && html`<strong class="tag">Think twice</strong>`} <span class="tag">${alreadyAllowed ? 'allowed before' : 'new'}</span></li>
`;
}

function form({ action, formToken }: FormTarget, buttons: Html): Html {
  return html`<form method="post" action="${action}">
<input type="hidden" name="form_token" value="${formToken}">
<div class="answers">${buttons}</div>
</form>`;
}
