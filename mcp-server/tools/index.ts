// The registry: every tool of this server. A new family of tools is one more line here.

import { arithmeticTools } from './arithmetic.ts';
import type { RegisterTool } from './tool.ts';

export const tools: readonly RegisterTool[] = [...arithmeticTools];
