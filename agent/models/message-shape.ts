// A conversation → what one model can read of it. Vendors refuse what another vendor's model wrote between its texts,
// and most take no images in the result of a tool. Pure.

import { AIMessage, type BaseMessage, HumanMessage, ToolMessage } from '@langchain/core/messages';
import type { ToolImages } from './provider.ts';

/** Under this key of a message's metadata stands the model that wrote it: `openai:gpt-5`. */
export const WRITTEN_BY = 'written_by';

export interface Reader {
  /** `openai:gpt-5`. */
  readonly label: string;
  readonly toolImages: ToolImages;
}

/** The messages as `reader` takes them; those that need no change are the same objects. */
export function shapeMessages(messages: readonly BaseMessage[], { label, toolImages }: Reader): BaseMessage[] {
  const shaped: BaseMessage[] = [];
  let images: Image[] = [];
  const flush = () => {
    if (images.length > 0) shaped.push(showImages(images));
    images = [];
  };
  for (const message of messages) {
    if (ToolMessage.isInstance(message)) {
      const { result, beside } = shapeResult(message, toolImages);
      shaped.push(result);
      images.push(...beside);
      continue;
    }
    // After all results of a turn: no vendor lets anything stand between a call and its answer.
    flush();
    shaped.push(AIMessage.isInstance(message) ? shapeAnswer(message, label) : message);
  }
  flush();
  return shaped;
}

/** Another model's answer without its reasoning, signatures and ids, which only their own vendor understands. */
function shapeAnswer(message: AIMessage, label: string): AIMessage {
  const author = message.response_metadata[WRITTEN_BY];
  if (author === undefined || author === label) return message;
  const { tool_calls = [], id } = message;
  return new AIMessage({ content: message.text, tool_calls, ...(id === undefined ? {} : { id }) });
}

interface Image {
  readonly tool: string;
  /** A data URL, or an address. */
  readonly url: string;
}

function shapeResult(message: ToolMessage, toolImages: ToolImages): { result: ToolMessage; beside: Image[] } {
  if (typeof message.content === 'string')
    return { result: message.content === '' ? withContent(message, NO_OUTPUT) : message, beside: [] };
  const tool = message.name ?? 'the tool';
  const beside: Image[] = [];
  const blocks = message.content.map((block: object) => {
    const url = imageUrlOf(block);
    if (url !== undefined && toolImages === 'in-result') return block;
    if (url !== undefined && toolImages === 'beside') {
      beside.push({ tool, url });
      return textBlock('[an image; it follows after the results]');
    }
    return textBlock(textOf(block) ?? `[${describe(block, url)}; left out, since this model does not take it]`);
  });
  const texts = blocks.map(textOf).filter((text) => text !== undefined);
  // One text where nothing else is left: every vendor takes that.
  const content = texts.length === blocks.length ? texts.join('\n') || NO_OUTPUT : blocks;
  return { result: withContent(message, content), beside };
}

/** Some vendors refuse a result without content. */
const NO_OUTPUT = '(no output)';

function textBlock(text: string) {
  return { type: 'text' as const, text };
}

function textOf(block: object): string | undefined {
  return 'type' in block && block.type === 'text' && 'text' in block && typeof block.text === 'string'
    ? block.text
    : undefined;
}

/** The three forms in which LangChain and its MCP adapter hold an image. */
function imageUrlOf(block: object): string | undefined {
  if ('image_url' in block) {
    const { image_url } = block;
    if (typeof image_url === 'string') return image_url;
    return isObject(image_url) && typeof image_url['url'] === 'string' ? image_url['url'] : undefined;
  }
  if (!('type' in block) || block.type !== 'image') return undefined;
  if ('url' in block && typeof block.url === 'string') return block.url;
  const mimeType = mimeTypeOf(block) ?? 'image/png';
  return 'data' in block && typeof block.data === 'string' ? `data:${mimeType};base64,${block.data}` : undefined;
}

function mimeTypeOf(block: object): string | undefined {
  const type = 'mime_type' in block ? block.mime_type : 'mimeType' in block ? block.mimeType : undefined;
  return typeof type === 'string' ? type : undefined;
}

/** What a person would call it, for the model to tell. */
function describe(block: object, url: string | undefined): string {
  const type = mimeTypeOf(block) ?? /^data:([\w/+.-]+)/.exec(url ?? '')?.[1];
  const kind = url === undefined ? ('type' in block ? String(block.type) : 'content') : 'image';
  return type === undefined ? `a block of ${kind}` : `${kind} of type ${type}`;
}

function showImages(images: readonly Image[]): HumanMessage {
  const tools = [...new Set(images.map(({ tool }) => tool))].join(', ');
  return new HumanMessage({
    content: [
      textBlock(`Images that these tools returned, in order: ${tools}.`),
      // OpenAI's Responses API wants the detail stated.
      ...images.map(({ url }) => ({ type: 'image_url' as const, image_url: { url, detail: 'auto' as const } })),
    ],
  });
}

function withContent(message: ToolMessage, content: string | object[]): ToolMessage {
  const { tool_call_id, name, status, id } = message;
  return new ToolMessage({
    // Content blocks of the message that came in, and texts.
    content: content as ToolMessage['content'],
    tool_call_id,
    ...(name === undefined ? {} : { name }),
    ...(status === undefined ? {} : { status }),
    ...(id === undefined ? {} : { id }),
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
