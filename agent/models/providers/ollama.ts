// Ollama: models on a machine of one's own. No key.

import { PROVIDER_DEFAULTS, type Provider } from '../provider.ts';

const PORT = 11434;

export const OLLAMA: Provider = {
  ...PROVIDER_DEFAULTS,
  id: 'ollama',
  package: { name: '@langchain/ollama', version: '1.3.0' },
  docs: 'https://ollama.com/search?c=tools',
  keyVariables: [],
  isKeyOptional: true,
  baseUrlVariables: ['OLLAMA_HOST', 'OLLAMA_BASE_URL'],
  baseUrl: `http://127.0.0.1:${PORT}`,
  normaliseBaseUrl: normaliseHost,
  defaultModel: 'qwen3:8b',
  recognises: /^(?:llama|qwen|gpt-oss)[\w.-]*(?::|$)/,
  unreachableHint: ({ model }) => `Is \`ollama serve\` running? Model present? \`ollama pull ${model}\``,
  reachability: ({ baseUrl }) => ({ url: `${baseUrl}/api/tags`, headers: {} }),
  load: async () => {
    const { ChatOllama } = await import('@langchain/ollama');
    return (settings, transport) =>
      new ChatOllama({
        model: settings.model,
        baseUrl: settings.baseUrl,
        fetch: transport,
        ...(settings.temperature === undefined ? {} : { temperature: settings.temperature }),
        ...(settings.maxTokens === undefined ? {} : { numPredict: settings.maxTokens }),
      });
  },
};

/**
 * `OLLAMA_HOST` as Ollama itself reads it: a bare host or `host:port` will do, and the address that a server listens on
 * everywhere with is one that a client cannot mean.
 */
function normaliseHost(text: string): string {
  const url = /^[a-z]+:\/\//i.test(text) ? text : `http://${text.startsWith(':') ? `127.0.0.1${text}` : text}`;
  if (!URL.canParse(url)) return text;
  const parsed = new URL(url);
  // Only what was stated without a scheme or with plain http gets Ollama's port; https has its own.
  if (parsed.protocol === 'http:' && parsed.port === '' && !/:80(?:\/|$)/.test(url)) parsed.port = String(PORT);
  if (parsed.hostname === '0.0.0.0' || parsed.hostname === '[::]') parsed.hostname = '127.0.0.1';
  return parsed.href.replace(/\/+$/, '').replace(/\/(?:v1|api)$/, '');
}
