// The events of a streamed chat completion, changed where a package drops something that the vendor says. Pure.

import { listOf, recordOf } from './plain-schema.ts';
import type { JsonBody } from './provider.ts';

/** Gives the event that has the count of tokens an empty choice: OpenRouter's package reads no event without one. */
export function keepUsage(event: JsonBody): JsonBody {
  const { choices } = event;
  if (!Array.isArray(choices) || choices.length > 0) return event;
  return { ...event, choices: [{ index: 0, delta: {}, finish_reason: null }] };
}

/** Reasoning under the name that OpenAI's package reads; vLLM and LM Studio have another one. */
export function renameReasoning(event: JsonBody): JsonBody {
  return changeDelta(event, (delta) => {
    const { reasoning, ...others } = delta;
    return typeof reasoning !== 'string' || 'reasoning_content' in delta
      ? delta
      : { ...others, reasoning_content: reasoning };
  });
}

/**
 * Makes the function that writes reasoning into the answer, between tags that are taken out again behind the package:
 * Groq's package has no place for it.
 */
export function createReasoningIntoText(): (event: JsonBody) => JsonBody {
  let isThinking = false;
  return (event) =>
    changeDelta(event, (delta) => {
      const { reasoning, content } = delta;
      const text = typeof content === 'string' ? content : '';
      if (typeof reasoning === 'string' && reasoning !== '') {
        const opening = isThinking ? '' : '<think>';
        isThinking = text === '';
        return { ...delta, content: `${opening}${reasoning}${isThinking ? '' : `</think>${text}`}` };
      }
      // A call ends the thinking as well as a text does.
      if (!isThinking || (text === '' && delta['tool_calls'] === undefined)) return delta;
      isThinking = false;
      return { ...delta, content: `</think>${text}` };
    });
}

/**
 * The same for Mistral, which writes a list of thoughts and texts in the place of a text: its package hands that on, and
 * refuses it when it comes back.
 */
export function createThoughtsIntoText(): (event: JsonBody) => JsonBody {
  const intoText = createReasoningIntoText();
  return (event) => intoText(changeDelta(event, splitThoughts));
}

function splitThoughts(delta: JsonBody): JsonBody {
  if (!Array.isArray(delta['content'])) return delta;
  const parts = listOf(delta['content']);
  const textOf = (part: JsonBody) => String(part['text'] ?? '');
  const thoughts = parts.flatMap(({ type, thinking }) => (type === 'thinking' ? listOf(thinking).map(textOf) : []));
  const texts = parts.flatMap((part) => (part['type'] === 'text' ? [textOf(part)] : []));
  return { ...delta, content: texts.join(''), reasoning: thoughts.join('') };
}

/** The event with the delta of its first choice changed; the same object if it was not. */
function changeDelta(event: JsonBody, change: (delta: JsonBody) => JsonBody): JsonBody {
  const [first, ...others] = listOf(event['choices']);
  if (!first) return event;
  const delta = recordOf(first['delta']);
  const changed = change(delta);
  return changed === delta ? event : { ...event, choices: [{ ...first, delta: changed }, ...others] };
}
