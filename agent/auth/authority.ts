// Who issues the tokens of one MCP server, and who we are there: discovery, done when first needed and again when the
// server refuses what we have, since it may have gone over to another issuer.

import type { CredentialConfig } from '../credential-config.ts';
import { AgentError } from '../errors.ts';
import type { Fetch } from './bounded-fetch.ts';
import { type Challenge, discoverResource, type ProtectedResource, selectIssuer } from './discovery.ts';
import { type IssuerMetadata, loadIssuerMetadata } from './issuer-metadata.ts';
import type { KnownLogin, LoginIndex } from './login-index.ts';
import { loadMachineClient, type MachineClient } from './machine-grants.ts';
import { quote } from './trusted-url.ts';

/** Whose token is asked for. */
export type Identity =
  | { readonly kind: 'machine'; readonly machine: MachineClient; readonly metadata: IssuerMetadata }
  /** `known` is the login that there is; `undefined` means that a person has to sign in. */
  | { readonly kind: 'person'; readonly metadata: IssuerMetadata; readonly known: KnownLogin | undefined };

export interface Authority {
  /** What the server says about itself; from memory unless `isFresh`. */
  resource(challenge: Challenge, isFresh: boolean): Promise<ProtectedResource>;
  /**
   * The login that exists, else the machine client, else a person who has yet to sign in.
   *
   * @throws {AgentError} `untrusted_issuer` when what is configured belongs to another issuer, `login_required` when it
   *   cannot be read, `unreachable`, `protocol_error`
   */
  identity(resource: ProtectedResource): Promise<Identity>;
  /** A person, whatever the machine client could do. */
  person(resource: ProtectedResource): Promise<Extract<Identity, { kind: 'person' }>>;
  metadata(issuer: string): Promise<IssuerMetadata>;
}

export interface AuthorityOptions {
  readonly serverUrl: string;
  readonly credential: Exclude<CredentialConfig, { kind: 'bearer' }>;
  readonly profile: string;
  readonly index: LoginIndex;
  /** Whether there is a person who could sign in where the machine client is of no use. */
  readonly canAsk: boolean;
  /** The command that signs in, for messages. */
  readonly loginCommand: string;
  readonly fetch: Fetch;
}

export function createAuthority(options: AuthorityOptions): Authority {
  const { serverUrl, credential, profile, index, canAsk, loginCommand, fetch } = options;
  let known: ProtectedResource | undefined;
  const metadataByIssuer = new Map<string, IssuerMetadata>();

  const metadata = async (issuer: string) => {
    const loaded = metadataByIssuer.get(issuer) ?? (await loadIssuerMetadata(issuer, fetch));
    metadataByIssuer.set(issuer, loaded);
    return loaded;
  };

  const person: Authority['person'] = async (resource) => {
    const login = await index.find(serverUrl, profile);
    // Tokens of an issuer that the server does not name any more are not shown to it, nor their client to the new one.
    if (login && resource.issuers.includes(login.issuer) && login.resourceUrl === resource.resource)
      return { kind: 'person', metadata: await metadata(login.issuer), known: login };
    return { kind: 'person', metadata: await metadata(issuerForLogin(resource)), known: undefined };
  };

  const issuerForLogin = (resource: ProtectedResource): string => {
    if (credential.kind !== 'login' || credential.issuer === undefined) return selectIssuer(serverUrl, resource);
    if (!resource.issuers.includes(credential.issuer))
      throw mismatch(serverUrl, resource, credential.clientId ?? '', credential.issuer);
    return credential.issuer;
  };

  const machineIdentity = async (
    resource: ProtectedResource,
    configured: Exclude<typeof credential, { kind: 'login' }>,
  ): Promise<Identity> => {
    let machine: MachineClient;
    try {
      machine = await loadMachineClient(configured, fetch);
    } catch (error) {
      // The local server's client is what there is when nothing is configured: its absence leaves a person.
      const isAbsent = error instanceof AgentError && error.code === 'login_required';
      if (configured.kind === 'local-client' && isAbsent && canAsk) return await person(resource);
      throw error;
    }
    // The server names who may issue its tokens; our secret goes there only if that is the issuer it was made for.
    if (resource.issuers.includes(machine.issuer))
      return { kind: 'machine', machine, metadata: await metadata(machine.issuer) };
    if (configured.kind !== 'local-client') throw mismatch(serverUrl, resource, machine.clientId, machine.issuer);
    if (canAsk) return await person(resource);
    throw new AgentError(
      'login_required',
      `${serverUrl} takes tokens of ${listed(resource)}, where the client of the local server is nobody. Sign in: ${loginCommand}`,
    );
  };

  return {
    metadata,
    person,
    resource: async (challenge, isFresh) => {
      if (known && !isFresh) return known;
      try {
        known = await discoverResource(serverUrl, challenge, fetch);
      } catch (error) {
        // Trouble on the way is no reason to forget what was known and checked.
        if (!known || !(error instanceof AgentError) || error.code !== 'unreachable') throw error;
      }
      return known;
    },
    identity: async (resource) => {
      const login = await index.find(serverUrl, profile);
      if (credential.kind === 'login' || login) {
        const found = await person(resource);
        if (credential.kind === 'login' || found.known) return found;
      }
      return await machineIdentity(resource, credential);
    },
  };
}

function mismatch(serverUrl: string, resource: ProtectedResource, clientId: string, issuer: string): AgentError {
  return new AgentError(
    'untrusted_issuer',
    `${serverUrl} takes tokens of ${listed(resource)}, but the client ${quote(clientId)} belongs to ${issuer}. Its secret was not sent.`,
  );
}

function listed({ issuers }: ProtectedResource): string {
  return issuers.slice(0, 5).map(quote).join(', ');
}
