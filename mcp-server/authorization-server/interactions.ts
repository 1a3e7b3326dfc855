// The steps that need a person: sign in, then allow or deny. oidc-provider decides which step is due and keeps the
// request meanwhile; this file shows the page, checks the form and hands back the answer.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Client, errors, type Interaction, type Provider } from 'oidc-provider';
import type { Log } from '../log.ts';
import type { Accounts, Person } from './accounts.ts';
import { isAnonymous, mixesAlphabets } from './anonymous-clients.ts';
import { type BrowserSecrets, createFormToken, isFormToken } from './browser-secrets.ts';
import type { Dialect } from './dialect.ts';
import { isLoopbackHostname } from './host-guard.ts';
import { sendErrorPage, sendPage } from './page-response.ts';
import { consentPage, type ScopeLine, signInPage } from './pages.ts';
import { INTERACTION_PATH } from './provider-configuration.ts';
import { readBody } from './request-body.ts';
import { OFFLINE_SCOPE, OPENID_SCOPE, splitScope } from './scope-rules.ts';

export interface ScopeInWords {
  readonly name: string;
  readonly description: string;
  readonly risky: boolean;
}

export interface InteractionsOptions {
  readonly provider: Provider;
  readonly resource: string;
  readonly scopes: readonly ScopeInWords[];
  readonly secrets: BrowserSecrets;
  readonly accounts: Accounts;
  readonly dialect: Dialect;
  readonly log: Log;
}

/** Answers a request below `/interaction/`. */
export type Interactions = (request: IncomingMessage, response: ServerResponse, path: string) => Promise<void>;

/** Scopes that are not the resource's own. */
const GENERAL_SCOPES: readonly ScopeInWords[] = [
  { name: OPENID_SCOPE, description: 'Know which account this is', risky: false },
  { name: OFFLINE_SCOPE, description: 'Stay connected while you are away', risky: false },
];

const WRONG = 'Name or password is wrong.';

