// Recorded turns in the place of a model: `replay:DIRECTORY`. No key, no network.

import { PROVIDER_DEFAULTS, type Provider } from '../provider.ts';

/** The provider whose model answers for the one that was recorded, with everything that surrounded it then. */
export const REPLAY_PROVIDER = 'replay';

export const REPLAY: Provider = {
  ...PROVIDER_DEFAULTS,
  id: REPLAY_PROVIDER,
  package: undefined,
  docs: '',
  keyVariables: [],
  isKeyOptional: true,
  baseUrlVariables: [],
  baseUrl: '',
  defaultModel: undefined,
  notice: 'replay: answers come from a recording, not from a model.',
  saysWhyItEnds: false,
  adaptSchema: undefined,
  load: async () => {
    const [{ replayModel }, { createScrub }] = await Promise.all([import('../cassette.ts'), import('../scrub.ts')]);
    return (settings) => replayModel(settings.model, createScrub({}));
  },
};
