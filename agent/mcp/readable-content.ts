// Resources and prompts of a server as text that a person or a model may read.

import type { GetPromptResult, ReadResourceResult } from '@modelcontextprotocol/client';
import { readableContent } from './tool-result.ts';
import { cleanText } from './tool-text.ts';

/** A document that somebody asked for by name may be longer than a result that a model stumbled over. */
const MAX_CHARS = 200_000;

/** The resource's text; other content as a line that says what it is. */
export function resourceText({ contents }: ReadResourceResult): string {
  const parts = contents.map((part) =>
    'text' in part
      ? part.text
      : `[${part.uri} ${part.mimeType ?? 'of unknown type'}, ${part.blob.length} characters of base64, not shown]`,
  );
  return cleanText(parts.join('\n'), MAX_CHARS);
}

/** The prompt's messages as text; who says them is told where it is not the user alone. */
export function promptText({ messages }: GetPromptResult): string {
  const isMonologue = messages.every(({ role }) => role === 'user');
  return messages
    .map(({ role, content }) => {
      const [block] = readableContent({ content: [content] }, MAX_CHARS);
      const text = block?.type === 'text' ? block.text : `[${content.type}, not shown]`;
      return isMonologue ? text : `${role}: ${text}`;
    })
    .join('\n\n');
}
