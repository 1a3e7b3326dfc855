// The chunks of one answer on their way to the graph: signed with the model that wrote them, reasoning apart from text,
// and held back until one of them says something, so that until then another model can take over. Pure.

import { AIMessageChunk } from '@langchain/core/messages';
import { ChatGenerationChunk } from '@langchain/core/outputs';
import { WRITTEN_BY } from './message-shape.ts';
import { createThinkFilter, type Sorted } from './think-filter.ts';

export interface AnswerStream {
  /** What may go on, now that this has come. */
  next(chunk: ChatGenerationChunk): ChatGenerationChunk[];
  /** What was held back, at the end. */
  rest(): ChatGenerationChunk[];
  /** Whether the model has said why it ended. */
  hasEnded(): boolean;
}

/** Creates the stream of one answer of the model `label`. */
export function createAnswerStream(label: string): AnswerStream {
  const filter = createThinkFilter();
  let held: ChatGenerationChunk[] | undefined = [];
  let isSigned = false;
  let hasEnded = false;

  const sign = (chunk: ChatGenerationChunk) => {
    // On one chunk only: equal texts of several would be joined.
    if (!isSigned) chunk.message.response_metadata = { ...chunk.message.response_metadata, [WRITTEN_BY]: label };
    isSigned = true;
    return chunk;
  };

  const pass = (chunk: ChatGenerationChunk, isLast = false): ChatGenerationChunk[] => {
    const waiting = [...(held ?? []), sign(chunk)];
    const mayPass = held === undefined || isLast || saysSomething(chunk);
    held = mayPass ? undefined : waiting;
    return mayPass ? waiting : [];
  };

  return {
    next: (chunk) => {
      hasEnded ||= saysWhyItEnded(chunk);
      if (chunk.text === '' || typeof chunk.message.content !== 'string') return pass(chunk);
      return pass(withSorted(chunk, filter.next(chunk.message.content)));
    },
    rest: () => {
      const { text, reasoning } = filter.rest();
      const last = new ChatGenerationChunk({ text: '', message: new AIMessageChunk({ content: '' }) });
      return text === '' && reasoning === '' && held === undefined
        ? []
        : pass(withSorted(last, { text, reasoning }), true);
    },
    hasEnded: () => hasEnded,
  };
}

/** The chunk with its text sorted; the same object if there was nothing to sort. */
function withSorted(chunk: ChatGenerationChunk, { text, reasoning }: Sorted): ChatGenerationChunk {
  if (reasoning === '' && text === chunk.text) return chunk;
  chunk.text = text;
  chunk.message.content = text;
  if (reasoning !== '')
    chunk.message.additional_kwargs = { ...chunk.message.additional_kwargs, reasoning_content: reasoning };
  return chunk;
}

/** Text, reasoning, or a call; not only a role, an id or a count of tokens. */
function saysSomething({ message }: ChatGenerationChunk): boolean {
  if (message.content.length > 0) return true;
  const calls = AIMessageChunk.isInstance(message) ? (message.tool_call_chunks ?? []) : [];
  return calls.length > 0 || Boolean(message.additional_kwargs['reasoning_content']);
}

const REASON = /^(?:finish_?reason|stop_?reason|done_?reason)$/i;

/** By whatever name: every vendor has its own, and every package its own place for it. */
function saysWhyItEnded({ generationInfo, message }: ChatGenerationChunk): boolean {
  const { response_metadata, additional_kwargs } = message;
  const places: unknown[] = [generationInfo, response_metadata, additional_kwargs, response_metadata['messageStop']];
  return (
    places.some(
      (place) => isObject(place) && Object.entries(place).some(([key, value]) => REASON.test(key) && value),
    ) ||
    // OpenAI's Responses API.
    /^(?:completed|incomplete)$/.test(String(response_metadata['status']))
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
