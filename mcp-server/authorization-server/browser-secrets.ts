// The secrets that tie a browser to this server: the key that signs cookies and the key that makes form tokens.
// They survive a restart, so that nobody who is signed in, or in the middle of a consent, has to begin again.

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import { parseJsonObject } from './json-object.ts';
import { readPrivateFile, unreadable, writePrivateFile } from './private-files.ts';

const FILE_NAME = 'browser-secrets.json';
const SECRET_BYTES = 32;

export interface BrowserSecrets {
  /** Signs cookies; the first one signs, all are accepted. */
  readonly cookieKeys: readonly string[];
  readonly formKey: string;
}

/**
 * Loads the secrets of `dataDir`, or makes them at the first start.
 *
 * @throws {ServerError} `unreadable_data`
 */
export async function loadBrowserSecrets(dataDir: string): Promise<BrowserSecrets> {
  const path = join(dataDir, FILE_NAME);
  const text = await readPrivateFile(path);
  if (text !== undefined) {
    const secrets = parseBrowserSecrets(text);
    if (secrets) return secrets;
    throw unreadable(
      path,
      'it is damaged; expected JSON with "cookieKeys" and "formKey"',
      'delete it: the server then makes new secrets, and everybody signs in once more',
    );
  }
  const secrets: BrowserSecrets = { cookieKeys: [createSecret()], formKey: createSecret() };
  await writePrivateFile(path, `${JSON.stringify(secrets, undefined, 2)}\n`);
  return secrets;
}

/** The token that a form of this interaction and this step carries. Nobody can make it for another interaction. */
export function createFormToken(secrets: BrowserSecrets, interactionId: string, step: string): string {
  return createHmac('sha256', secrets.formKey).update(`${step}\0${interactionId}`).digest('base64url');
}

/** Compares in constant time, whatever was sent. */
export function isFormToken(secrets: BrowserSecrets, interactionId: string, step: string, token: string): boolean {
  const expected = Buffer.from(createFormToken(secrets, interactionId, step));
  const actual = Buffer.from(token);
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}

function createSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}

function parseBrowserSecrets(text: string): BrowserSecrets | undefined {
  const { cookieKeys, formKey } = parseJsonObject(text) ?? {};
  if (!Array.isArray(cookieKeys) || cookieKeys.length === 0 || !cookieKeys.every(isSecret) || !isSecret(formKey))
    return undefined;
  return { cookieKeys, formKey };
}

function isSecret(value: unknown): value is string {
  return typeof value === 'string' && Buffer.from(value, 'base64url').length >= SECRET_BYTES;
}
