// What a server says about a failure, as far as a person may read it: short, without control characters and without
// anything that looks like a key.

/** Longest piece of a server's own words in a message, in characters. */
const MAX_QUOTE_LENGTH = 200;

/** The words, quoted behind a colon; empty if there are none. */
export function quoteServer(words: string): string {
  const text = readMessage(words)
    .replace(/\s*Troubleshooting URL:[\s\S]*$/, '')
    .replace(/[\p{Cc}\p{Cf}]+/gu, ' ')
    .replace(/\b(?:Bearer\s+\S+|(?:sk|rk|pk|gsk|xai|AIza|ABSK)[-_]?[\w*-]{6,})/gi, '[key]')
    .trim();
  return text === '' ? '' : `: ${JSON.stringify(text.slice(0, MAX_QUOTE_LENGTH))}`;
}

/** The message inside a JSON body, in the places where the vendors put it; otherwise the text itself. */
function readMessage(words: string): string {
  const body = parseJson(words);
  if (!isObject(body)) return /^\s*</.test(words) ? '' : words;
  const { error, message, detail } = body;
  const found = [isObject(error) ? error['message'] : error, message, detail].find((part) => typeof part === 'string');
  return typeof found === 'string' ? found : words;
}

function parseJson(text: string): unknown {
  try {
    const body: unknown = JSON.parse(text);
    // Google wraps an error of a stream in a list.
    return Array.isArray(body) ? body[0] : body;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
