import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { createPaint } from '../terminal.ts';
import { widthOf } from '../visible-text.ts';
import { endMarkdown, feedMarkdown, MARKDOWN_START } from './markdown-stream.ts';

/** Roles show as `‹role:text›`, so that a test reads what was styled. */
const named = (role: string, text: string) => `‹${role}:${text}›`;

function render(source: string | readonly string[], columns = 60, paint = createPaint(false)): string {
  let state = MARKDOWN_START;
  let shown = '';
  for (const piece of typeof source === 'string' ? [source] : source) {
    const step = feedMarkdown(state, piece, { columns, paint });
    state = step.state;
    shown += step.text;
  }
  return (shown + endMarkdown(state, { columns, paint }).text).replace(/\n$/, '');
}

test('headings, emphasis, code and struck text take their look and lose their signs', () => {
  assert.equal(render('# One *two* ##', 60, named), '‹strong:‹heading:One›› ‹strong:‹heading:‹emphasis:two›››');
  assert.equal(render('a **b** _c_ `d` ~~e~~', 60, named), 'a ‹strong:b› ‹emphasis:c› ‹code:d› ‹struck:e›');
  assert.equal(render('snake_case_name, 5 * 3, 2 ** 8, a < b', 60, named), 'snake_case_name, 5 * 3, 2 ** 8, a < b');
  assert.equal(render('\\*no\\* &lt;b&gt; &#27; **open'), '*no* <b> <U+001B> **open');
});

test('no escape comes out of an entity, wherever it stands', () => {
  const escapes = '&#27;[2J &#x1b;[2J &#x202e; &#155; `&#27;` [&#27;](https://x.example/&#27;) **&#27;**&#10;';
  for (const start of ['', '# ', '- ', '> ', '| '])
    assert.doesNotMatch(render(`${start}${escapes}\n|-|\n| ${escapes} |`, 400), /[[\p{Cc}\p{Cf}]--\n]/v);
});

test('a link shows where it leads, whatever its text says', () => {
  assert.equal(
    render('[https://good.example](https://evil.example/x)', 80),
    'https://good.example (https://evil.example/x)',
  );
  assert.equal(render('<https://x.example> and https://y.example'), 'https://x.example and https://y.example');
  assert.equal(render('![a cat](https://x.example/cat.png)'), '[a cat] (https://x.example/cat.png)');
});

test('lists keep their numbers and their nesting, style inside items, and wrap under their text', () => {
  assert.equal(
    render('- one **two** fourteen\n  - nested\n    1. deep\n- [x] done\n- [ ] open', 16),
    '• one two\n  fourteen\n  • nested\n    1. deep\n☑ done\n☐ open',
  );
  assert.equal(render('- **two**', 60, named), '‹tool:• ›‹strong:two›');
  assert.equal(render('9. nine\n10. ten\n\n    of ten\n\nafter'), '9. nine\n10. ten\n\n    of ten\n\nafter');
});

test('code keeps its spaces and its signs, with the language above it', () => {
  assert.equal(
    render('```ts\nif (a) {\n\n  **b**\n}\n```\nafter', 60, named),
    '  ‹dim:ts›\n  ‹code:if (a) {›\n\n  ‹code:  **b**›\n  ‹code:}›\nafter',
  );
  assert.equal(render('- item\n  ```\n  code\n  ```\n- next'), '• item\n    code\n• next');
  assert.equal(render('> ```\n> code\n> ```\n> after'), '  code\n│ after');
  assert.equal(render('text:\n\n    indented code'), 'text:\n\n    indented code');
});

test('code streams line by line, not when it ends', () => {
  const { text } = feedMarkdown(MARKDOWN_START, '```\none\ntwo', { columns: 60, paint: createPaint(false) });
  assert.equal(text, '  one\n');
});

test('words stream as soon as nothing can change their look', () => {
  const shownOf = (source: string) =>
    feedMarkdown(MARKDOWN_START, source, { columns: 60, paint: createPaint(false) }).text;
  assert.equal(shownOf('one two thr'), 'one two');
  assert.equal(shownOf('one **two three'), 'one');
  assert.equal(shownOf('one **two** three '), 'one two three');
  assert.equal(shownOf('see [the docs](https://x.example'), 'see');
  assert.equal(shownOf('日本語の'), '日本語');
  assert.equal(shownOf('-'), '');
});

test('a sign that never closes holds back no more than a screen of text', () => {
  const { text, state } = feedMarkdown(MARKDOWN_START, `**${'word '.repeat(400)}`, {
    columns: 60,
    paint: createPaint(false),
  });
  assert.ok(text.length > 900);
  assert.ok(state.pending.length < 1001);
});

test('quotes keep their bar on every row', () => {
  assert.equal(render('> one two three\n> - item\n\nafter', 14), '│ one two\n│ three\n│ • item\n\nafter');
});

test('tables are fitted, aligned and wrapped, and become lists where they cannot fit', () => {
  const table = '| name | n |\n|:--|--:|\n| **add** | 42 |\n| 中文 | 7 |\n';
  assert.equal(render(table), 'name │  n\n─────┼───\nadd  │ 42\n中文 │  7');
  assert.equal(
    render('| a | b |\n|-|-|\n| x | one two three four five |', 20),
    'a │ b\n──┼─────────────────\nx │ one two three\n  │ four five',
  );
  const wide = `|${' col |'.repeat(6)}\n|${'-|'.repeat(6)}\n|${' value |'.repeat(6)}`;
  assert.match(render(wide, 20), /^(col: value\n?){6}$/);
});

test('a line that only begins like a table is shown as it came', () => {
  assert.equal(render('| not a table\nafter'), '| not a table\nafter');
});

test('blank lines are kept as one between blocks, and none stand at the ends', () => {
  assert.equal(render('\n\none\n\n\n\ntwo\n\n'), 'one\n\ntwo');
});

const source = fc
  .array(
    fc.constantFrom(
      ...[
        'a',
        'word',
        ' ',
        '  ',
        '\n',
        '\n\n',
        '*',
        '**',
        '_',
        '`',
        '```',
        '~~',
        '# ',
        '- ',
        '1. ',
        '> ',
        '| ',
        '|-|-|\n',
      ],
      ...[
        '[',
        '](',
        ')',
        '<',
        '>',
        '\\',
        '!',
        '日本',
        '。',
        '🎉',
        'https://x.example',
        '&lt;',
        '---',
        '===',
        '[ ] ',
        '    ',
      ],
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(''));

test('however the source is split, the result is the same', () => {
  fc.assert(
    fc.property(source, fc.integer({ min: 20, max: 100 }), (text, columns) => {
      assert.equal(render([...text], columns), render(text, columns));
    }),
    { numRuns: 2000 },
  );
});

test('no row is wider than the terminal, and no word of a text is lost', () => {
  const words = fc.array(fc.constantFrom('one', 'three', '**bold**', '中文', '`code`', '🎉', 'end.'), {
    maxLength: 40,
  });
  fc.assert(
    fc.property(
      words,
      fc.constantFrom('', '- ', '> ', '10. '),
      fc.integer({ min: 20, max: 60 }),
      (list, start, columns) => {
        const shown = stripVTControlCharacters(render(start + list.join(' '), columns, createPaint(true)));
        for (const row of shown.split('\n')) assert.ok(widthOf(row) <= columns, `${widthOf(row)} > ${columns}: ${row}`);
        const letters = (text: string) => text.replace(/[\s*`│•>-]|10\./gu, '');
        assert.equal(letters(shown), letters(list.join('')));
      },
    ),
  );
});
