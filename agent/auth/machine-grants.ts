// The grants that need no person: what is configured, turned into a token request at the issuer that it is configured for.

import type { Configuration } from 'openid-client';
import type { CredentialConfig } from '../credential-config.ts';
import type { Fetch } from './bounded-fetch.ts';
import { createClientAuthentication, readSecret } from './client-authentication.ts';
import { requestByAssertion, requestClientCredentials, requestIdentityAssertion, type TokenRequest } from './grants.ts';
import { createConfiguration, type IssuerMetadata, loadIssuerMetadata } from './issuer-metadata.ts';
import { loadLocalClient } from './local-client.ts';
import type { StoredTokens } from './token-store.ts';

export type MachineCredential = Exclude<CredentialConfig, { kind: 'bearer' } | { kind: 'login' }>;

/** A machine client, with what it takes to ask for a token. */
export interface MachineClient {
  /** The only issuer that its secret may go to. */
  readonly issuer: string;
  readonly clientId: string;
  readonly grant: 'client-credentials' | 'jwt-bearer' | 'id-jag';
  readonly audience: string | undefined;
  configure(metadata: IssuerMetadata): Promise<Configuration>;
  request(request: TokenRequest): Promise<StoredTokens>;
}

/** @throws {AgentError} `login_required` when its secret or its file cannot be read */
export async function loadMachineClient(credential: MachineCredential, fetch: Fetch): Promise<MachineClient> {
  const { issuer, clientId, authentication } =
    credential.kind === 'local-client' ? await loadLocalClient(credential.file) : credential;
  return {
    issuer,
    clientId,
    grant: credential.kind === 'local-client' ? 'client-credentials' : credential.kind,
    audience: credential.kind === 'local-client' ? undefined : credential.audience,
    configure: async (metadata) =>
      createConfiguration(metadata, clientId, await createClientAuthentication(authentication), fetch),
    request: async (request) => {
      switch (credential.kind) {
        case 'local-client':
        case 'client-credentials':
          // Auth0 goes by `audience`, and knows the API by the server's URL.
          return await requestClientCredentials({ ...request, audience: request.audience ?? request.resource });
        case 'jwt-bearer':
          return await requestByAssertion(request, await readSecret(credential.assertion, 'AUTH_WORKLOAD_TOKEN_FILE'));
        case 'id-jag':
          return await requestByAssertion(request, await vouchedFor(credential, request, issuer, fetch));
      }
    },
  };
}

/** What the company's identity provider says to the issuer about its user. */
async function vouchedFor(
  { identityProvider: provider }: Extract<MachineCredential, { kind: 'id-jag' }>,
  { resource, scopes }: TokenRequest,
  audience: string,
  fetch: Fetch,
): Promise<string> {
  const authentication = await createClientAuthentication(
    provider.clientSecret === undefined ? { kind: 'none' } : { kind: 'secret', secret: provider.clientSecret },
  );
  const metadata = await loadIssuerMetadata(provider.issuer, fetch);
  const idToken = await readSecret(provider.idToken, 'AUTH_IDP_ID_TOKEN_FILE');
  return await requestIdentityAssertion(createConfiguration(metadata, provider.clientId, authentication, fetch), {
    idToken,
    audience,
    resource,
    scopes,
  });
}
