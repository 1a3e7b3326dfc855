// The keyless model: no package, no endpoint, no vendor.

import { PROVIDER_DEFAULTS, type Provider } from '../provider.ts';

/** The provider that is always there: no key, no package, no network. */
export const KEYLESS_PROVIDER = 'demo';

export const DEMO: Provider = {
  ...PROVIDER_DEFAULTS,
  id: KEYLESS_PROVIDER,
  package: undefined,
  docs: '',
  keyVariables: [],
  isKeyOptional: true,
  baseUrlVariables: [],
  baseUrl: '',
  defaultModel: '',
  notice: 'demo model: not an LLM, it only matches words to tools. Set LLM_MODEL=provider:model for a real one.',
  adaptSchema: undefined,
  saysWhyItEnds: false,
  load: async () => {
    const { createDemoModel } = await import('../demo.ts');
    return () => createDemoModel();
  },
};
