// What a client may send to the token endpoint, in one form. Auth0's dashboard prints a curl line with a JSON body, and
// people will paste it; the specification knows the form body only.

import type { IncomingMessage } from 'node:http';

export type ParametersResult =
  | { readonly ok: true; readonly parameters: URLSearchParams }
  | { readonly ok: false; readonly reason: string };

/** The media type of the body, without parameters, or `undefined` when it is none of the two that we understand. */
export function bodyFormat(request: IncomingMessage): 'form' | 'json' | undefined {
  const mediaType = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (mediaType === 'application/json') return 'json';
  return mediaType === 'application/x-www-form-urlencoded' ? 'form' : undefined;
}

/** Reads the parameters of a token request from a body in either format. */
export function parseParameters(text: string, format: 'form' | 'json'): ParametersResult {
  if (format === 'form') return { ok: true, parameters: new URLSearchParams(text) };
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return { ok: false, reason: 'The body is not JSON' };
    throw error;
  }
  if (content === null || typeof content !== 'object' || Array.isArray(content))
    return { ok: false, reason: 'The body must be a JSON object' };
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(content)) {
    if (typeof value !== 'string')
      return {
        ok: false,
        reason: `Every member of the body must be a string; ${JSON.stringify(name.slice(0, 40))} is not`,
      };
    parameters.append(name, value);
  }
  return { ok: true, parameters };
}
