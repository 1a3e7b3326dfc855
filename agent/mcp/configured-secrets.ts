// The secrets that the agent has before it asks anybody: those of the configuration, in it or in files, and those of logins that
// it keeps. A server that reads files, or shows back what it was started with, brings them before the model otherwise.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readSecret } from '../auth/client-authentication.ts';
import { loadLocalClient } from '../auth/local-client.ts';
import { readPrivateFile } from '../auth/private-file.ts';
import { storedSecrets } from '../auth/secrets-in-use.ts';
import type { AgentConfig, McpServerConfig } from '../config.ts';
import type { ClientAuthentication, CredentialConfig, SecretSource } from '../credential-config.ts';
import { AgentError } from '../errors.ts';
import { isSecretName, secretsAmong } from '../secret-words.ts';

/** The lines of a PEM file that are the key. */
const KEY_LINE = /^[\w+/]{40,}=*$/gm;
/** Members of a JWK that make it a private key (RFC 7518 §6). */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'];

/** A file that cannot be read holds none that could be told; whoever needs it says so. */
export async function configuredSecrets(
  config: Pick<AgentConfig, 'servers' | 'credential' | 'tokenDirectory'>,
): Promise<string[]> {
  const credentials = [
    config.credential,
    ...config.servers.flatMap((server) => (server.transport === 'http' && server.auth?.credential) || []),
  ];
  const ofCredentials = await Promise.all(credentials.map(secretsOfCredential));
  return [
    ...config.servers.flatMap(secretsOfServer),
    ...ofCredentials.flat(),
    ...(config.tokenDirectory === undefined ? [] : await secretsOfLogins(config.tokenDirectory)),
  ];
}

/** Of all logins: also of servers that are not connected now. */
async function secretsOfLogins(directory: string): Promise<string[]> {
  const files = (await ifReadable(() => readdir(directory))) ?? [];
  const texts = files.map((file) => ifReadable(() => readPrivateFile(join(directory, file))));
  return (await Promise.all(texts)).flatMap((text) => (text === undefined ? [] : storedSecrets(text)));
}

function secretsOfServer(server: McpServerConfig): string[] {
  if (server.transport === 'http') {
    const query = URL.canParse(server.url) ? [...new URL(server.url).searchParams] : [];
    return namedSecrets([...Object.entries(server.headers), ...query]);
  }
  const given = Object.entries(server.env);
  const texts = [...given.map(([, value]) => value), ...server.args];
  return [...namedSecrets(given), ...secretsAmong(server.args).map(withoutScheme), ...texts.flatMap(passwordsIn)];
}

function namedSecrets(entries: readonly (readonly [string, string])[]): string[] {
  return entries.flatMap(([name, value]) => (isSecretName(name) ? [withoutScheme(value)] : []));
}

/** It may be shown without. */
function withoutScheme(value: string): string {
  return value.replace(/^(?:Bearer|Basic|DPoP|Token) +/i, '');
}

/** That of a URL such as `postgres://user:password@host`. */
function passwordsIn(text: string): string[] {
  if (!/:\/\/[^/]*@/.test(text) || !URL.canParse(text)) return [];
  const { password } = new URL(text);
  // As it stands, and as it is meant.
  return [password, ...new URLSearchParams(`=${password.replaceAll('+', '%2B')}`).values()];
}

async function secretsOfCredential(credential: CredentialConfig): Promise<string[]> {
  switch (credential.kind) {
    case 'bearer':
      return [credential.token];
    case 'client-credentials':
      return await secretsOfClient(credential.authentication);
    case 'local-client':
      return await secretsInLocalFile(credential.file);
    case 'jwt-bearer':
      return [...(await secretsOfClient(credential.authentication)), ...(await contentOf(credential.assertion))];
    case 'id-jag': {
      const { clientSecret, idToken } = credential.identityProvider;
      return [
        ...(await secretsOfClient(credential.authentication)),
        ...(clientSecret === undefined ? [] : [clientSecret]),
        ...(await contentOf(idToken)),
      ];
    }
    case 'login':
      return [
        ...(await secretsOfClient(credential.authentication)),
        ...(credential.localClientFile === undefined ? [] : await secretsInLocalFile(credential.localClientFile)),
      ];
  }
}

async function secretsOfClient(authentication: ClientAuthentication): Promise<string[]> {
  if (authentication.kind === 'secret') return [authentication.secret];
  if (authentication.kind === 'none') return [];
  const text = await ifReadable(() => readFile(authentication.file, 'utf8'));
  if (text === undefined) return [];
  const members = PRIVATE_MEMBERS.flatMap((name) => new RegExp(`"${name}"\\s*:\\s*"([\\w-]+)"`).exec(text)?.[1] ?? []);
  return [...(text.match(KEY_LINE) ?? []), ...members];
}

async function secretsInLocalFile(file: string): Promise<string[]> {
  const client = await ifReadable(() => loadLocalClient(file));
  return client ? await secretsOfClient(client.authentication) : [];
}

async function contentOf(source: SecretSource): Promise<string[]> {
  const text = await ifReadable(() => readSecret(source, ''));
  return text === undefined ? [] : [text];
}

async function ifReadable<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof AgentError || (error instanceof Error && 'syscall' in error)) return undefined;
    throw error;
  }
}
