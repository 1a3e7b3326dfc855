// What a vendor publishes about its requests, as a check: the JSON Schemas in schemas/, each with its source in its
// `$comment`. Beside the rules that a double states itself, so that our reading of a vendor is held to the vendor's own.

import { readFileSync } from 'node:fs';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';

type Fields = Readonly<Record<string, unknown>>;

export interface PublishedSchema {
  /** The name of the file in schemas/, without its extension. */
  readonly name: string;
  /** By definition, the fields that the vendor takes although its document does not know them. */
  readonly alsoTakes?: Readonly<Record<string, Fields>>;
}

interface SchemaFile {
  readonly $comment: string;
  readonly $ref: string;
  readonly $defs: Readonly<Record<string, { readonly properties?: Fields }>>;
}

/** Makes the check: a complaint about the first part of a body that does not fit, or `undefined`. */
export function createPublishedCheck({ name, alsoTakes = {} }: PublishedSchema): (body: unknown) => string | undefined {
  let validate: ValidateFunction | undefined;
  return (body) => {
    validate ??= compile(readSchema(name), alsoTakes);
    return validate(body) ? undefined : describe(validate.errors ?? []);
  };
}

function readSchema(name: string): SchemaFile {
  return JSON.parse(readFileSync(new URL(`schemas/${name}.json`, import.meta.url), 'utf8'));
}

function compile(schema: SchemaFile, alsoTakes: Readonly<Record<string, Fields>>): ValidateFunction {
  const $defs = { ...schema.$defs };
  for (const [definition, fields] of Object.entries(alsoTakes)) {
    const before = $defs[definition];
    if (!before?.properties) throw new Error(`There is no ${definition} with properties.`);
    const known = Object.keys(fields).find((field) => field in (before.properties ?? {}));
    if (known !== undefined) throw new Error(`${definition} has ${known} already: strike it off the list.`);
    $defs[definition] = { ...before, properties: { ...before.properties, ...fields } };
  }
  return new Ajv2020({ strict: false, validateFormats: false }).compile({ ...schema, $defs });
}

/** The deepest place: the complaints of the alternatives that were not meant are about their tags. */
function describe(errors: readonly ErrorObject[]): string {
  const depth = ({ instancePath }: ErrorObject) => instancePath.split('/').length;
  const [worst] = errors.toSorted((a, b) => depth(b) - depth(a));
  return worst ? `${worst.instancePath || 'body'} ${worst.message} ${JSON.stringify(worst.params)}` : 'does not fit';
}
