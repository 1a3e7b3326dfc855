// The clients that the local authorization server has for the agent: one of its own, and one for a person who signs in.
// Read from the file it left in the data directory, which only this user may read.

import { readFile, stat } from 'node:fs/promises';
import * as z from 'zod';
import type { ClientAuthentication } from '../credential-config.ts';
import { AgentError } from '../errors.ts';
import { parseJson } from './issuer-metadata.ts';

const fileSchema = z.object({
  issuer: z.url(),
  client_id: z.string().min(1),
  client_secret: z.string().min(1),
  login_client_id: z.string().min(1).optional(),
});

/** A client at the one issuer that its secret may go to. */
export interface LocalClient {
  readonly issuer: string;
  readonly clientId: string;
  readonly authentication: ClientAuthentication;
  /** The public client for logins of a person; `undefined` in files of older servers. */
  readonly loginClientId: string | undefined;
}

/**
 * Reads the local machine client.
 *
 * @throws {AgentError} `login_required` when there is no such file or it is not fit to be trusted
 */
export async function loadLocalClient(file: string): Promise<LocalClient> {
  let text: string;
  try {
    // A secret that others can read is no secret, and one that others can write is a trap.
    const { mode } = await stat(file);
    if ((mode & 0o077) !== 0)
      throw new AgentError('login_required', `${file} may be read by others. Make it private: chmod 600 ${file}`);
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof AgentError) throw error;
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      throw new AgentError(
        'login_required',
        `No credentials: ${file} does not exist. For the local server start it once with "npm run server"; for another one set AUTH_ISSUER, AUTH_CLIENT_ID and AUTH_CLIENT_SECRET, or MCP_BEARER_TOKEN.`,
      );
    throw error;
  }
  const parsed = fileSchema.safeParse(parseJson(text));
  if (!parsed.success)
    throw new AgentError(
      'login_required',
      `${file} is not a client of the local authorization server. Delete it and start the server again.`,
    );
  const { issuer, client_id: clientId, client_secret: secret, login_client_id: loginClientId } = parsed.data;
  return { issuer, clientId, authentication: { kind: 'secret', secret }, loginClientId };
}
