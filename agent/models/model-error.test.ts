import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AgentError, type AgentErrorCode } from '../errors.ts';
import { describeModelError } from './registry.ts';

const SELECTION = { provider: 'openai', model: 'gpt-x', reason: 'LLM_MODEL' };

const TROUBLESHOOTING = '\n\nTroubleshooting URL: https://docs.langchain.com/x/\n';

const ROWS: readonly {
  readonly title: string;
  readonly error: unknown;
  readonly code: AgentErrorCode;
  readonly said: RegExp;
}[] = [
  {
    title: '401 names the variable of the key',
    error: failure(401, '401 Incorrect API key provided: sk-secret-secret.'),
    code: 'model_refused',
    said: /^openai refused the API key \(HTTP 401\)\. Check OPENAI_API_KEY\.$/,
  },
  {
    title: '403 names key and model',
    error: failure(403, 'x'),
    code: 'model_refused',
    said: /use openai:gpt-x \(HTTP 403\)/,
  },
  {
    title: '404 names model and address',
    error: failure(404, 'x'),
    code: 'model_refused',
    said: /does not know the model openai:gpt-x, .* Check the model's name and OPENAI_BASE_URL\.$/,
  },
  {
    title: '429 speaks of limit and quota, in the words of the provider',
    error: failure(429, `429 You exceeded your current quota.${TROUBLESHOOTING}`),
    code: 'model_unavailable',
    said: /\(HTTP 429\): .*quota is used up: "429 You exceeded your current quota\."\. Wait/,
  },
  {
    title: '500 is not our fault',
    error: failure(500, 'oops'),
    code: 'model_unavailable',
    said: /"oops"\. The fault is at/,
  },
  {
    title: 'keys and control characters are taken out of what a server says',
    error: failure(400, '400 bad\u001b[31m key sk-secret-secret and Bearer secret-token'),
    code: 'model_failed',
    said: /^openai:gpt-x answered HTTP 400: "400 bad \[31m key \[key\] and \[key\]"\.$/,
  },
  {
    title: 'a refused connection is unreachable and names the address',
    error: new Error('Connection error.', {
      cause: new TypeError('fetch failed', {
        cause: Object.assign(new Error('x'), { code: 'ECONNREFUSED', address: '127.0.0.1', port: 8080 }),
      }),
    }),
    code: 'unreachable',
    said: /^openai:gpt-x did not answer at https:\/\/api\.openai\.com \(ECONNREFUSED at 127\.0\.0\.1:8080\)\. Check the network, OPENAI_BASE_URL,/,
  },
  {
    title: 'a refused connection on two addresses is unreachable',
    error: new Error('Connection error.', {
      cause: new AggregateError([Object.assign(new Error('x'), { code: 'ECONNREFUSED' })]),
    }),
    code: 'unreachable',
    said: /\(ECONNREFUSED\)/,
  },
  {
    title: 'an unknown host is unreachable and named',
    error: Object.assign(new Error('x'), { code: 'ENOTFOUND', hostname: 'models.example' }),
    code: 'unreachable',
    said: /\(ENOTFOUND for models\.example\)/,
  },
  {
    title: 'a time-out names the setting',
    error: Object.assign(new Error('Request timed out.'), { name: 'TimeoutError' }),
    code: 'unreachable',
    said: /LLM_TIMEOUT_MS/,
  },
  {
    title: 'a cancelled call is an interruption',
    error: AbortSignal.abort().reason,
    code: 'interrupted',
    said: /cancelled/,
  },
  {
    title: "LangChain's cancelled call is an interruption",
    error: new Error('Aborted'),
    code: 'interrupted',
    said: /cancelled/,
  },
  {
    title: 'anything else is quoted',
    error: new TypeError('x is y'),
    code: 'model_failed',
    said: /failed: "x is y"\.$/,
  },
  { title: 'what is no error is no riddle either', error: 'x', code: 'model_failed', said: /^openai:gpt-x failed\.$/ },
];

const OTHER_PROVIDERS: readonly (readonly [string, number, string, AgentErrorCode, RegExp])[] = [
  [
    'google',
    400,
    '{"error":{"message":"API key not valid. Please pass a valid API key."}}',
    'model_refused',
    /^google refused the API key \(HTTP 400\)\. Check GOOGLE_API_KEY or GEMINI_API_KEY\.$/,
  ],
  [
    'ollama',
    404,
    '{"error":"model \\"m\\" not found"}',
    'model_refused',
    /: "model \\"m\\" not found"\. Check the model's name and OLLAMA_HOST and OLLAMA_BASE_URL\. .*`ollama pull m`$/,
  ],
  [
    'openrouter',
    402,
    '{"error":{"message":"Insufficient credits"}}',
    'model_refused',
    /paid up \(HTTP 402\): "Insufficient credits"/,
  ],
  ['xai', 307, '', 'model_refused', /redirect \(HTTP 307\), which is not followed.* Set XAI_BASE_URL/],
  [
    'anthropic',
    529,
    '{"error":{"message":"Overloaded"}}',
    'model_unavailable',
    /"Overloaded"\. The fault is at the provider/,
  ],
  ['mistral', 500, '<html>secret</html>', 'model_unavailable', /^mistral:m answered HTTP 500\. The fault/],
];

for (const [provider, status, text, code, said] of OTHER_PROVIDERS)
  test(`${provider} answers ${status} ${text}`, () => {
    const described = describeModelError(failure(status, text), { provider, model: 'm', reason: 'LLM_MODEL' });
    assert.equal(described.code, code);
    assert.match(described.message, said);
    assert.doesNotMatch(described.message, /secret/);
  });

test('an Ollama that does not run is told with the command that starts it', () => {
  const gone = Object.assign(new Error('x'), { code: 'ECONNREFUSED' });
  const described = describeModelError(gone, { provider: 'ollama', model: 'qwen3:8b', reason: 'LLM_MODEL' });
  assert.equal(described.code, 'unreachable');
  assert.equal(
    described.message,
    'ollama:qwen3:8b did not answer at http://127.0.0.1:11434 (ECONNREFUSED). Is `ollama serve` running? Model present? `ollama pull qwen3:8b`',
  );
});

for (const { title, error, code, said } of ROWS)
  test(title, () => {
    const described = describeModelError(error, SELECTION);
    assert.equal(described.code, code);
    assert.match(described.message, said);
    assert.doesNotMatch(described.message, /secret/);
    assert.equal(described.cause, error);
  });

test('the status stays readable', () => {
  assert.equal(describeModelError(failure(429, 'x'), SELECTION).details.status, 429);
});

test('an error that is described already stays as it is', () => {
  const error = new AgentError('limit', 'x');
  assert.equal(describeModelError(error, SELECTION), error);
});

test('errors that cause each other come to an end', () => {
  const error = new Error('x');
  error.cause = error;
  assert.equal(describeModelError(error, SELECTION).code, 'model_failed');
});

function failure(status: number, message: string): Error {
  return Object.assign(new Error(message), { status });
}
