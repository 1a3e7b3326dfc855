// What a login keeps secret while it goes on: what it sends to the issuer, and what it stores. Noted where it passes, so that no
// step of a login has to think of it.

import type { Fetch } from './bounded-fetch.ts';
import { parseJson } from './issuer-metadata.ts';
import type { PrivateRecords } from './private-records.ts';
import { createTokenStore, type TokenStore } from './token-store.ts';

/** Whoever keeps secrets out of what is told; declared here because it comes later. */
export interface SecretKeeper {
  /** Remembers a secret, one that is used once apart from those that last. */
  note(secret: string, isPassing?: boolean): void;
  /** The text without the secrets that were noted. */
  redact(text: string): string;
}

/** Parameters of requests to an issuer whose values are good for something, for as long as they are kept or once. */
const LASTING_PARAMETERS = ['client_secret', 'refresh_token', 'token'];
const PASSING_PARAMETERS = ['client_assertion', 'code', 'code_verifier', 'device_code', 'assertion', 'subject_token'];
/** Members of what is stored that are secrets: of tokens, of a registration, of a proof key. */
const STORED_SECRET = /"(?:accessToken|refreshToken|clientSecret|d)":"((?:[^"\\]|\\.)+)"/g;

/**
 * Notes the secrets of every request, and takes them out of answers that are refusals: an issuer that shows back what it was
 * sent is quoted in messages, and what is cut short there is hard to recognise.
 *
 * @param fetch gives whole answers of a bounded size
 */
export function watchFetch(fetch: Fetch, { note, redact }: SecretKeeper): Fetch {
  return async (url, init = {}) => {
    if (init.body instanceof URLSearchParams) {
      for (const name of LASTING_PARAMETERS) for (const value of init.body.getAll(name)) note(value);
      for (const name of PASSING_PARAMETERS) for (const value of init.body.getAll(name)) note(value, true);
    }
    const basic = /^Basic +(.+)$/i.exec(new Headers(init.headers).get('authorization') ?? '')?.[1];
    if (basic !== undefined) for (const part of secretsInBasic(basic)) note(part);
    const response = await fetch(url, init);
    if (response.ok || response.body === null) return response;
    const { status, headers } = response;
    return new Response(redact(await response.text()), { status, headers });
  };
}

/** RFC 6749 §2.3.1: the secret is encoded as in a form. */
function secretsInBasic(credentials: string): string[] {
  const [, encoded = ''] = /^[^:]*:(.*)$/s.exec(Buffer.from(credentials, 'base64').toString()) ?? [];
  return [credentials, encoded, ...new URLSearchParams(`=${encoded}`).values()];
}

/** The secrets in what a store keeps. */
export function storedSecrets(text: string): string[] {
  return [...text.matchAll(STORED_SECRET)].flatMap(([, written]) => {
    // Of a damaged file: whatever it is, nobody has a use for it.
    const secret = parseJson(`"${written}"`);
    return typeof secret === 'string' ? [secret] : [];
  });
}

/** The same store; every secret that comes out of it or goes into it is noted. */
export function watchStore({ records }: TokenStore, { note }: SecretKeeper): TokenStore {
  const noteAll = (text: string | undefined) => {
    for (const secret of storedSecrets(text ?? '')) note(secret);
    return text;
  };
  const watched: PrivateRecords = {
    load: async (name) => noteAll(await records.load(name)),
    update: (name, decide, options) =>
      records.update(
        name,
        async (stored) => {
          const decision = await decide(noteAll(stored));
          if (decision.kind === 'replace') noteAll(decision.text);
          return decision;
        },
        options,
      ),
  };
  return createTokenStore(watched);
}
