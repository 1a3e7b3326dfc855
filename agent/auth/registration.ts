// Who we are at an issuer that nobody told us about: a client that was registered by hand, a document that says who we are,
// or a registration of our own. Kept per issuer; never shown to another one.

import * as z from 'zod';
import type { ClientAuthentication } from '../credential-config.ts';
import { AgentError } from '../errors.ts';
import type { Fetch } from './bounded-fetch.ts';
import { type IssuerMetadata, parseJson } from './issuer-metadata.ts';
import type { PrivateRecords } from './private-records.ts';

/** Our client at one issuer. */
export interface LoginClient {
  readonly clientId: string;
  readonly authentication: ClientAuthentication;
  /** What the issuer registered; `undefined` leaves it to what the issuer offers. */
  readonly authenticationMethod: string | undefined;
  readonly origin: 'pre-registered' | 'metadata-document' | 'dynamic';
  /** Where the browser must come back to; `undefined`: any loopback address. */
  readonly redirectUri: string | undefined;
  /** What the issuer lets it do; `undefined` where it does not say. */
  readonly grantTypes: readonly string[] | undefined;
}

/** A client that was registered by hand, or came with the server. */
export interface PreRegistered {
  readonly issuer: string;
  readonly clientId: string;
  readonly authentication: ClientAuthentication;
}

export interface ClientChoice {
  /** Asked for each login: the local server may have come up, and left its file, since the last one. */
  readonly preRegistered: () => Promise<PreRegistered | undefined>;
  readonly clientMetadataUrl: string | undefined;
  /** Loopback address that is configured. */
  readonly redirectUri: string | undefined;
  readonly records: PrivateRecords;
}

const CLIENT_NAME = 'authorized-mcp-agent';
const registrationSchema = z.object({
  clientId: z.string().min(1),
  clientSecret: z.string().optional(),
  method: z.string().optional(),
  redirectUri: z.string().optional(),
  grantTypes: z.array(z.string()).optional(),
  /** Milliseconds since the epoch. */
  secretExpiresAtMs: z.number().optional(),
});
type Registration = z.output<typeof registrationSchema>;

const answerSchema = z.object({
  client_id: z.string().min(1),
  client_secret: z.string().min(1).optional(),
  /** Seconds since the epoch; 0 for never. */
  client_secret_expires_at: z.number().optional(),
  token_endpoint_auth_method: z.string().optional(),
  /** May be fewer than were asked for (RFC 7591 §3.2.1). */
  grant_types: z.array(z.string()).optional().catch(undefined),
});
const refusalSchema = z
  .object({ error: z.string().optional(), error_description: z.string().optional() })
  .catch({ error: undefined, error_description: undefined });

/**
 * The client that we are at this issuer already; `undefined` when we would have to register.
 *
 * @see MCP 2026-07-28, "Client Registration Approaches", "Authorization Server Binding"
 */
export async function findClient(
  metadata: IssuerMetadata,
  choice: ClientChoice,
  nowMs: number,
): Promise<LoginClient | undefined> {
  const { clientMetadataUrl, redirectUri } = choice;
  const preRegistered = await choice.preRegistered();
  if (preRegistered?.issuer === metadata.issuer)
    return {
      clientId: preRegistered.clientId,
      authentication: preRegistered.authentication,
      authenticationMethod: undefined,
      origin: 'pre-registered',
      redirectUri,
      grantTypes: undefined,
    };
  // Such an id is the same everywhere: it names a document, not an entry at an issuer.
  if (clientMetadataUrl !== undefined && metadata.client_id_metadata_document_supported)
    return {
      clientId: clientMetadataUrl,
      authentication: { kind: 'none' },
      authenticationMethod: 'none',
      origin: 'metadata-document',
      redirectUri,
      grantTypes: undefined,
    };
  const registration = parseRegistration(await choice.records.load(nameOf(metadata.issuer)));
  const hasEnded = (registration?.secretExpiresAtMs ?? Number.POSITIVE_INFINITY) <= nowMs;
  return registration && !hasEnded ? clientOf(registration) : undefined;
}

/**
 * Registers us as a native client (RFC 7591) and keeps what came of it.
 *
 * @param redirectUri the address that is being listened at
 * @throws {AgentError} `login_required` when the issuer registers nobody, and what a token request throws
 */
