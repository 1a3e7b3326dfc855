// Task files → the tasks of a run, or one report of everything that is wrong with them. Reads the files and what they
// refer to; the rest of a run needs no file of the suite.

import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, extname, relative, resolve, sep } from 'node:path';
import type { Task } from '../task.ts';
import { checkShape } from './check-shape.ts';
import { expandTask, type FileSettings } from './expand-task.ts';
import { type Fault, type Position, quote, suggest } from './fault.ts';
import { readJsonLine, readYaml, type Source } from './source.ts';
import { taskFileSchema, taskSchema, type WrittenTask } from './task-file-schema.ts';

export interface SuiteOptions {
  /** Directory that relative paths start at, and that reports name files from. */
  readonly directory: string;
  /** Names of the servers there are; a task may name no other. `undefined` checks none. */
  readonly servers?: readonly string[];
  /** Why a model of a file is none, be it of a task that is not selected; `undefined` checks none. */
  readonly modelFault?: (name: string) => string | undefined;
  /** Takes the place of every task's model and matrix. */
  readonly model?: string | undefined;
  /** Takes the place of the judge that a file names. */
  readonly judge?: string | undefined;
  /** Takes the place of every task's `repeat`; a share in `pass` is kept. */
  readonly repeat?: number | undefined;
}

export interface Suite {
  readonly tasks: readonly Task[];
  /** What the files say about who judges rubrics. */
  readonly judge: string | undefined;
  readonly faults: readonly Fault[];
}

/** 10 000 tasks with long prompts have about 10 MB. */
const MAX_FILE_BYTES = 32 * 1024 * 1024;

/** Loads all files. Never throws for what is in them: with faults, the tasks are not to be run. */
export function loadSuite(files: readonly string[], options: SuiteOptions): Suite {
  const faults: Fault[] = [];
  const tasks: Task[] = [];
  const seen = new Map<string, Task>();
  let judge: string | undefined;
  for (const file of [...new Set(files.map((name) => resolve(options.directory, name)))]) {
    const shown = shownName(options.directory, file);
    const text = readText(file, shown, faults);
    if (text === undefined) continue;
    const { written, settings } = parseFile(text, shown, faults, options);
    judge ??= settings.judge;
    for (const { task, source, path } of written) {
      const at = (...below: PropertyKey[]): Position => source.locate([...path, ...below]);
      const fault = (position: Position, message: string) => faults.push({ file: shown, ...position, message });
      for (const [index, name] of (task.servers ?? []).entries())
        checkServer(name, options.servers, at('servers', index), fault);
      for (const [name, ...where] of options.model === undefined ? modelsOf(task) : []) {
        const wrong = options.modelFault?.(name);
        if (wrong !== undefined) fault(at(...where), wrong);
      }
      const expanded = expandTask({
        written: task,
        settings,
        file,
        shownFile: shown,
        line: at().line,
        overrides: options,
        fault: (message, ...below) => fault(at(...below), message),
        readFixture: (name, ...below) =>
          readFixture({ name, taskFile: file, directory: options.directory }, (message) =>
            fault(at(...below), message),
          ),
      });
      for (const one of expanded) {
        const before = seen.get(one.id);
        if (before)
          fault(at('id'), `duplicate id ${JSON.stringify(one.id)}; it is taken at ${before.file}:${before.line}`);
        else seen.set(one.id, one);
        tasks.push(one);
      }
    }
  }
  return { tasks, judge, faults };
}

/** Every model that a task names, and where. */
function modelsOf({ model, matrix }: WrittenTask): readonly (readonly [name: string, ...where: PropertyKey[]])[] {
  return [
    ...(model === undefined ? [] : [[model, 'model'] as const]),
    ...(matrix?.model ?? []).map((name, index) => [name, 'matrix', 'model', index] as const),
  ];
}

/** As one stands there, unless it lies elsewhere. */
function shownName(directory: string, file: string): string {
  const path = relative(directory, file);
  return path === '' || path.startsWith('..') ? file : path;
}

interface ParsedFile {
  readonly settings: FileSettings;
  readonly written: readonly {
    readonly task: WrittenTask;
    readonly source: Source;
    readonly path: readonly PropertyKey[];
  }[];
}

