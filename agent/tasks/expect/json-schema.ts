// JSON Schema for answers that are JSON: draft 7, or 2020-12 where the schema says so.

import { Ajv, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { fitsPattern } from './bounded-pattern.ts';

type Schema = Readonly<Record<string, unknown>>;

/** Of a `pattern` in a schema no more time is taken than of any other. */
const boundedPatterns = Object.assign(
  (pattern: string) => {
    // Throws for what is none, as Ajv expects it.
    new RegExp(pattern, 'u');
    return { test: (text: string) => fitsPattern(pattern, text) };
  },
  // Only for code that Ajv writes to files.
  { code: 'fitsPattern' },
);
/** Compiling costs milliseconds, and every attempt of a task needs the same. */
const compiled = new WeakMap<Schema, ValidateFunction>();

/** Why a schema is none; `undefined` if it is one. */
export function jsonSchemaFault(schema: Schema): string | undefined {
  try {
    compile(schema);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message.slice(0, 300) : String(error);
  }
}

/** Where a value does not fit the schema; empty when it fits. */
export function jsonSchemaMismatches(schema: Schema, value: unknown): readonly string[] {
  const validate = compile(schema);
  if (validate(value)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message }) => `${instancePath === '' ? 'the whole' : instancePath} ${message}`,
  );
}

function compile(schema: Schema): ValidateFunction {
  const known = compiled.get(schema);
  if (known) return known;
  const options = {
    allErrors: true,
    strict: false,
    validateFormats: false,
    logger: false,
    code: { regExp: boundedPatterns },
  } as const;
  const isRecent = typeof schema['$schema'] === 'string' && schema['$schema'].includes('2020-12');
  // An instance for each: two tasks may give the same $id to different schemas.
  const validate = (isRecent ? new Ajv2020(options) : new Ajv(options)).compile(schema);
  compiled.set(schema, validate);
  return validate;
}
