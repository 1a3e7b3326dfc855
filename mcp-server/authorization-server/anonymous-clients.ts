// Clients that nobody vouched for: they registered themselves, or are a document somewhere on the web. They can ask a
// person and nothing else. The rules stand here once; registration, metadata documents and the grants all ask here.

import type { Client, ClientMetadata } from 'oidc-provider';
import { judgeKeys } from './client-keys.ts';
import { CLIENT_LIMITS } from './limits.ts';

/** Chosen by us, so that no client can choose not to be one of these: ours, and Auth0's for third parties. */
const REGISTERED_CLIENT_PREFIXES = ['dyn_', 'tpc_'] as const;
export type RegisteredClientPrefix = (typeof REGISTERED_CLIENT_PREFIXES)[number];

const GRANTS = ['authorization_code', 'refresh_token'];
const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
const LOOPBACK_HOSTNAMES = ['localhost', '127.0.0.1', '[::1]'];
/** What we take from a stranger's description of itself. Everything else is left out, as RFC 7591 §2 says. */
const MEMBERS = [
  'application_type',
  'client_name',
  'client_uri',
  'grant_types',
  'redirect_uris',
  'response_types',
  'scope',
  'software_id',
  'software_version',
  'token_endpoint_auth_method',
] as const;
const LOOKALIKE_SCRIPTS = [
  /\p{Script=Latin}/u,
  /\p{Script=Cyrillic}/u,
  /\p{Script=Greek}/u,
  /\p{Script=Armenian}/u,
  /\p{Script=Cherokee}/u,
  /\p{Script=Coptic}/u,
];
/** Members that make a server fetch something, or send a browser or a message somewhere. */
const FETCHING_MEMBERS = [
  'backchannel_client_notification_endpoint',
  'backchannel_logout_uri',
  'initiate_login_uri',
  'jwks_uri',
  'logo_uri',
  'request_uris',
  'sector_identifier_uri',
];

export type DescriptionVerdict =
  | { readonly ok: true; readonly metadata: Omit<ClientMetadata, 'client_id'> }
  | { readonly ok: false; readonly error: 'invalid_client_metadata' | 'invalid_redirect_uri'; readonly reason: string };

/** Did this client come without anybody vouching for it? */
export function isAnonymous(clientId: string): boolean {
  return REGISTERED_CLIENT_PREFIXES.some((prefix) => clientId.startsWith(prefix)) || /^https:/i.test(clientId);
}

/** The second line behind `judgeDescription`: may this client use this grant at all? */
export function mayUseGrant(client: Pick<Client, 'clientId' | 'tokenEndpointAuthMethod'>, grantType: unknown): boolean {
  if (!isAnonymous(client.clientId)) return true;
  const isSecretive = client.tokenEndpointAuthMethod?.startsWith('client_secret') ?? true;
  return typeof grantType === 'string' && GRANTS.includes(grantType) && !isSecretive;
}

/**
 * Judges what a stranger says about itself. Grants and secrets that nobody vouched for are refused; a device grant beside
 * the code grant, which some clients ask for by habit, is left out of the answer instead (RFC 7591 §3.2.1).
 *
 * @param description chosen by an attacker
 * @param mayHaveKeys may it prove itself with a key (`private_key_jwt`, `jwks`)? Only who has a name of its own on the web:
 * a registration made by anybody proves nothing, with a key or without
 */
