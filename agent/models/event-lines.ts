// A streamed answer, event by event: for rows whose package reads less than the vendor says.

import type { JsonBody } from './provider.ts';

const DATA = 'data: ';

/**
 * The same answer with its events changed. What is no JSON object goes through as it is.
 *
 * @param createMend makes the function for one answer, which may remember what came before
 */
export function mendEvents(response: Response, createMend: () => (event: JsonBody) => JsonBody): Response {
  if (!response.body) return response;
  const mend = createMend();
  let rest = '';
  const mended = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(
    new TransformStream<string, string>({
      transform: (text, controller) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) controller.enqueue(`${mendLine(line, mend)}\n`);
      },
      flush: (controller) => controller.enqueue(mendLine(rest, mend)),
    }),
  );
  return new Response(mended.pipeThrough(new TextEncoderStream()), response);
}

function mendLine(line: string, mend: (event: JsonBody) => JsonBody): string {
  const event = line.startsWith(DATA) ? parseObject(line.slice(DATA.length)) : undefined;
  if (!event) return line;
  const mended = mend(event);
  return mended === event ? line : `${DATA}${JSON.stringify(mended)}`;
}

function parseObject(text: string): JsonBody | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
