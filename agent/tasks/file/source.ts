// Text of a task file → plain values that know where they stand. YAML is parsed with its positions; JSON lines by the
// platform, and looked at again for positions only when something is wrong.

import { type Document, isAlias, isMap, isNode, isPair, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import type { Position } from './fault.ts';

export type Path = readonly PropertyKey[];

/** A value and where its parts stand. */
export interface Source {
  readonly value: unknown;
  /** The position of what is at `path`, or of the nearest thing above it that is there. */
  locate(path: Path): Position;
  /** The position of a key itself. */
  locateKey(path: Path, key: string): Position;
}

export type ReadSource =
  | { readonly ok: true; readonly source: Source }
  | { readonly ok: false; readonly faults: readonly ({ readonly message: string } & Position)[] };

/** Each use of an anchor counts; a bomb needs thousands, a file with a few defaults some dozens. */
const MAX_ALIASES = 1_000;
const TOO_DEEP = 'nested too deeply to be read';
const START: Position = { line: 1, column: 1 };

/** Reads YAML 1.2; duplicate keys and more than one document are faults. Does not throw, whatever the text is. */
export function readYaml(text: string): ReadSource {
  const lines = new LineCounter();
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true, uniqueKeys: true });
    // A tag that nobody knows is a warning to the library; its value would be taken as if the tag were not there.
    const wrong = [...document.errors, ...document.warnings];
    if (wrong.length > 0) {
      const faults = wrong.map((error) => ({ ...at(error.pos[0]), message: adviceOn(error.message) }));
      // Each level on the way back says it again.
      const first = faults.findIndex(({ message }) => message === TOO_DEEP);
      const told = faults.filter(({ message }, index) => message !== TOO_DEEP || index === first);
      // Of one place the first is what it is; the others are what the reader made of it.
      const places = Map.groupBy(told, ({ line, column }) => `${line}:${column}`);
      return { ok: false, faults: [...places.values()].flatMap((atOne) => atOne.slice(0, 1)) };
    }
    return { ok: true, source: sourceOf(document, document.toJS({ maxAliasCount: MAX_ALIASES }), at) };
  } catch (error) {
    // The library throws these two for aliases that multiply, and for nesting that exhausts the stack.
    if (error instanceof ReferenceError)
      return {
        ok: false,
        faults: [{ ...START, message: `too many aliases, or one without its anchor (${error.message})` }],
      };
    if (error instanceof RangeError) return { ok: false, faults: [{ ...START, message: TOO_DEEP }] };
    throw error;
  }
}

function adviceOn(message: string): string {
  if (message.startsWith('Maximum call stack')) return TOO_DEEP;
  if (message.startsWith('Nested mappings'))
    return `${message}; a text that has ": " in it needs quotes, and keys of one map begin in the same column`;
  if (message.startsWith('Source contains multiple documents'))
    return 'a second document begins; take the --- away, or make it a file of its own';
  if (message.startsWith('Tabs')) return `${message}; use spaces`;
  return message;
}

/** Reads one JSON value, which starts at `firstLine` of its file. */
export function readJsonLine(text: string, firstLine: number): ReadSource {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const offset = /at position (\d+)/.exec(error.message)?.[1];
    const message = `expected one JSON object on this line (${error.message.replace(/\s+/g, ' ').slice(0, 120)})`;
    return { ok: false, faults: [{ line: firstLine, column: Number(offset ?? 0) + 1, message }] };
  }
  // To JSON.parse the last of several equal keys is the only one; what the others say would be lost.
  const repeated = repeatedKeys(text, firstLine);
  if (repeated.length > 0) return { ok: false, faults: repeated };
  const positioned = () => {
    const read = readYaml(text);
    return read.ok ? read.source : undefined;
  };
  const shift = (position: Position | undefined): Position => ({ line: firstLine, column: position?.column ?? 1 });
  return {
    ok: true,
    source: {
      value,
      locate: (path) => shift(path.length === 0 ? undefined : positioned()?.locate(path)),
      locateKey: (path, key) => shift(positioned()?.locateKey(path, key)),
    },
  };
}

function repeatedKeys(text: string, firstLine: number) {
  const read = readYaml(text);
  if (read.ok) return [];
  return read.faults
    .filter(({ message }) => message.startsWith('Map keys must be unique'))
    .map(({ column }) => ({ line: firstLine, column, message: 'the same key twice' }));
}

function sourceOf(document: Document.Parsed, value: unknown, at: (offset: number) => Position): Source {
  const resolve = (node: unknown): Node | undefined => {
    if (isAlias(node)) return node.resolve(document);
    return isNode(node) ? node : undefined;
  };
  const walk = (path: Path): Node | undefined => {
    let node = resolve(document.contents);
    for (const part of path) {
      let next: unknown;
      if (isMap(node)) next = node.items.find((pair) => keyOf(pair) === String(part))?.value;
      else if (isSeq(node)) next = node.items[Number(part)];
      if (!isNode(next)) return node;
      node = resolve(next) ?? node;
    }
    return node;
  };
  return {
    value,
    locate: (path) => at(walk(path)?.range?.[0] ?? 0),
    locateKey: (path, key) => {
      const node = walk(path);
      const pair = isMap(node) ? node.items.find((item) => keyOf(item) === key) : undefined;
      return at(rangeOf(pair?.key) ?? node?.range?.[0] ?? 0);
    },
  };
}

function keyOf(pair: unknown): string | undefined {
  if (!isPair(pair)) return undefined;
  const key: unknown = pair.key;
  return typeof key === 'object' && key !== null && 'value' in key ? String(key.value) : String(key);
}

function rangeOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}
