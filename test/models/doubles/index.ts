// Every vendor that is proven to work: what a test that holds for all of them runs over.

import type { WireFormat } from '../wire-format.ts';
import { anthropic } from './anthropic.ts';
import { azure } from './azure.ts';
import { bedrock } from './bedrock.ts';
import { deepseek } from './deepseek.ts';
import { google } from './google.ts';
import { groq } from './groq.ts';
import { mistral } from './mistral.ts';
import { ollama } from './ollama.ts';
import { openaiChat } from './openai-chat.ts';
import { openaiCompatible } from './openai-compatible.ts';
import { openaiResponses } from './openai-responses.ts';
import { openrouter } from './openrouter.ts';
import { xai } from './xai.ts';

export const FORMATS: readonly WireFormat[] = [
  openaiChat,
  openaiResponses,
  anthropic,
  google,
  ollama,
  openrouter,
  azure,
  mistral,
  groq,
  openaiCompatible,
  bedrock,
  deepseek,
  xai,
];
