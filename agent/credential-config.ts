// The part of the agent's configuration that says who the agent is to an issuer: which grant, which client, which secrets
// and where they lie. Read by config.ts alone.

import { isAbsolute, join } from 'node:path';
import * as z from 'zod';

/** How a client proves to the issuer that it is the one. */
export type ClientAuthentication =
  /** A public client. */
  | { readonly kind: 'none' }
  /** By `client_secret_post` or `client_secret_basic`, whichever the issuer takes. */
  | { readonly kind: 'secret'; readonly secret: string }
  /** A signed assertion (RFC 7523). The file holds a PKCS #8 PEM or a JWK. */
  | { readonly kind: 'private-key'; readonly file: string; readonly algorithm: string | undefined };

/** A secret, or the file that holds it and may change. */
export type SecretSource =
  | { readonly kind: 'value'; readonly value: string }
  | { readonly kind: 'file'; readonly file: string };

interface ClientAtIssuer {
  readonly issuer: string;
  readonly clientId: string;
  readonly authentication: ClientAuthentication;
  /** The API identifier to ask for; `undefined` means the resource of the server. */
  readonly audience: string | undefined;
}

/** How the agent proves who it is. Whatever secret there is goes to the named issuer and nowhere else. */
export type CredentialConfig =
  /** A pre-issued access token, used as it is. */
  | { readonly kind: 'bearer'; readonly token: string }
  /** A machine client. */
  | ({ readonly kind: 'client-credentials' } & ClientAtIssuer)
  /** The machine client that the local authorization server wrote into its data directory. */
  | { readonly kind: 'local-client'; readonly file: string }
  /** Workload identity: a token of the platform that we run on, traded for one of the issuer (RFC 7523). */
  | ({ readonly kind: 'jwt-bearer'; readonly assertion: SecretSource } & ClientAtIssuer)
  /** Enterprise-managed: the company's identity provider vouches for its user (SEP-990, ID-JAG). */
  | ({ readonly kind: 'id-jag'; readonly identityProvider: IdentityProvider } & ClientAtIssuer)
  /** A person signs in. Without a client id it is the local server's, at that one; elsewhere the agent registers itself. */
  | {
      readonly kind: 'login';
      readonly method: 'authorization-code' | 'device-code';
      /** The issuer that the client id belongs to; `undefined` with no client id. */
      readonly issuer: string | undefined;
      readonly clientId: string | undefined;
      readonly authentication: ClientAuthentication;
      readonly audience: string | undefined;
      /** The file that the local authorization server wrote; default: none is read. */
      readonly localClientFile?: string;
    };

export interface IdentityProvider {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  /** The ID token that the user's sign-in gave. */
  readonly idToken: SecretSource;
}

/** What holds for every login of a person. */
export interface LoginConfig {
  /** Tells several logins at one server apart. */
  readonly profile: string;
  /** Where our client id metadata document is published; `undefined`: nowhere. */
  readonly clientMetadataUrl: string | undefined;
  /** Loopback address that the browser comes back to; `undefined`: any free port. */
  readonly redirectUri: string | undefined;
  /** Demands tokens bound to a key of ours (DPoP) even where the server does not. */
  readonly isProofRequired: boolean;
}

export const DEFAULT_LOGIN: LoginConfig = {
  profile: 'default',
  clientMetadataUrl: undefined,
  redirectUri: undefined,
  isProofRequired: false,
};

/** Under this name the agent keeps what it got in its own name, apart from what a person granted it. */
export const MACHINE_PROFILE = 'client-credentials';
/** No person can sign in under it, since `AUTH_PROFILE` does not take it: with it, a machine client stays one. */
export const NOBODYS_PROFILE = '(nobody)';
/** What a profile may be called. */
export const PROFILE_NAME = new RegExp(`^(?!${MACHINE_PROFILE}$)[\\w.@-]{1,60}$`);