function parseFile(
  text: string,
  file: string,
  faults: Fault[],
  { servers: knownServers, modelFault = () => undefined, ...overrides }: SuiteOptions,
): ParsedFile {
  const nothing: ParsedFile = { settings: {}, written: [] };
  const isLines = ['.jsonl', '.ndjson'].includes(extname(file));
  if (text.trim() === '') {
    const content = isLines ? 'one task on each line' : 'version: 1 and tasks:';
    faults.push({ file, line: 1, column: 1, message: `the file is empty; it should have ${content}` });
    return nothing;
  }
  if (isLines) return { settings: {}, written: parseLines(text, file, faults) };
  const read = readYaml(text);
  if (!read.ok) {
    faults.push(...read.faults.map((fault) => ({ file, ...fault })));
    return nothing;
  }
  if (read.source.value === null || read.source.value === undefined) {
    faults.push({
      file,
      line: 1,
      column: 1,
      message: 'the file has only comments; it should have version: 1 and tasks:',
    });
    return nothing;
  }
  const shaped = checkShape(taskFileSchema, read.source);
  if (!shaped.ok) {
    faults.push(...shaped.faults.map((fault) => ({ file, ...fault })));
    return nothing;
  }
  const { defaults, servers, judge, tasks } = shaped.value;
  const fault = (position: Position, message: string) => faults.push({ file, ...position, message });
  for (const [names, path] of [
    [servers, ['servers']],
    [defaults?.servers, ['defaults', 'servers']],
  ] as const)
    for (const [index, name] of (names ?? []).entries())
      checkServer(name, knownServers, read.source.locate([...path, index]), fault);
  for (const [name, override, path] of [
    [judge, overrides.judge, ['judge']],
    [defaults?.model, overrides.model, ['defaults', 'model']],
  ] as const) {
    const wrong = name === undefined || override !== undefined ? undefined : modelFault(name);
    if (wrong !== undefined) fault(read.source.locate(path), wrong);
  }
  return {
    settings: { defaults, servers, judge },
    written: tasks.map((task, index) => ({ task, source: read.source, path: ['tasks', index] })),
  };
}

function parseLines(text: string, file: string, faults: Fault[]): ParsedFile['written'] {
  return text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    const read = readJsonLine(line, index + 1);
    if (!read.ok) {
      faults.push(...read.faults.map((fault) => ({ file, ...fault })));
      return [];
    }
    const shaped = checkShape(taskSchema, read.source);
    if (shaped.ok) return [{ task: shaped.value, source: read.source, path: [] }];
    faults.push(...shaped.faults.map((fault) => ({ file, ...fault })));
    return [];
  });
}

function readText(file: string, shown: string, faults: Fault[]): string | undefined {
  try {
    const { size } = statSync(file);
    if (size > MAX_FILE_BYTES) {
      faults.push({ file: shown, message: `the file has ${size} bytes; at most ${MAX_FILE_BYTES} are read. Split it` });
      return undefined;
    }
    const bytes = readFileSync(file);
    const text = bytes.toString('utf8');
    if (isUtf8(bytes)) return text.replace(/^\uFEFF/, '');
    // It could be read, with other letters than its author wrote.
    faults.push({
      file: shown,
      ...positionOf(text, text.indexOf('\uFFFD')),
      message: 'is not UTF-8; save it as UTF-8',
    });
    return undefined;
  } catch (error) {
    faults.push({ file: shown, message: `cannot be read (${reasonOf(error)})` });
    return undefined;
  }
}

function positionOf(text: string, offset: number): Position {
  const lines = text.slice(0, offset).split('\n');
  return { line: lines.length, column: (lines.at(-1) ?? '').length + 1 };
}

interface Fixture {
  /** As the task has it. */
  readonly name: string;
  readonly taskFile: string;
  readonly directory: string;
}

/**
 * The text of a file that a task refers to, and a hash of it. Only what lies beside the task file, or where one stands, links
 * followed: a suite from elsewhere has no business with other files of this machine, least of all as code.
 */
function readFixture(
  { name, taskFile, directory }: Fixture,
  fault: (message: string) => void,
): { readonly text: string; readonly hash: string } | undefined {
  try {
    const file = realpathSync(resolve(dirname(taskFile), name));
    const roots = [dirname(realpathSync(taskFile)), realpathSync(directory)];
    if (!roots.some((root) => file.startsWith(root.endsWith(sep) ? root : `${root}${sep}`))) {
      fault(`the file ${quote(name)} lies outside of the task file's directory and of the one that you are in`);
      return undefined;
    }
    const status = statSync(file);
    if (!status.isFile() || status.size > MAX_FILE_BYTES) {
      fault(`the file ${quote(name)} cannot be read (expected a file of at most ${MAX_FILE_BYTES} bytes)`);
      return undefined;
    }
    const text = readFileSync(file, 'utf8');
    return { text, hash: createHash('sha256').update(text).digest('hex') };
  } catch (error) {
    fault(`the file ${quote(name)} cannot be read (${reasonOf(error)}); paths start at the task file`);
    return undefined;
  }
}

function checkServer(
  name: string,
  known: readonly string[] | undefined,
  position: Position,
  fault: (position: Position, message: string) => void,
): void {
  if (known && !known.includes(name)) fault(position, `unknown server ${JSON.stringify(name)}${suggest(name, known)}`);
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'EISDIR: it is a directory. Name its files: DIRECTORY/*.yaml',
  EACCES: 'EACCES: this user may not read it',
};

/** What is wrong with a file, or the system's code for it. */
function reasonOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string')
    return REASONS[error.code] ?? error.code;
  throw error;
}