export function createInteractions(options: InteractionsOptions): Interactions {
  const { provider, resource, scopes, secrets, accounts, dialect, log } = options;
  /** The interaction that both the URL and the browser's cookie name. */
  const load = async (request: IncomingMessage, response: ServerResponse, id: string) => {
    try {
      const interaction = await provider.interactionDetails(request, response);
      return interaction.uid === id ? interaction : undefined;
    } catch (error) {
      if (error instanceof errors.SessionNotFound) return undefined;
      throw error;
    }
  };

  const show = async (response: ServerResponse, interaction: Interaction) => {
    const client = await clientOf(interaction);
    const target = {
      action: `${INTERACTION_PATH}${interaction.uid}`,
      formToken: createFormToken(secrets, interaction.uid, interaction.prompt.name),
    };
    const clientName = client.clientName ?? client.clientId;
    if (interaction.prompt.name === 'login') return showSignIn(response, interaction);
    const redirectUri = parameter(interaction, 'redirect_uri');
    const page = consentPage({
      ...target,
      clientName,
      clientId: client.clientId,
      redirectHost: redirectUri === undefined ? undefined : hostOf(redirectUri),
      cautions: cautionsOf(client, redirectUri),
      accountName: accounts.find(accountOf(interaction))?.name ?? accountOf(interaction),
      resource,
      scopes: await scopeLines(interaction),
    });
    sendPage(response, page);
  };

  const showSignIn = async (
    response: ServerResponse,
    interaction: Interaction,
    again: { readonly accountName?: string; readonly problem?: string; readonly status?: number } = {},
  ) => {
    const client = await clientOf(interaction);
    const { status = 200, ...typed } = again;
    const page = signInPage({
      action: `${INTERACTION_PATH}${interaction.uid}`,
      formToken: createFormToken(secrets, interaction.uid, interaction.prompt.name),
      clientName: client.clientName ?? client.clientId,
      demoAccountName: accounts.demo()?.name,
      ...typed,
    });
    sendPage(response, page, status);
  };

  const answer = async (request: IncomingMessage, response: ServerResponse, interaction: Interaction) => {
    const body = await readBody(request, response);
    if (!body.ok)
      return sendErrorPage(
        response,
        { title: 'Not understood', explanation: body.reason, code: undefined },
        body.status,
      );
    const form = new URLSearchParams(body.text);
    const step = interaction.prompt.name;
    if (!isFormToken(secrets, interaction.uid, step, form.get('form_token') ?? '')) {
      log.warn('form-refused', { client_id: parameter(interaction, 'client_id'), step });
      return sendErrorPage(
        response,
        {
          title: 'This form is not from here',
          explanation: 'The answer did not come from the page that was shown to you. Nothing was allowed.',
          code: undefined,
        },
        403,
      );
    }
    const entry = { client_id: parameter(interaction, 'client_id'), scope: parameter(interaction, 'scope') };
    switch (`${step}:${form.get('answer')}`) {
      case 'login:sign-in':
        return signIn(request, response, interaction, form);
      case 'consent:allow':
        log.info('consent-allowed', { ...entry, subject: accountOf(interaction) });
        return provider.interactionFinished(request, response, { consent: { grantId: await saveGrant(interaction) } });
      case 'login:cancel':
      case 'consent:deny':
        log.info('consent-denied', { ...entry, subject: interaction.session?.accountId });
        if (dialect.denialStaysHere) {
          await interaction.destroy();
          return sendErrorPage(
            response,
            { title: 'Nothing was allowed', explanation: 'You can close this page.', code: 'access_denied' },
            403,
          );
        }
        return provider.interactionFinished(
          request,
          response,
          { error: 'access_denied', error_description: 'the person said no' },
          { mergeWithLastSubmission: false },
        );
      default:
        return sendErrorPage(
          response,
          { title: 'Not understood', explanation: 'The form has no such answer.', code: undefined },
          400,
        );
    }
  };

  const signIn = async (
    request: IncomingMessage,
    response: ServerResponse,
    interaction: Interaction,
    form: URLSearchParams,
  ) => {
    const entry = { client_id: parameter(interaction, 'client_id'), scope: parameter(interaction, 'scope') };
    const accountName = form.get('name') ?? '';
    const demo = accounts.demo();
    let person: Person | undefined = demo;
    if (!demo) {
      const address = request.socket.remoteAddress ?? '';
      const verdict = await accounts.signIn(accountName, form.get('password') ?? '', address);
      if (!verdict.ok) {
        // The name may be a password that went into the wrong field: it is not logged.
        log.warn('sign-in-refused', { ...entry, reason: verdict.reason, address });
        if (verdict.reason === 'wrong')
          return showSignIn(response, interaction, { accountName, problem: WRONG, status: 403 });
        response.setHeader('retry-after', String(verdict.retryAfterSeconds));
        const minutes = Math.ceil(verdict.retryAfterSeconds / 60);
        const problem = `Too many tries. Wait ${minutes === 1 ? 'a minute' : `${minutes} minutes`} and try again.`;
        return showSignIn(response, interaction, { accountName, problem, status: 429 });
      }
      person = verdict.person;
    }
    if (!person) throw new errors.SessionNotFound('nobody signed in');
    if (interaction.session && interaction.session.accountId !== person.accountId) await endSession(interaction);
    log.info('signed-in', { ...entry, subject: person.accountId });
    await provider.interactionFinished(
      request,
      response,
      { login: { accountId: person.accountId } },
      { mergeWithLastSubmission: false },
    );
  };

  /** Somebody else signs in: the session of whoever was there ends, instead of a page that needs a script to end it. */
  const endSession = async (interaction: Interaction) => {
    const session = await provider.Session.findByUid(interaction.session?.uid ?? '');
    await session?.destroy();
    interaction.session = undefined;
    await interaction.save(interaction.exp - Math.floor(Date.now() / 1_000));
  };

  /**
   * A grant of its own for each consent, with exactly what the page showed. Programs that share a public client id would
   * otherwise share one grant, and a replayed code or a logout of one would end the others.
   */
  const saveGrant = async (interaction: Interaction): Promise<string> => {
    const grant = new provider.Grant({
      accountId: accountOf(interaction),
      clientId: parameter(interaction, 'client_id'),
    });
    const requested = splitScope(parameter(interaction, 'scope'));
    const granted = scopes.map(({ name }) => name).filter((name) => requested.includes(name));
    // oidc-provider asks for the resource's scopes under both headings, since its configuration lists them too.
    const general = GENERAL_SCOPES.map(({ name }) => name).filter((name) => requested.includes(name));
    grant.addOIDCScope([...general, ...granted].join(' '));
    if (granted.length > 0) grant.addResourceScope(resource, granted);
    return await grant.save();
  };

  const scopeLines = async (interaction: Interaction): Promise<ScopeLine[]> => {
    const requested = splitScope(parameter(interaction, 'scope'));
    const earlier = interaction.grantId === undefined ? undefined : await provider.Grant.find(interaction.grantId);
    const allowed = splitScope(earlier?.getOIDCScope());
    return [...GENERAL_SCOPES, ...scopes]
      .filter(({ name }) => requested.includes(name))
      .map(({ name, description, risky }) => ({ name, description, risky, alreadyAllowed: allowed.includes(name) }));
  };

  const clientOf = async (interaction: Interaction) => {
    const client = await provider.Client.find(parameter(interaction, 'client_id') ?? '');
    if (!client) throw new errors.SessionNotFound('the client of this interaction is gone');
    return client;
  };

  return async (request, response, path) => {
    if (request.method !== 'GET' && request.method !== 'POST') {
      response.setHeader('allow', 'GET, POST');
      return sendErrorPage(response, { title: 'Not here', explanation: 'No such method.', code: undefined }, 405);
    }
    const interaction = await load(request, response, path.slice(INTERACTION_PATH.length));
    if (!interaction)
      return sendErrorPage(
        response,
        {
          title: 'This page has expired',
          explanation:
            'The sign-in is too old, already finished, or was started in another browser. Go back to the program that sent you here and start again.',
          code: undefined,
        },
        400,
      );
    await (request.method === 'GET' ? show(response, interaction) : answer(request, response, interaction));
  };
}

