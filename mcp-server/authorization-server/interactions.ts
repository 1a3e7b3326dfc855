// The steps that need a person: sign in, then allow or deny. oidc-provider decides which step is due and keeps the
// request meanwhile; this file shows the page, checks the form and hands back the answer.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { errors, type Interaction, type Provider } from 'oidc-provider';
import type { Log } from '../log.ts';
import { DEMO_USER, findPerson } from './accounts.ts';
import { type BrowserSecrets, createFormToken, isFormToken } from './browser-secrets.ts';
import { sendErrorPage, sendPage } from './page-response.ts';
import { consentPage, type ScopeLine, signInPage } from './pages.ts';
import { INTERACTION_PATH } from './provider-configuration.ts';
import { readBody } from './request-body.ts';
import { OPENID_SCOPE, splitScope } from './scope-rules.ts';

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
  readonly log: Log;
}

/** Answers a request below `/interaction/`. */
export type Interactions = (request: IncomingMessage, response: ServerResponse, path: string) => Promise<void>;

const OPENID_IN_WORDS: ScopeInWords = { name: OPENID_SCOPE, description: 'Know which account this is', risky: false };

export function createInteractions({ provider, resource, scopes, secrets, log }: InteractionsOptions): Interactions {
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
    if (interaction.prompt.name === 'login')
      return sendPage(response, signInPage({ ...target, clientName, accountName: DEMO_USER.name }));
    const redirectUri = new URL(parameter(interaction, 'redirect_uri') ?? '');
    const page = consentPage({
      ...target,
      clientName,
      clientId: client.clientId,
      // A private scheme has no host; the scheme itself then says who will get the answer.
      redirectHost: redirectUri.host || redirectUri.protocol,
      isPublic: client.tokenEndpointAuthMethod === 'none',
      accountName: findPerson(accountOf(interaction))?.name ?? accountOf(interaction),
      resource,
      scopes: await scopeLines(interaction),
    });
    sendPage(response, page);
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
        log.info('signed-in', { ...entry, subject: DEMO_USER.accountId });
        return provider.interactionFinished(
          request,
          response,
          { login: { accountId: DEMO_USER.accountId } },
          { mergeWithLastSubmission: false },
        );
      case 'consent:allow':
        log.info('consent-allowed', { ...entry, subject: accountOf(interaction) });
        return provider.interactionFinished(request, response, { consent: { grantId: await saveGrant(interaction) } });
      case 'login:cancel':
      case 'consent:deny':
        log.info('consent-denied', { ...entry, subject: interaction.session?.accountId });
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
    grant.addOIDCScope([OPENID_SCOPE, ...granted].filter((name) => requested.includes(name)));
    if (granted.length > 0) grant.addResourceScope(resource, granted);
    return await grant.save();
  };

  const scopeLines = async (interaction: Interaction): Promise<ScopeLine[]> => {
    const requested = splitScope(parameter(interaction, 'scope'));
    const earlier = interaction.grantId === undefined ? undefined : await provider.Grant.find(interaction.grantId);
    const allowed = splitScope(earlier?.getOIDCScope());
    return [OPENID_IN_WORDS, ...scopes]
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

/** A consent is due only when somebody is signed in. */
function accountOf(interaction: Interaction): string {
  if (interaction.session === undefined) throw new errors.SessionNotFound('nobody is signed in');
  return interaction.session.accountId;
}

function parameter(interaction: Interaction, name: string): string | undefined {
  const value = interaction.params[name];
  return typeof value === 'string' ? value : undefined;
}