const LOOPBACK_HOSTNAMES = ['localhost', '127.0.0.1', '[::1]'];
const GRANTS = ['client-credentials', 'authorization-code', 'device-code', 'jwt-bearer', 'id-jag'] as const;
/** Asymmetric only: a MAC would be made with a secret that the issuer knows too. */
const SIGNING_ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

/** An https URL, or plain http on loopback; without credentials. */
export function isSecureUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  if (url.username || url.password) return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK_HOSTNAMES.includes(url.hostname));
}

/** A URL as people may read it: without its query, which may hold a key. */
export function shownUrl(text: string): string {
  if (!URL.canParse(text)) return text;
  const { origin, pathname, search } = new URL(text);
  return search === '' ? text : `${origin}${pathname}?…`;
}

export const secureUrl = z
  .string()
  .refine((text) => isSecureUrl(text), 'an https URL (plain http is for loopback only)')
  .refine((text) => !text.includes('#'), 'a URL without a fragment');

/** The variables of this part. */
export const CREDENTIAL_SHAPE = {
  MCP_BEARER_TOKEN: z
    .string()
    .regex(/^[\w.~+/-]+=*$/, 'a bare access token, without "Bearer " and without quotes')
    .optional(),
  // Relative paths are invalid by the XDG base directory specification, and would plant tokens wherever one stands.
  XDG_STATE_HOME: z.string().refine(isAbsolute, 'an absolute path').optional(),
  TOKEN_STORE: z.enum(['file', 'keyring', 'none'], 'file, keyring or none').default('file'),
  AUTH0_DOMAIN: z
    .string()
    .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/i, 'a host name such as TENANT.eu.auth0.com, without https:// and slash')
    .optional(),
  AUTH0_AUDIENCE: z.string().optional(),
  AUTH0_CLIENT_ID: z.string().optional(),
  AUTH0_CLIENT_SECRET: z.string().optional(),
  AUTH_ISSUER: secureUrl.optional(),
  AUTH_AUDIENCE: z.string().optional(),
  AUTH_CLIENT_ID: z.string().optional(),
  AUTH_CLIENT_SECRET: z.string().optional(),
  AUTH_PRIVATE_KEY_FILE: z.string().optional(),
  AUTH_PRIVATE_KEY_ALGORITHM: z.enum(SIGNING_ALGORITHMS, `one of ${SIGNING_ALGORITHMS.join(', ')}`).optional(),
  AUTH_GRANT: z.enum(GRANTS, `one of ${GRANTS.join(', ')}`).optional(),
  AUTH_WORKLOAD_TOKEN: z.string().optional(),
  AUTH_WORKLOAD_TOKEN_FILE: z.string().optional(),
  AUTH_IDP_ISSUER: secureUrl.optional(),
  AUTH_IDP_CLIENT_ID: z.string().optional(),
  AUTH_IDP_CLIENT_SECRET: z.string().optional(),
  AUTH_IDP_ID_TOKEN: z.string().optional(),
  AUTH_IDP_ID_TOKEN_FILE: z.string().optional(),
  AUTH_PROFILE: z
    .string()
    .regex(PROFILE_NAME, `a name of letters, digits and . _ @ -, other than ${MACHINE_PROFILE}`)
    .default(DEFAULT_LOGIN.profile),
  AUTH_CLIENT_METADATA_URL: z
    .string()
    // MCP, "Client ID Metadata Documents": https, with a path.
    .refine((text) => isSecureUrl(text) && text.startsWith('https:') && new URL(text).pathname !== '/', {
      message: 'an https URL with a path',
    })
    .optional(),
  AUTH_REDIRECT_URI: z
    .string()
    .refine((text) => isSecureUrl(text) && new URL(text).protocol === 'http:' && !/[?#]/.test(text), {
      message: 'an http URL on loopback, without query and fragment, such as http://127.0.0.1:33418/callback',
    })
    .optional(),
  AUTH_DPOP: z.enum(['auto', 'required'], 'auto or required').default('auto'),
};

