import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createThinkFilter } from './think-filter.ts';

/** Feeds pieces and joins what comes out. */
function sort(pieces: readonly string[]): { text: string; reasoning: string } {
  const filter = createThinkFilter();
  const sorted = [...pieces.map((piece) => filter.next(piece)), filter.rest()];
  return {
    text: sorted.map(({ text }) => text).join(''),
    reasoning: sorted.map(({ reasoning }) => reasoning).join(''),
  };
}

const CASES: readonly (readonly [string, string, string, string])[] = [
  ['an answer without reasoning', 'Hello <b>you</b>.', 'Hello <b>you</b>.', ''],
  ['reasoning before an answer', '<think>Hmm, 2 < 3.</think>\n\nFive.', 'Five.', 'Hmm, 2 < 3.'],
  ['white space before it', '\n<think>Hmm</think>Five.', 'Five.', 'Hmm'],
  ['no reasoning between the tags', '<think>\n</think>\nFive.', 'Five.', '\n'],
  ['a tag in the middle of an answer', 'The tag <think> begins it.', 'The tag <think> begins it.', ''],
  ['a second pair', '<think>a</think>b<think>c</think>', 'b<think>c</think>', 'a'],
  ['reasoning that never ends', '<think>Hmm</thi', '', 'Hmm</thi'],
  ['only the beginning of a tag', '<thi', '<thi', ''],
  ['nothing', '', '', ''],
];

for (const [title, whole, text, reasoning] of CASES)
  test(`${title}, in one piece and letter by letter`, () => {
    assert.deepEqual(sort([whole]), { text, reasoning });
    assert.deepEqual(sort([...whole]), { text, reasoning });
  });

test('an answer without reasoning is not kept back', () => {
  const filter = createThinkFilter();
  assert.deepEqual(filter.next('Hel'), { text: 'Hel', reasoning: '' });
});
