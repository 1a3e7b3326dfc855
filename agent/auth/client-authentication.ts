// How our client proves itself at the token endpoint: what is configured, in the form that the issuer takes.

import { readFile } from 'node:fs/promises';
import { importJWK, importPKCS8, type JWK } from 'jose';
import * as oauth from 'openid-client';
import type { ClientAuthentication, SecretSource } from '../credential-config.ts';
import { AgentError } from '../errors.ts';
import { parseJson } from './issuer-metadata.ts';
import { hasErrorCode } from './private-file.ts';

/**
 * @param method what the issuer registered for this client; default: what its metadata offers
 * @throws {AgentError} `login_required` when the key cannot be read or used
 */
export async function createClientAuthentication(
  authentication: ClientAuthentication,
  method?: string,
): Promise<oauth.ClientAuth> {
  switch (authentication.kind) {
    case 'none':
      return oauth.None();
    case 'secret':
      return bySecret(authentication.secret, method);
    case 'private-key':
      return await byPrivateKey(authentication.file, authentication.algorithm);
  }
}

/** A secret that may lie in a file which its owner replaces: read again each time. */
export async function readSecret(source: SecretSource, variable: string): Promise<string> {
  if (source.kind === 'value') return source.value;
  const text = (await readKeyFile(source.file, variable)).trim();
  if (text === '') throw new AgentError('login_required', `${variable}: ${source.file} is empty.`);
  return text;
}

/** `client_secret_post` where the issuer offers it or says nothing, since Auth0 documents that; else `client_secret_basic`. */
function bySecret(secret: string, method: string | undefined): oauth.ClientAuth {
  const post = oauth.ClientSecretPost(secret);
  return (server, client, body, headers) => {
    const offered = server.token_endpoint_auth_methods_supported;
    if (method === 'none' || (method === undefined && offered?.every((name) => name === 'none')))
      return oauth.None()(server, client, body, headers);
    const isPost = method === undefined ? offered?.includes(POST) !== false : method === POST;
    if (isPost) return post(server, client, body, headers);
    headers.set('authorization', `Basic ${btoa(`${formEncode(client.client_id)}:${formEncode(secret)}`)}`);
  };
}

const POST = 'client_secret_post';

/**
 * RFC 6749 §2.3.1: as in a form. The library encodes hyphens and dots too, which is as correct, and more than issuers can
 * bear that do not decode.
 */
function formEncode(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}

async function byPrivateKey(file: string, algorithm: string | undefined): Promise<oauth.ClientAuth> {
  const text = await readKeyFile(file, 'AUTH_PRIVATE_KEY_FILE');
  try {
    if (text.trimStart().startsWith('{')) {
      // jose checks the members that it uses.
      const jwk = parseJson(text) as JWK;
      const key = await importJWK(jwk, algorithm ?? jwk.alg ?? 'ES256');
      if (!(key instanceof CryptoKey) || key.type !== 'private') throw new TypeError('it is not a private key');
      return oauth.PrivateKeyJwt(jwk.kid === undefined ? key : { key, kid: jwk.kid });
    }
    return oauth.PrivateKeyJwt(await importPem(text, algorithm));
  } catch (error) {
    if (error instanceof AgentError) throw error;
    // Neither the key nor what a parser quotes of it.
    throw new AgentError(
      'login_required',
      `AUTH_PRIVATE_KEY_FILE: ${file} holds no private key for ${algorithm ?? 'ES256 or RS256'} (a PKCS #8 PEM or a JWK is expected). Set AUTH_PRIVATE_KEY_ALGORITHM to the key's algorithm.`,
    );
  }
}

/** A PEM does not name its algorithm: the two usual ones are tried. */
async function importPem(text: string, algorithm: string | undefined): Promise<CryptoKey> {
  if (algorithm !== undefined) return await importPKCS8(text, algorithm);
  try {
    return await importPKCS8(text, 'ES256');
  } catch {
    return await importPKCS8(text, 'RS256');
  }
}

async function readKeyFile(file: string, variable: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (!hasErrorCode(error, 'ENOENT') && !hasErrorCode(error, 'EACCES') && !hasErrorCode(error, 'EISDIR')) throw error;
    throw new AgentError('login_required', `${variable}: ${file} cannot be read.`, { cause: error });
  }
}