/** Variables whose value never stands in a message. */
export const SECRET_VARIABLES: readonly string[] = [
  'MCP_BEARER_TOKEN',
  'AUTH0_CLIENT_SECRET',
  'AUTH_CLIENT_SECRET',
  'AUTH_WORKLOAD_TOKEN',
  'AUTH_IDP_CLIENT_SECRET',
  'AUTH_IDP_ID_TOKEN',
];

export type CredentialEnvironment = z.output<z.ZodObject<typeof CREDENTIAL_SHAPE>>;
type Variable = keyof CredentialEnvironment;

/** The first of the alternatives that is set. */
function grantOf(env: CredentialEnvironment): (typeof GRANTS)[number] {
  if (env.AUTH_GRANT) return env.AUTH_GRANT;
  if (env.AUTH_IDP_ISSUER) return 'id-jag';
  if (env.AUTH_WORKLOAD_TOKEN || env.AUTH_WORKLOAD_TOKEN_FILE) return 'jwt-bearer';
  return 'client-credentials';
}

/** Calls `fault` for each variable that is missing or too many, with what was expected of it. */
export function checkCredential(
  env: CredentialEnvironment,
  fault: (variable: Variable, expected: string) => void,
): void {
  if (env.MCP_BEARER_TOKEN) return;
  const grant = grantOf(env);
  const isPersonal = grant === 'authorization-code' || grant === 'device-code';
  const prefix = env.AUTH0_DOMAIN ? 'AUTH0' : 'AUTH';
  // Of a person's login only what is given counts: the client may register itself, and may be a public one.
  const secretNeeded = grant === 'client-credentials' && !env.AUTH_PRIVATE_KEY_FILE;
  const groups: readonly (readonly Variable[])[] = [
    ['AUTH0_DOMAIN', 'AUTH0_AUDIENCE', ...(isPersonal ? [] : client('AUTH0', secretNeeded))],
    ['AUTH_ISSUER', ...(isPersonal ? [] : client('AUTH', secretNeeded))],
  ];
  for (const group of groups) {
    const relevant: readonly Variable[] = [...group, ...client(group[0] === 'AUTH_ISSUER' ? 'AUTH' : 'AUTH0', true)];
    const stated = [...new Set(relevant)].filter((variable) => env[variable]);
    if (stated.length === 0) continue;
    for (const variable of group)
      if (!env[variable])
        fault(variable, `a value, because ${stated.join(', ')} ${stated.length === 1 ? 'is' : 'are'} set`);
  }
  if (env.AUTH_AUDIENCE && !env.AUTH_ISSUER) fault('AUTH_ISSUER', 'the issuer that AUTH_AUDIENCE belongs to');
  if (env.AUTH0_DOMAIN && env.AUTH_ISSUER)
    fault('AUTH_ISSUER', 'to be unset, because AUTH0_DOMAIN already names the issuer');
  if (env.AUTH_PRIVATE_KEY_ALGORITHM && !env.AUTH_PRIVATE_KEY_FILE)
    fault('AUTH_PRIVATE_KEY_FILE', 'the file of the key that AUTH_PRIVATE_KEY_ALGORITHM belongs to');
  if (env.AUTH_PRIVATE_KEY_FILE && env[`${prefix}_CLIENT_SECRET`])
    fault(
      'AUTH_PRIVATE_KEY_FILE',
      `to be unset, because ${prefix}_CLIENT_SECRET is set: one of them proves who we are`,
    );

  const exactlyOne = (first: Variable, second: Variable) => {
    if (env[first] && env[second]) fault(second, `to be unset, because ${first} is set`);
    if (!env[first] && !env[second]) fault(first, `a value, or one of ${second}`);
  };
  if (grant === 'jwt-bearer') exactlyOne('AUTH_WORKLOAD_TOKEN', 'AUTH_WORKLOAD_TOKEN_FILE');
  if (grant === 'id-jag') {
    for (const variable of ['AUTH_IDP_ISSUER', 'AUTH_IDP_CLIENT_ID'] as const)
      if (!env[variable]) fault(variable, 'a value, because the grant is id-jag');
    exactlyOne('AUTH_IDP_ID_TOKEN', 'AUTH_IDP_ID_TOKEN_FILE');
  }
  if (!isPersonal && env.AUTH_GRANT && !env.AUTH0_DOMAIN && !env.AUTH_ISSUER)
    fault('AUTH_ISSUER', `the issuer for AUTH_GRANT=${env.AUTH_GRANT}`);
}