export async function registerClient(
  metadata: IssuerMetadata,
  choice: ClientChoice,
  redirectUri: string,
  grantTypes: readonly string[],
  fetch: Fetch,
): Promise<LoginClient> {
  const { issuer, registration_endpoint: endpoint } = metadata;
  if (!endpoint)
    throw new AgentError(
      'login_required',
      `${issuer} registers no clients by itself. Register one there by hand and set AUTH_ISSUER=${issuer}, AUTH_CLIENT_ID and AUTH_GRANT=authorization-code.`,
    );
  const registration = await register(metadata, redirectUri, grantTypes, fetch);
  await choice.records.update(nameOf(issuer), async () => ({
    kind: 'replace',
    text: JSON.stringify(registration),
  }));
  return clientOf(registration);
}

/** Forgets a registration that the issuer does not know any more, unless it has been replaced meanwhile. */
export async function forgetClient(issuer: string, clientId: string, records: PrivateRecords): Promise<void> {
  await records.update(
    nameOf(issuer),
    async (text) => (parseRegistration(text)?.clientId === clientId ? { kind: 'forget' } : { kind: 'keep' }),
    { isForgetting: true },
  );
}

async function register(
  metadata: IssuerMetadata,
  redirectUri: string,
  grantTypes: readonly string[],
  fetch: Fetch,
): Promise<Registration> {
  const method = methodFor(metadata.token_endpoint_auth_methods_supported);
  try {
    return await request(metadata, redirectUri, grantTypes, method, fetch);
  } catch (error) {
    // Some issuers take public clients, and do not say so in their metadata: Auth0 is one.
    if (method === 'none' || !(error instanceof AgentError) || error.details.status !== 400) throw error;
    return await request(metadata, redirectUri, grantTypes, 'none', fetch);
  }
}

async function request(
  { issuer, registration_endpoint: endpoint = '' }: IssuerMetadata,
  redirectUri: string,
  grantTypes: readonly string[],
  method: string,
  fetch: Fetch,
): Promise<Registration> {
  // By hand, for the library insists on an expiry that RFC 7591 §3.2.1 asks for and many issuers leave out.
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { accept: 'application/json', 'content-type': 'application/json' },
    body: JSON.stringify({
      client_name: CLIENT_NAME,
      // MCP 2026-07-28: a client on a person's machine must say that it is one.
      application_type: 'native',
      redirect_uris: [redirectUri],
      grant_types: grantTypes,
      response_types: ['code'],
      token_endpoint_auth_method: method,
    }),
  });
  const body = parseJson(await response.text());
  if (response.status >= 500 || response.status === 429)
    throw new AgentError('unreachable', `${issuer} is in trouble (HTTP ${response.status}). Try again later.`, {
      status: response.status,
    });
  if (response.status !== 201 && response.status !== 200) {
    const { error = `HTTP ${response.status}`, error_description: description } = refusalSchema.parse(body);
    const reason = JSON.stringify([error, description].filter(Boolean).join(': ').slice(0, 200));
    throw new AgentError(
      'login_required',
      `${issuer} does not register us with the redirect URI ${redirectUri}: ${reason}. Register a client there by hand and set AUTH_ISSUER=${issuer}, AUTH_CLIENT_ID and AUTH_GRANT=authorization-code.`,
      { status: response.status },
    );
  }
  const parsed = answerSchema.safeParse(body);
  if (!parsed.success)
    throw new AgentError(
      'protocol_error',
      `${issuer} answered a registration with something else: ${z.prettifyError(parsed.error)}`,
    );
  const { client_id, client_secret, client_secret_expires_at: expires = 0, token_endpoint_auth_method } = parsed.data;
  const { grant_types: granted } = parsed.data;
  return {
    clientId: client_id,
    ...(granted === undefined ? {} : { grantTypes: granted }),
    ...(client_secret === undefined ? {} : { clientSecret: client_secret }),
    ...(token_endpoint_auth_method === undefined ? {} : { method: token_endpoint_auth_method }),
    ...(expires > 0 ? { secretExpiresAtMs: expires * 1000 } : {}),
    redirectUri,
  };
}

/** A client on a person's machine keeps no secret; where the issuer insists on one, it gets one of its own. */
function methodFor(offered: readonly string[] | undefined): string {
  const wanted = ['none', 'client_secret_post', 'client_secret_basic'];
  return wanted.find((method) => offered?.includes(method)) ?? 'none';
}

function clientOf({ clientId, clientSecret, method, redirectUri, grantTypes }: Registration): LoginClient {
  return {
    clientId,
    authentication: clientSecret === undefined ? { kind: 'none' } : { kind: 'secret', secret: clientSecret },
    authenticationMethod: method,
    origin: 'dynamic',
    redirectUri,
    grantTypes,
  };
}

function nameOf(issuer: string): readonly string[] {
  return ['registration', issuer];
}

function parseRegistration(text: string | undefined): Registration | undefined {
  return text === undefined ? undefined : registrationSchema.safeParse(parseJson(text)).data;
}
