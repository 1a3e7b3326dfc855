// The body of an MCP request: read once, within limits on size, encoding and depth, for the handler and its scope check
// alike.

/** A tool call is small; the body is read before the caller's scopes are known. */
export const MAX_BODY_BYTES = 1024 * 1024;

/** Arguments of real tools are a few levels deep; thousands of levels are made to exhaust the stack of a validator. */
const MAX_DEPTH = 64;

export type ParsedBody =
  | { readonly ok: true; readonly body: unknown }
  | { readonly ok: false; readonly status: 400 | 415; readonly message: string };

/**
 * Parses a JSON body. Other media types are the handler's to refuse: their body is `undefined`.
 *
 * @param readText gives the whole body; bounded by whoever calls
 */
export async function parseBody(request: Request, readText: () => Promise<string>): Promise<ParsedBody> {
  const encoding = request.headers.get('content-encoding') ?? 'identity';
  // A compressed body would have to be unpacked before its size is known.
  if (encoding.toLowerCase() !== 'identity')
    return { ok: false, status: 415, message: 'Content-Encoding is not supported: send the body as it is' };
  const isJson = /^application\/json\b/i.test(request.headers.get('content-type') ?? '');
  if (request.method !== 'POST' || !isJson) return { ok: true, body: undefined };
  const text = await readText();
  if (isTooDeep(text)) return { ok: false, status: 400, message: `The body is nested deeper than ${MAX_DEPTH} levels` };
  try {
    return { ok: true, body: JSON.parse(text) };
  } catch (error) {
    if (error instanceof SyntaxError) return { ok: false, status: 400, message: 'The body is not JSON' };
    throw error;
  }
}

/** Counts brackets outside of strings; runs before the parser, whose own recursion has a limit that depends on the stack. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  let isString = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (isString) {
      if (character === '\\') index += 1;
      else if (character === '"') isString = false;
    } else if (character === '"') isString = true;
    else if (character === '{' || character === '[') {
      depth += 1;
      if (depth > MAX_DEPTH) return true;
    } else if (character === '}' || character === ']') depth -= 1;
  }
  return false;
}
