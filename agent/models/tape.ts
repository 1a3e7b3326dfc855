// The recorded turns of a directory: one readable file each, named after what was said and what was asked, so that a
// changed turn is a changed file and a diff shows what changed.

import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { AgentError } from '../errors.ts';
import { type Asked, askedSchema, compareAsked, keyOf, stableJson } from './asked.ts';

const chunkSchema = z.looseObject({ content: z.unknown() });

const turnSchema = z.strictObject({
  model: z.string(),
  asked: askedSchema,
  /** The answer in the pieces in which it was streamed. */
  answer: z.array(chunkSchema).min(1),
});

export type RecordedTurn = z.output<typeof turnSchema>;
export type RecordedChunk = z.output<typeof chunkSchema>;

export interface Tape {
  /** The turn that answers this, by its number among equals: what was asked twice may have been answered twice. */
  find(asked: Asked, repetition: number): RecordedTurn | undefined;
  /** For a person: the nearest turn, and what differs. */
  describeMiss(asked: Asked): string;
}

/** Subdirectory of a cassette that holds the turns of the model. */
const TURNS = 'turns';

/**
 * Reads the turns of a cassette.
 *
 * @throws {AgentError} `invalid_configuration` if there is none, or one that cannot be read
 */
export function readTape(directory: string): Tape {
  const folder = join(directory, TURNS);
  const turns = listFiles(folder).map((name) => ({ name, turn: readTurn(join(folder, name)) }));
  if (turns.length === 0)
    throw new AgentError(
      'invalid_configuration',
      `There is no recorded turn in ${folder}. Record some with --record ${directory}.`,
    );
  const byKey = Map.groupBy(turns, ({ turn }) => keyOf(turn.model, turn.asked));
  const labels = [...new Set(turns.map(({ turn }) => turn.model))];
  return {
    find: (asked, repetition) => {
      // What several models were asked, the first of them answers, each time.
      const takes = labels.map((label) => byKey.get(keyOf(label, asked)) ?? []).find((found) => found.length > 0);
      return (takes?.[repetition] ?? takes?.at(-1))?.turn;
    },
    describeMiss: (asked) => {
      const [nearest] = turns
        .map(({ name, turn }) => ({ name, differences: compareAsked(turn.asked, asked) }))
        .toSorted((a, b) => a.differences.length - b.differences.length);
      return nearest
        ? `The nearest is ${nearest.name}:\n${nearest.differences.map((line) => `  ${line}`).join('\n')}`
        : '';
    },
  };
}

/** Writes a turn and returns its file's name. The same question gets the same name; `repetition` tells takes apart. */
export function writeTurn(directory: string, turn: RecordedTurn, repetition: number): string {
  const folder = join(directory, TURNS);
  mkdirSync(folder, { recursive: true });
  const take = repetition === 0 ? '' : `.take-${String(repetition + 1).padStart(3, '0')}`;
  const name = `${slugOf(turn.asked)}.${keyOf(turn.model, turn.asked)}${take}.json`;
  // Whole or not at all: another process may read or write the same turn.
  const draft = join(folder, `${name}.${process.pid}.draft`);
  writeFileSync(draft, formatTurn(turn));
  renameSync(draft, join(folder, name));
  return name;
}

/** A piece of an answer is a line; everything else is spread out. */
function formatTurn({ model, asked, answer }: RecordedTurn): string {
  const head = stableJson({ model, asked }, 2).replace(/\n}$/, '');
  return `${head},\n  "answer": [\n${answer.map((chunk) => `    ${stableJson(chunk)}`).join(',\n')}\n  ]\n}\n`;
}

function readTurn(file: string): RecordedTurn {
  try {
    return turnSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw new AgentError('invalid_configuration', `${file} is no recorded turn: ${String(error).slice(0, 200)}`, {
      cause: error,
    });
  }
}

function listFiles(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .sort();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

/** The number of the turn and the last words of the person: files sort as the conversation went. */
function slugOf({ messages }: Asked): string {
  const words = messages.findLast(({ role }) => role === 'human')?.content;
  const slug = (typeof words === 'string' ? words : '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replace(/^-|-$/g, '');
  return `${String(messages.length).padStart(3, '0')}-${slug || 'turn'}`;
}