function client(prefix: 'AUTH0' | 'AUTH', withSecret: boolean): readonly Variable[] {
  return [`${prefix}_CLIENT_ID`, ...(withSecret ? [`${prefix}_CLIENT_SECRET` as const] : [])];
}

/** The credential of an environment without faults. */
export function credentialFrom(env: CredentialEnvironment, dataDirectory: string): CredentialConfig {
  if (env.MCP_BEARER_TOKEN) return { kind: 'bearer', token: env.MCP_BEARER_TOKEN };
  const issuer = env.AUTH0_DOMAIN ? `https://${env.AUTH0_DOMAIN}/` : env.AUTH_ISSUER;
  const clientId = env.AUTH0_CLIENT_ID ?? env.AUTH_CLIENT_ID;
  const audience = env.AUTH0_AUDIENCE ?? env.AUTH_AUDIENCE;
  const authentication = authenticationFrom(env);
  const grant = grantOf(env);
  const localClientFile = join(dataDirectory, 'agent-client.json');
  if (grant === 'authorization-code' || grant === 'device-code') {
    const login = {
      kind: 'login',
      method: grant,
      issuer: clientId && issuer,
      clientId,
      authentication,
      audience,
    } as const;
    return clientId ? login : { ...login, localClientFile };
  }
  if (!issuer || !clientId) return { kind: 'local-client', file: localClientFile };
  const common = { issuer, clientId, authentication, audience };
  if (grant === 'jwt-bearer') {
    const assertion = secretFrom(env.AUTH_WORKLOAD_TOKEN, env.AUTH_WORKLOAD_TOKEN_FILE);
    if (assertion) return { kind: grant, ...common, assertion };
  }
  const { AUTH_IDP_ISSUER: idpIssuer, AUTH_IDP_CLIENT_ID: idpClientId } = env;
  const idToken = secretFrom(env.AUTH_IDP_ID_TOKEN, env.AUTH_IDP_ID_TOKEN_FILE);
  if (grant === 'id-jag' && idpIssuer && idpClientId && idToken) {
    const clientSecret = env.AUTH_IDP_CLIENT_SECRET;
    return {
      kind: grant,
      ...common,
      identityProvider: { issuer: idpIssuer, clientId: idpClientId, clientSecret, idToken },
    };
  }
  return { kind: 'client-credentials', ...common };
}

export function loginFrom(env: CredentialEnvironment): LoginConfig {
  return {
    profile: env.AUTH_PROFILE,
    clientMetadataUrl: env.AUTH_CLIENT_METADATA_URL,
    redirectUri: env.AUTH_REDIRECT_URI,
    isProofRequired: env.AUTH_DPOP === 'required',
  };
}

function authenticationFrom(env: CredentialEnvironment): ClientAuthentication {
  const secret = env.AUTH0_CLIENT_SECRET ?? env.AUTH_CLIENT_SECRET;
  if (secret) return { kind: 'secret', secret };
  if (env.AUTH_PRIVATE_KEY_FILE)
    return { kind: 'private-key', file: env.AUTH_PRIVATE_KEY_FILE, algorithm: env.AUTH_PRIVATE_KEY_ALGORITHM };
  return { kind: 'none' };
}

function secretFrom(value: string | undefined, file: string | undefined): SecretSource | undefined {
  if (value) return { kind: 'value', value };
  return file ? { kind: 'file', file } : undefined;
}
