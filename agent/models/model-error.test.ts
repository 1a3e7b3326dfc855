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
    code: 'model_failed',
    said: /^openai refused the API key \(HTTP 401\)\. Check OPENAI_API_KEY\.$/,
  },
  {
    title: '403 names key and model',
    error: failure(403, 'x'),
    code: 'model_failed',
    said: /use openai:gpt-x \(HTTP 403\)/,
  },
  {
    title: '404 names model and address',
    error: failure(404, 'x'),
    code: 'model_failed',
    said: /does not know the model openai:gpt-x, .* Check LLM_MODEL and OPENAI_BASE_URL\.$/,
  },
  {
    title: '429 speaks of limit and quota, in the words of the provider',
    error: failure(429, `429 You exceeded your current quota.${TROUBLESHOOTING}`),
    code: 'model_failed',
    said: /\(HTTP 429\): .*quota is used up: "429 You exceeded your current quota\."\. Wait/,
  },
  {
    title: '500 is not our fault',
    error: failure(500, 'oops'),
    code: 'model_failed',
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
    said: /^openai:gpt-x did not answer \(ECONNREFUSED at 127\.0\.0\.1:8080\)\. Check the network, OPENAI_BASE_URL,/,
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
