// The conversation of an attempt as a timeline: who said what, which tool was called with what, what came back and when.

import * as z from 'zod';
import { type Html, html } from './html.ts';
import { durationText } from './words.ts';

const messageSchema = z.object({
  role: z.enum(['user', 'assistant', 'tool']),
  content: z.string().nullable(),
  tool_calls: z
    .array(z.object({ id: z.string(), function: z.object({ name: z.string(), arguments: z.string() }) }))
    .optional(),
  tool_call_id: z.string().optional(),
  name: z.string().optional(),
  duration_ms: z.number().optional(),
  error: z.string().optional(),
  denied: z.boolean().optional(),
});

type Message = z.output<typeof messageSchema>;

/** A page shows so much of a text; the transcript has all of it. */
const MAX_TEXT = 6_000;

/** A transcript's text as a list; lines that are no messages are left out, as a torn one at the end would be. */
export function timelineOf(transcript: string): Html {
  const messages = transcript.split('\n').flatMap((line) => {
    const message = line === '' ? undefined : parseMessage(line);
    return message ? [message] : [];
  });
  return html`<ol class="time">${messages.map(entriesOf)}</ol>`;
}

function entriesOf(message: Message): readonly Html[] {
  const text = cut(message.content ?? '');
  switch (message.role) {
    case 'user':
      return [html`<li class="user"><div class="who"><b>asked</b></div><div class="say">${text}</div></li>`];
    case 'assistant':
      return [
        ...(text === '' ? [] : [html`<li><div class="who"><b>answered</b></div><div class="say">${text}</div></li>`]),
        ...(message.tool_calls ?? []).map(
          (call) =>
            html`<li class="call"><div class="who"><b>called ${call.function.name}</b></div><pre>${pretty(call.function.arguments)}</pre></li>`,
        ),
      ];
    case 'tool': {
      const bad = message.denied ? 'denied' : message.error;
      return [
        html`<li class="${bad === undefined ? 'ok' : 'bad'}"><div class="who"><b>${message.name ?? 'tool'} ${message.denied ? 'was not run' : 'returned'}</b>${
          bad !== undefined && html`<span class="bad">${bad}</span>`
        }<span>${durationText(message.duration_ms ?? 0)}</span></div><pre>${text}</pre></li>`,
      ];
    }
  }
}

/** Short arguments in one line, longer ones indented. */
function pretty(text: string): string {
  if (text.length <= 80) return text;
  try {
    return cut(JSON.stringify(JSON.parse(text), null, 2));
  } catch (error) {
    if (error instanceof SyntaxError) return cut(text);
    throw error;
  }
}

function cut(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}

function parseMessage(line: string): Message | undefined {
  try {
    return messageSchema.safeParse(JSON.parse(line)).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
