// The body of an MCP request: read once, within limits on size, encoding, depth and number of values, and of the shape of
// JSON-RPC, for the handler and its scope check alike.

/** A tool call is small; the body is read before the caller's scopes are known. */
export const MAX_BODY_BYTES = 1024 * 1024;

const LIMITS = {
  /** Arguments of real tools are a few levels deep; thousands of levels are made to exhaust the stack of a validator. */
  maxDepth: 64,
  /** Validators do something for every value and report every one that is wrong; the longest import has 1 500. */
  maxValues: 5_000,
  /** What is more than that is not parsed to learn its id: 20 000 take milliseconds, what fits into a body a tenth of a second. */
  maxParsedValues: 20_000,
  /** A name of the protocol, or an id that comes back with each answer and is kept for as long as that is. */
  maxNameLength: 256,
} as const;

export interface RefusedBody {
  readonly ok: false;
  readonly status: 400 | 413 | 415;
  readonly code: number;
  readonly message: string;
  /** Of the request that is refused; `null` where the body does not say, or is too long to be asked. */
  readonly id: number | string | null;
}

export type ParsedBody = { readonly ok: true; readonly body: unknown } | RefusedBody;

/** JSON-RPC 2.0 §5.1 */
const PARSE_ERROR = -32_700;
const INVALID_REQUEST = -32_600;

/** Whether the request says that its body is too large; known before a byte of it is read. */
export function isDeclaredTooLarge(request: Request): boolean {
  return Number(request.headers.get('content-length') ?? 0) > MAX_BODY_BYTES;
}

/** Parses a JSON body. Other media types are the handler's to refuse: their body is `undefined`. */
export async function parseBody(request: Request): Promise<ParsedBody> {
  const encoding = request.headers.get('content-encoding') ?? 'identity';
  // A compressed body would have to be unpacked before its size is known.
  if (encoding.toLowerCase() !== 'identity')
    return refuse(415, PARSE_ERROR, 'Parse error: Content-Encoding is not supported: send the body as it is');
  const isJson = /^application\/json\b/i.test(request.headers.get('content-type') ?? '');
  if (request.method !== 'POST' || !isJson) return { ok: true, body: undefined };
  const text = await readText(request);
  if (text === undefined) return refuse(413, INVALID_REQUEST, `The limit is ${MAX_BODY_BYTES} bytes`);
  const { depth, values } = extentOf(text);
  if (depth > LIMITS.maxDepth)
    return refuse(400, PARSE_ERROR, `Parse error: The body is nested deeper than ${LIMITS.maxDepth} levels`);
  if (values > LIMITS.maxParsedValues) return refuseValues(values, null);
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return refuse(400, PARSE_ERROR, 'Parse error: The body is not JSON');
    throw error;
  }
  // It is JSON, and known whose answer this is: the reader may be a model, which can ask for less.
  if (values > LIMITS.maxValues) return refuseValues(values, idOf(body));
  const fault = [body].flat().map(faultOf).find(Boolean);
  return fault === undefined ? { ok: true, body } : refuse(400, INVALID_REQUEST, `Invalid request: ${fault}`);
}

/** How many calls a body is: a batch is as many as there are messages in it. */
export function countMessages(body: unknown): number {
  return Array.isArray(body) ? body.length : 1;
}

/** The whole body, or `undefined` when there is more than the limit. */
async function readText(request: Request): Promise<string | undefined> {
  // With a length the HTTP parser takes no more than that, and the length has been looked at.
  if (request.headers.has('content-length') || !request.body) return request.text();
  const reader = request.body.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    size += read.value.byteLength;
    // The rest stays where it is: to cancel it would close the connection before the answer is out.
    if (size > MAX_BODY_BYTES) return undefined;
    chunks.push(read.value);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** What is wrong with the members of a message that this server itself looks at; the SDK judges the rest. */
function faultOf(message: unknown): string | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  const { method, id } = message as { readonly method?: unknown; readonly id?: unknown };
  const { maxNameLength } = LIMITS;
  if (method !== undefined && (typeof method !== 'string' || method.length > maxNameLength))
    return `method must be a string of at most ${maxNameLength} characters`;
  const isId = id === undefined || id === null || typeof id === 'number' || typeof id === 'string';
  if (!isId || (typeof id === 'string' && id.length > maxNameLength))
    return `id must be a number or a string of at most ${maxNameLength} characters`;
  return undefined;
}

/** The id that an answer to this message has; `null` for a batch, and where it is none. */
function idOf(message: unknown): RefusedBody['id'] {
  if (typeof message !== 'object' || message === null || !('id' in message) || faultOf(message)) return null;
  return typeof message.id === 'number' || typeof message.id === 'string' ? message.id : null;
}

/**
 * Depth and number of values, by brackets and commas outside of strings; runs before the parser, whose recursion has a limit
 * of its own. What is too deep is not looked at to its end.
 */
function extentOf(text: string): { readonly depth: number; readonly values: number } {
  let depth = 0;
  let values = 1;
  let isString = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charCodeAt(index);
    if (isString) {
      if (character === BACKSLASH) index += 1;
      else if (character === QUOTE) isString = false;
      continue;
    }
    if (character === QUOTE) isString = true;
    else if (character === COMMA) values += 1;
    else if (character === OPEN_BRACE || character === OPEN_BRACKET) {
      depth += 1;
      values += 1;
      if (depth > LIMITS.maxDepth) break;
    } else if (character === CLOSE_BRACE || character === CLOSE_BRACKET) depth -= 1;
  }
  return { depth, values };
}

const [QUOTE, BACKSLASH, COMMA, OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = Array.from('"\\,{}[]', (text) =>
  text.charCodeAt(0),
);

function refuseValues(values: number, id: RefusedBody['id']): RefusedBody {
  return refuse(
    400,
    INVALID_REQUEST,
    `Invalid request: The body has ${values} JSON values, the limit is ${LIMITS.maxValues}. Nothing was done. Send fewer items in a call, and the others in further calls`,
    id,
  );
}

function refuse(
  status: RefusedBody['status'],
  code: number,
  message: string,
  id: RefusedBody['id'] = null,
): RefusedBody {
  return { ok: false, status, code, message, id };
}