/** A private scheme has no host; the scheme itself then says who will get the answer. */
function hostOf(uri: string): string {
  const { host, protocol } = new URL(uri);
  return host || protocol;
}

function cautionsOf(client: Client, redirectUri: string | undefined): readonly string[] {
  const trust = trustOf(client, redirectUri);
  const disguise =
    isAnonymous(client.clientId) && mixesAlphabets(client.clientName ?? '')
      ? 'The name mixes letters of several alphabets: it may look like another name on purpose.'
      : undefined;
  return [disguise, trust].filter((caution) => caution !== undefined);
}

function trustOf(client: Client, redirectUri: string | undefined): string | undefined {
  if (redirectUri === undefined)
    return 'Allow it only if you started this yourself, on a device that is yours, and typed the code from its screen.';
  if (isAnonymous(client.clientId))
    return isLoopbackHostname(new URL(redirectUri).hostname)
      ? 'Nobody has checked this name: the program chose it itself. The answer goes to whatever program on this machine listens there. Allow it only if you have just started it yourself.'
      : 'Nobody has checked this name: the program chose it itself. Allow it only if you have just started it, and the address that the answer goes to is its own.';
  if (client.tokenEndpointAuthMethod === 'none')
    return 'Any program on this machine can use this name. Allow it only if you have just started it yourself.';
  return undefined;
}

/** A consent is due only when somebody is signed in. */
function accountOf(interaction: Interaction): string {
  if (interaction.session === undefined) throw new errors.SessionNotFound('nobody is signed in');
  return interaction.session.accountId;
}

function parameter(interaction: Interaction, name: string): string | undefined {
  const value = interaction.params[name];
  return typeof value === 'string' ? value : undefined;
}
