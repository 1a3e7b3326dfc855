// Which client the configuration names for a person's login: one that was registered by hand, or the one that the local
// authorization server keeps for it. Names no secret to anybody: whose issuer it is, its caller compares.

import type { CredentialConfig } from '../credential-config.ts';
import { AgentError } from '../errors.ts';
import { loadLocalClient } from './local-client.ts';
import type { PreRegistered } from './registration.ts';

/** `undefined` where nothing is named: the agent then says itself who it is. */
export async function preRegisteredIn(credential: CredentialConfig): Promise<PreRegistered | undefined> {
  if (credential.kind === 'local-client') return await localLoginClient(credential.file);
  if (credential.kind !== 'login') return undefined;
  const { issuer, clientId, authentication, localClientFile } = credential;
  if (issuer !== undefined && clientId !== undefined) return { issuer, clientId, authentication };
  return localClientFile === undefined ? undefined : await localLoginClient(localClientFile);
}

async function localLoginClient(file: string): Promise<PreRegistered | undefined> {
  try {
    const { issuer, loginClientId } = await loadLocalClient(file);
    if (loginClientId === undefined) return undefined;
    return { issuer, clientId: loginClientId, authentication: { kind: 'none' } };
  } catch (error) {
    // A file that is missing or not fit to be trusted says nothing about any issuer; the machine client tells of it.
    if (error instanceof AgentError && error.code === 'login_required') return undefined;
    throw error;
  }
}
