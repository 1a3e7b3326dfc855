// An answer of a provider that is no success → an AgentError that says what to do about it.

import { AgentError, type AgentErrorCode } from '../errors.ts';
import { plural } from '../plural.ts';
import type { CalledModel } from './model-error.ts';
import { type FailedAnswer, readRetryAfterMs } from './retry.ts';
import { quoteServer } from './server-words.ts';

/** Some vendors answer 400 to a key that is none. */
const WRONG_KEY = /api[_ ]key not valid|API_KEY_INVALID|(?:incorrect|invalid) api[_ ]key/i;

/** Names the variable or the account that the answer is about. */
export function describeRefusal(answer: FailedAnswer, cause: unknown, called: CalledModel): AgentError {
  const { code, message } = explain(answer, called);
  return new AgentError(code, message, { cause, status: answer.status });
}

function explain(answer: FailedAnswer, called: CalledModel): { code: AgentErrorCode; message: string } {
  const { provider, label } = called;
  const { status } = answer;
  const keys = provider.keyVariables.join(' or ') || 'the credentials';
  const said = quoteServer(answer.text);
  if (status === 401 || (status === 400 && WRONG_KEY.test(answer.text)))
    return {
      code: 'model_refused',
      message: `${provider.id} refused the API key (HTTP ${status}). Check ${keys}${atHost(called)}.`,
    };
  switch (status) {
    case 402:
      return {
        code: 'model_refused',
        message: `${provider.id} wants the account to be paid up (HTTP 402)${said}. Check the account's balance at ${provider.docs}.`,
      };
    case 403:
      return {
        code: 'model_refused',
        message: `${provider.id} does not let this API key use ${label} (HTTP 403)${said}. Check ${keys} and what the account may use.`,
      };
    case 404:
      return { code: 'model_refused', message: describeUnknownModel(said, called) };
    case 429:
      return { code: 'model_unavailable', message: describeLimit(answer, label, said) };
    default:
      return describeOther(status, said, called);
  }
}

function describeUnknownModel(said: string, { provider, label, settings }: CalledModel): string {
  const where = provider.baseUrlVariables.map((variable) => ` and ${variable}`).join('');
  const hint = provider.unreachableHint ? ` ${provider.unreachableHint(settings)}` : '';
  return `${provider.id} does not know the model ${label}, or nothing is at this address (HTTP 404)${said}. Check the model's name${where}.${hint}`;
}

function describeLimit(answer: FailedAnswer, label: string, said: string): string {
  const waitMs = readRetryAfterMs(answer, Date.now());
  const wait = waitMs === undefined ? 'Wait' : `Wait ${plural(Math.ceil(waitMs / 1000), 'second')}`;
  return `${label} refuses more requests for now (HTTP 429): a rate limit, or the account's quota is used up${said}. ${wait}, check the account's plan and billing, or name another model in LLM_FALLBACK_MODELS.`;
}

function describeOther(status: number, said: string, called: CalledModel): { code: AgentErrorCode; message: string } {
  const { label, provider } = called;
  if (status >= 300 && status < 400)
    return {
      code: 'model_refused',
      message: `${label} answered with a redirect (HTTP ${status}), which is not followed: keys go to the configured host only. Set ${provider.baseUrlVariables.join(' or ') || 'the endpoint'} to the address that answers itself.`,
    };
  if (status >= 500)
    return {
      code: 'model_unavailable',
      message: `${label} answered HTTP ${status}${said}. The fault is at the provider; try again.`,
    };
  return { code: 'model_failed', message: `${label} answered HTTP ${status}${said}.` };
}

function atHost({ provider, settings }: CalledModel): string {
  if (!URL.canParse(settings.baseUrl) || settings.baseUrl === provider.baseUrl) return '';
  return `, and that it belongs to ${new URL(settings.baseUrl).origin}`;
}
