// The rows of the registry, one file each. Importing this loads no provider's package.

import type { Provider } from '../provider.ts';
import { ANTHROPIC } from './anthropic.ts';
import { AZURE } from './azure.ts';
import { BEDROCK } from './bedrock.ts';
import { DEEPSEEK } from './deepseek.ts';
import { DEMO } from './demo.ts';
import { GOOGLE } from './google.ts';
import { GROQ } from './groq.ts';
import { MISTRAL } from './mistral.ts';
import { OLLAMA } from './ollama.ts';
import { OPENAI } from './openai.ts';
import { OPENAI_COMPATIBLE } from './openai-compatible.ts';
import { OPENROUTER } from './openrouter.ts';
import { REPLAY } from './replay.ts';
import { XAI } from './xai.ts';

export const PROVIDERS: readonly Provider[] = [
  OPENAI,
  ANTHROPIC,
  GOOGLE,
  OLLAMA,
  OPENROUTER,
  AZURE,
  MISTRAL,
  GROQ,
  BEDROCK,
  DEEPSEEK,
  XAI,
  OPENAI_COMPATIBLE,
  DEMO,
  REPLAY,
];
