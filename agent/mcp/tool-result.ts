// A tool's result as the model gets to read it: texts cleaned and cut to one budget, images as they are, everything else as
// a line that says what it is. Structured content once.

import type { CallToolResult } from '@modelcontextprotocol/client';
import { plural } from '../plural.ts';
import { cleanText } from './tool-text.ts';

type Block = CallToolResult['content'][number];

/** Some 10 000 tokens; what does not fit belongs into a file or a narrower question. */
export const MAX_RESULT_CHARS = 40_000;
/** As base64. Providers take some five megabytes an image. */
const MAX_IMAGE_CHARS = 7_000_000;
const MAX_IMAGES = 10;
const IMAGE_TYPES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];

/** @returns text and image blocks only; at least one block */
export function readableContent(result: CallToolResult, maxChars = MAX_RESULT_CHARS): Block[] {
  const { content, structuredContent, isError } = result;
  // Servers put a text copy beside structured content; where there is none, the model needs one.
  const hasText = content.some(({ type }) => type === 'text' || type === 'resource');
  const wanted: Block[] =
    hasText || isError || structuredContent === undefined
      ? content
      : [...content, { type: 'text', text: JSON.stringify(structuredContent) }];
  let left = maxChars;
  let images = 0;
  const blocks: Block[] = [];
  for (const block of wanted) {
    // A part without a letter takes a line as well.
    if (left <= 0) {
      const rest = wanted.length - blocks.length;
      blocks.push({ type: 'text', text: `[${plural(rest, 'more part')} ${rest === 1 ? 'was' : 'were'} left out]` });
      break;
    }
    if (isImage(block) && images < MAX_IMAGES) {
      images += 1;
      blocks.push({ type: 'image', data: block.data, mimeType: block.mimeType });
      continue;
    }
    const text = cleanText(textOf(block), left);
    left -= text.length + 1;
    blocks.push({ type: 'text', text });
  }
  // The adapter hands a lone text on as a string, and several as a list; models read the former better.
  if (blocks.every(({ type }) => type === 'text'))
    return [{ type: 'text', text: blocks.map((block) => (block.type === 'text' ? block.text : '')).join('\n') }];
  return blocks;
}

function isImage(block: Block): block is Extract<Block, { type: 'image' }> {
  return (
    block.type === 'image' &&
    IMAGE_TYPES.includes(block.mimeType) &&
    block.data.length <= MAX_IMAGE_CHARS &&
    /^[A-Za-z0-9+/]*={0,2}$/.test(block.data)
  );
}

function textOf(block: Block): string {
  switch (block.type) {
    case 'text':
      return block.text;
    case 'image':
    case 'audio':
      return `[${block.type} ${block.mimeType}, ${block.data.length} characters of base64, not shown]`;
    case 'resource_link':
      return `[resource ${block.uri} ${block.name}${block.mimeType ? ` ${block.mimeType}` : ''}]`;
    case 'resource':
      return 'text' in block.resource
        ? `[resource ${block.resource.uri}]\n${block.resource.text}`
        : `[resource ${block.resource.uri} ${block.resource.mimeType ?? 'of unknown type'}, ${block.resource.blob.length} characters of base64, not shown]`;
  }
}