export function judgeDescription(
  description: Readonly<Record<string, unknown>>,
  mayHaveKeys = false,
): DescriptionVerdict {
  const refuse = (reason: string): DescriptionVerdict => ({ ok: false, error: 'invalid_client_metadata', reason });
  const fetching = FETCHING_MEMBERS.find((name) => description[name] !== undefined);
  if (fetching !== undefined) return refuse(`${fetching} is not accepted from a client that nobody vouched for`);
  for (const name of ['client_secret', 'client_id', 'registration_access_token'])
    if (description[name] !== undefined) return refuse(`${name} is given by this server`);

  const { redirect_uris: uris, client_name: name, token_endpoint_auth_method: method = 'none' } = description;
  const hasKeys = mayHaveKeys && method === 'private_key_jwt';
  if (method !== 'none' && !hasKeys)
    return refuse(
      `token_endpoint_auth_method must be none${mayHaveKeys ? ' or private_key_jwt' : ''}: nobody vouched for a secret`,
    );
  if (description['jwks'] !== undefined && !hasKeys)
    return refuse('jwks is not accepted from a client that does not prove itself with a key');
  const keys = hasKeys ? judgeKeys(description['jwks']) : undefined;
  if (keys?.ok === false) return refuse(keys.reason);
  const grants = description['grant_types'] ?? GRANTS;
  if (!isTexts(grants)) return refuse('grant_types must be an array of strings');
  const kept = grants.filter((grant) => GRANTS.includes(grant));
  const refused = grants.find((grant) => !GRANTS.includes(grant) && grant !== DEVICE_GRANT);
  if (refused !== undefined) return refuse(`the grant ${quote(refused)} is not for clients that nobody vouched for`);
  if (!kept.includes('authorization_code')) return refuse('grant_types must contain authorization_code');
  const responses = description['response_types'] ?? ['code'];
  if (!isTexts(responses) || responses.length !== 1 || responses[0] !== 'code')
    return refuse('response_types must be ["code"]');
  for (const member of ['client_uri', 'software_id', 'software_version', 'scope'])
    if (description[member] !== undefined && !isText(description[member], CLIENT_LIMITS.maxUriLength))
      return refuse(`${member} must be a string of at most ${CLIENT_LIMITS.maxUriLength} characters`);
  if (name !== undefined && !isText(name, CLIENT_LIMITS.maxNameLength))
    return refuse(`client_name must be a string of at most ${CLIENT_LIMITS.maxNameLength} characters`);

  if (!isTexts(uris) || uris.length === 0 || uris.length > CLIENT_LIMITS.maxRedirectUris)
    return refuse(`redirect_uris must be an array of 1 to ${CLIENT_LIMITS.maxRedirectUris} strings`);
  const bad = uris.find((uri) => !isRedirectUri(uri));
  if (bad !== undefined)
    return {
      ok: false,
      error: 'invalid_redirect_uri',
      reason: `${quote(bad)} is no redirect URI here: https, http on loopback, or a scheme of your own`,
    };
  return {
    ok: true,
    metadata: {
      ...Object.fromEntries(
        MEMBERS.flatMap((member) => (member in description ? [[member, description[member]]] : [])),
      ),
      ...(isText(name, CLIENT_LIMITS.maxNameLength) && { client_name: plainText(name) }),
      // Only native clients may use any port on loopback (RFC 8252 §7.3), and many say nothing about their type.
      application_type: uris.every(isForWeb) ? 'web' : 'native',
      grant_types: kept,
      redirect_uris: uris,
      response_types: ['code'],
      ...(keys === undefined
        ? { token_endpoint_auth_method: 'none' }
        : { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [...keys.keys] } }),
    },
  };
}

function isRedirectUri(uri: string): boolean {
  if (uri.length > CLIENT_LIMITS.maxUriLength || !URL.canParse(uri)) return false;
  const { protocol, hostname, username, password, hash } = new URL(uri);
  if (username !== '' || password !== '' || hash !== '' || uri.includes('\\')) return false;
  if (protocol === 'https:') return true;
  if (protocol === 'http:') return LOOPBACK_HOSTNAMES.includes(hostname);
  // Schemes that a browser runs or shows by itself; what is left belongs to an app on this device. RFC 8252 §7.1
  return !/^(about|blob|data|file|filesystem|ftp|javascript|mailto|vbscript|view-source|ws|wss):$/.test(protocol);
}

function isForWeb(uri: string): boolean {
  return new URL(uri).protocol === 'https:';
}

/** Without what could turn a name around or hide part of it: control, format and bidirectional characters. */
function plainText(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\u2028\u2029]/gu, ' ').trim();
}

/**
 * Does a word of this name have letters of two alphabets that look alike, such as a Cyrillic о between Latin letters?
 *
 * @see UTS 39 §5.1
 */
export function mixesAlphabets(name: string): boolean {
  const words = name.match(/[\p{L}\p{M}]+/gu) ?? [];
  return words.some((word) => LOOKALIKE_SCRIPTS.filter((script) => script.test(word)).length > 1);
}

function quote(value: string): string {
  return JSON.stringify(value.slice(0, 80));
}

function isText(value: unknown, maxLength: number): value is string {
  return typeof value === 'string' && value.length <= maxLength;
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
