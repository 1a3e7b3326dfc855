// Where one is logged in: which set of tokens belongs to an MCP server, so that its status can be told without asking
// anybody. Holds no secret.

import * as z from 'zod';
import { parseJson } from './issuer-metadata.ts';
import type { LoginStatus } from './login-prompt.ts';
import type { PrivateRecords } from './private-records.ts';
import type { TokenKey } from './token-store.ts';

const loginSchema = z.object({
  issuer: z.string(),
  resource: z.string(),
  clientId: z.string(),
  profile: z.string(),
  grant: z.enum(['client-credentials', 'authorization-code', 'device-code', 'jwt-bearer', 'id-jag']),
  /** What the tokens are for, as the server calls itself; `resource` above is what the issuer calls it. */
  resourceUrl: z.string(),
  authenticationMethod: z.string().optional(),
});

/** A login at one server: where its tokens are, and how it was made. */
export type KnownLogin = z.output<typeof loginSchema> & { readonly grant: LoginStatus['grant'] };

export interface LoginIndex {
  find(serverUrl: string, profile: string): Promise<KnownLogin | undefined>;
  note(serverUrl: string, login: KnownLogin): Promise<void>;
  forget(serverUrl: string, profile: string): Promise<void>;
}

export function createLoginIndex(records: PrivateRecords): LoginIndex {
  const nameOf = (serverUrl: string, profile: string) => ['login', serverUrl, profile];
  return {
    find: async (serverUrl, profile) => {
      const text = await records.load(nameOf(serverUrl, profile));
      return text === undefined ? undefined : loginSchema.safeParse(parseJson(text)).data;
    },
    note: async (serverUrl, login) => {
      const text = JSON.stringify(login);
      if ((await records.load(nameOf(serverUrl, login.profile)))?.trim() === text) return;
      await records.update(nameOf(serverUrl, login.profile), async () => ({ kind: 'replace', text }));
    },
    forget: (serverUrl, profile) =>
      records.update(nameOf(serverUrl, profile), async () => ({ kind: 'forget' }), { isForgetting: true }),
  };
}

export function tokenKeyOf({ issuer, resource, clientId, profile }: TokenKey): TokenKey {
  return { issuer, resource, clientId, profile };
}
