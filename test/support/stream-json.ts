// A strict reader of `ask --output stream-json`: one JSON object a line, ended by LF alone, of a known type; `init` before
// everything that happens in a turn, exactly one `result`, and nothing after it.

import assert from 'node:assert/strict';

export type StreamLine = { readonly type: string } & Readonly<Record<string, unknown>>;

const TYPES = [
  'init',
  'message',
  'reasoning',
  'tool_use',
  'approval',
  'auth',
  'tool_progress',
  'tool_result',
  'notice',
  'error',
  'result',
];
const RESULT_KEYS = [
  'answer',
  'duration_ms',
  'error',
  'exit_code',
  'missing_scopes',
  'next_steps',
  'num_tool_calls',
  'num_turns',
  'permission_denials',
  'session_id',
  'status',
  'type',
  'usage',
];

export function readStreamJson(text: string): { readonly lines: readonly StreamLine[]; readonly result: StreamLine } {
  assert.ok(text.endsWith('\n'), `the last line is whole: ${JSON.stringify(text.slice(-80))}`);
  assert.doesNotMatch(text, /[\r\u0085\u2028\u2029]/, 'nothing that some reader takes for the end of a line');
  const lines = text
    .slice(0, -1)
    .split('\n')
    .map((line): StreamLine => {
      const object = JSON.parse(line);
      assert.ok(TYPES.includes(object.type), line);
      return object;
    });
  const count = (type: string) => lines.filter((line) => line.type === type).length;
  assert.equal(count('result'), 1);
  assert.ok(count('init') <= 1);
  assert.ok(count('error') <= 1);
  const ofTurn = lines.findIndex(({ type }) => !['init', 'notice', 'error', 'result'].includes(type));
  if (ofTurn >= 0) assert.ok(lines.slice(0, ofTurn).some(({ type }) => type === 'init'));
  const result = lines.at(-1);
  assert.ok(result?.type === 'result');
  assert.deepEqual(Object.keys(result).toSorted(), RESULT_KEYS);
  return { lines, result };
}
