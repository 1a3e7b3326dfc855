// A markdown table fitted to the terminal: columns give way where they are widest, cells wrap, and where even that does not
// fit, each row becomes a short list.

import { Lexer, type Tokens } from 'marked';
import type { Paint } from '../terminal.ts';
import { type Fragment, paintFragments, widthOfFragments, wrapFragments } from './fragment.ts';
import { parseInline } from './inline.ts';

const GAP = ' │ ';
const LEAST_COLUMNS = 5;

/** The lines of a table; `undefined` if the source is none. */
export function renderTable(source: string, columns: number, paint: Paint): string[] | undefined {
  const token = Lexer.lex(source).find(({ type }) => type === 'table');
  // The lexer calls only its tables so.
  const table = token as Tokens.Table | undefined;
  if (!table) return undefined;
  const header = table.header.map(({ text }) => parseInline(text, ['strong']));
  const rows = table.rows.map((row) => row.map(({ text }) => parseInline(text)));
  const widths = fit(header, rows, columns - GAP.length * (header.length - 1));
  if (widths === undefined) return records(header, rows, columns, paint);
  const render = (row: readonly (readonly Fragment[])[]) => renderRow(row, widths, table.align, paint);
  const rule = paint('dim', widths.map((width) => '─'.repeat(width)).join('─┼─'));
  return [...render(header), rule, ...rows.flatMap(render)];
}

/** The widest column gives way until all fit; `undefined` if they cannot. */
function fit(header: readonly Fragment[][], rows: readonly Fragment[][][], room: number): number[] | undefined {
  const widths = header.map((cell, column) =>
    Math.max(1, ...[cell, ...rows.map((row) => row[column] ?? [])].map(widthOfFragments)),
  );
  for (;;) {
    const total = widths.reduce((sum, width) => sum + width, 0);
    if (total <= room) return widths;
    const widest = widths.indexOf(Math.max(...widths));
    const second = Math.max(LEAST_COLUMNS, ...widths.filter((_, column) => column !== widest));
    const width = widths[widest] ?? 0;
    if (width <= LEAST_COLUMNS) return undefined;
    widths[widest] = Math.max(width - (total - room), Math.min(second, width - 1), LEAST_COLUMNS);
  }
}

function renderRow(
  row: readonly (readonly Fragment[])[],
  widths: readonly number[],
  align: Tokens.Table['align'],
  paint: Paint,
): string[] {
  const cells = widths.map((width, column) => wrapFragments(row[column] ?? [], width));
  const height = Math.max(...cells.map((lines) => lines.length));
  return Array.from({ length: height }, (_, index) =>
    cells
      .map((lines, column) => {
        const line = lines[index] ?? [];
        const space = Math.max((widths[column] ?? 0) - widthOfFragments(line), 0);
        const left = align[column] === 'right' ? space : align[column] === 'center' ? Math.floor(space / 2) : 0;
        return `${' '.repeat(left)}${paintFragments(line, paint)}${' '.repeat(space - left)}`;
      })
      .join(paint('dim', GAP))
      .trimEnd(),
  );
}

function records(header: Fragment[][], rows: Fragment[][][], columns: number, paint: Paint): string[] {
  return rows.flatMap((row, index) => [
    ...(index === 0 ? [] : [paint('dim', '─'.repeat(Math.min(columns, LEAST_COLUMNS)))]),
    ...header.flatMap((name, column) =>
      wrapFragments([...name, { text: ': ', roles: [] }, ...(row[column] ?? [])], columns).map((line) =>
        paintFragments(line, paint),
      ),
    ),
  ]);
}
