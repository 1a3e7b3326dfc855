// The end of a login: tokens are taken back at the issuer, so that a copy of them is worth nothing.

import * as oauth from 'openid-client';
import { AgentError } from '../errors.ts';
import type { Fetch } from './bounded-fetch.ts';
import { createClientAuthentication } from './client-authentication.ts';
import { describe } from './discovery.ts';
import { createConfiguration, type IssuerMetadata } from './issuer-metadata.ts';
import type { KnownLogin } from './login-index.ts';
import type { LoginClient } from './registration.ts';
import type { StoredTokens } from './token-store.ts';

/**
 * Revokes the refresh token, and with it the grant; without one, the access token. An issuer without an endpoint for it
 * is not asked.
 *
 * @throws {AgentError} `unreachable` when the issuer did not do it
 * @see RFC 7009 §2
 */
export async function revokeTokens(
  { refreshToken, accessToken }: StoredTokens,
  about: {
    readonly metadata: IssuerMetadata;
    readonly client: LoginClient | undefined;
    readonly login: KnownLogin;
    readonly fetch: Fetch;
  },
): Promise<void> {
  const { metadata, client, login, fetch } = about;
  if (metadata.revocation_endpoint === undefined) return;
  const isSame = client?.clientId === login.clientId;
  const authentication = await createClientAuthentication(
    (isSame && client?.authentication) || { kind: 'none' },
    isSame ? client?.authenticationMethod : undefined,
  );
  const configuration = createConfiguration(metadata, login.clientId, authentication, fetch);
  try {
    await oauth.tokenRevocation(configuration, refreshToken ?? accessToken, {
      token_type_hint: refreshToken === undefined ? 'access_token' : 'refresh_token',
    });
  } catch (error) {
    throw new AgentError(
      'unreachable',
      `The login is forgotten here, but ${metadata.issuer} did not revoke it (${describe(error)}): its tokens stay good until they expire.`,
      { cause: error },
    );
  }
}
