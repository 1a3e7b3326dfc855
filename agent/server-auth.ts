// How the agent proves who it is to one server of `.mcp.json`: the settings of the environment, for that server alone and
// under names of the file. With an `issuer` they stand for themselves; without one they change what the environment says,
// whose secrets then still go to the environment's issuer. Read by mcp-file.ts.

import * as z from 'zod';
import {
  CREDENTIAL_SHAPE,
  type CredentialConfig,
  type CredentialEnvironment,
  checkCredential,
  credentialFrom,
  type LoginConfig,
  loginFrom,
} from './credential-config.ts';

export interface ServerAuth {
  /** `undefined` means the one that holds everywhere. */
  readonly credential: CredentialConfig | undefined;
  /** What holds for logins of a person at this server, over what holds everywhere. */
  readonly login: Partial<LoginConfig>;
}

/** Which client at which issuer, and how it proves that. */
const CLIENT_KEYS = {
  grant: 'AUTH_GRANT',
  issuer: 'AUTH_ISSUER',
  client_id: 'AUTH_CLIENT_ID',
  client_secret: 'AUTH_CLIENT_SECRET',
  private_key_file: 'AUTH_PRIVATE_KEY_FILE',
  private_key_algorithm: 'AUTH_PRIVATE_KEY_ALGORITHM',
  audience: 'AUTH_AUDIENCE',
  workload_token: 'AUTH_WORKLOAD_TOKEN',
  workload_token_file: 'AUTH_WORKLOAD_TOKEN_FILE',
  idp_issuer: 'AUTH_IDP_ISSUER',
  idp_client_id: 'AUTH_IDP_CLIENT_ID',
  idp_client_secret: 'AUTH_IDP_CLIENT_SECRET',
  idp_id_token: 'AUTH_IDP_ID_TOKEN',
  idp_id_token_file: 'AUTH_IDP_ID_TOKEN_FILE',
} as const satisfies Readonly<Record<string, keyof CredentialEnvironment>>;

const LOGIN_KEYS = {
  profile: ['AUTH_PROFILE', 'profile'],
  client_metadata_url: ['AUTH_CLIENT_METADATA_URL', 'clientMetadataUrl'],
  redirect_uri: ['AUTH_REDIRECT_URI', 'redirectUri'],
  dpop: ['AUTH_DPOP', 'isProofRequired'],
} as const satisfies Readonly<Record<string, readonly [keyof CredentialEnvironment, keyof LoginConfig]>>;

const VARIABLE_OF: Readonly<Record<string, string>> = {
  ...CLIENT_KEYS,
  ...Object.fromEntries(Object.entries(LOGIN_KEYS).map(([key, [variable]]) => [key, variable])),
};
const KEY_OF = new Map(Object.entries(VARIABLE_OF).map(([key, variable]) => [variable, key]));

/**
 * Reads the `auth` of a server.
 *
 * @param variables the environment
 * @param onFault is told of each fault: the key, and what was expected of it
 */
export function parseServerAuth(
  auth: Readonly<Record<string, unknown>>,
  variables: Readonly<Record<string, string | undefined>>,
  onFault: (key: string, expected: string) => void,
): ServerAuth | undefined {
  const base = auth['issuer'] === undefined ? credentialVariables(variables) : {};
  const variableOf = (key: string) => {
    const variable = VARIABLE_OF[key] ?? '';
    const auth0 = variable.replace(/^AUTH_/, 'AUTH0_');
    return base['AUTH0_DOMAIN'] && Object.hasOwn(CREDENTIAL_SHAPE, auth0) ? auth0 : variable;
  };
  const faults: (readonly [string, string])[] = [];
  for (const key of Object.keys(auth))
    if (!Object.hasOwn(VARIABLE_OF, key)) faults.push([key, `one of ${Object.keys(VARIABLE_OF).join(', ')}`]);
  const known = Object.entries(auth).filter(([key]) => Object.hasOwn(VARIABLE_OF, key));
  const parsed = z
    .object(CREDENTIAL_SHAPE)
    .safeParse({ ...base, ...Object.fromEntries(known.map(([key, value]) => [variableOf(key), value])) });
  if (parsed.success)
    checkCredential(parsed.data, (variable, expected) => faults.push([KEY_OF.get(variable) ?? variable, expected]));
  else for (const issue of parsed.error.issues) faults.push([KEY_OF.get(String(issue.path[0])) ?? '', issue.message]);
  for (const [key, expected] of faults) onFault(key, inTheFilesWords(expected));
  if (!parsed.success || faults.length > 0) return undefined;

  const login = loginFrom(parsed.data);
  const stated = Object.entries(LOGIN_KEYS).filter(([key]) => Object.hasOwn(auth, key));
  return {
    credential: Object.keys(CLIENT_KEYS).some((key) => Object.hasOwn(auth, key))
      ? credentialFrom(parsed.data, variables['DATA_DIR'] || '.data')
      : undefined,
    login: Object.fromEntries(stated.map(([, [, name]]) => [name, login[name]])),
  };
}

/** A ready-made token is left out: whoever writes `auth` wants none. */
function credentialVariables(variables: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const wanted = Object.keys(CREDENTIAL_SHAPE).filter((variable) => variable !== 'MCP_BEARER_TOKEN');
  return Object.fromEntries(
    wanted.flatMap((variable) => {
      const value = variables[variable];
      return value ? [[variable, value]] : [];
    }),
  );
}

function inTheFilesWords(expected: string): string {
  return expected.replace(/\bAUTH_\w+\b/g, (variable) => KEY_OF.get(variable) ?? variable);
}
