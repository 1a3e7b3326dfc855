// An answer that has to be JSON of a given shape: what the model is told, what is wrong with an answer, and the JSON in it.

import { Ajv, type AnySchema, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { AgentError } from '../errors.ts';

export interface AnswerCheck {
  /** For the system prompt. */
  readonly instruction: string;
  /** What is wrong with the answer, for the model; `undefined` when it fits. */
  readonly faultOf: (answer: string) => string | undefined;
  /**
   * The JSON of the answer, as one line.
   *
   * @throws {AgentError} `model_failed` when it does not fit
   */
  readonly finish: (answer: string) => string;
}

const MAX_FAULTS = 10;

/**
 * Prepares the check. JSON Schema of 2020-12, unless `$schema` says draft-07 or before.
 *
 * @throws {AgentError} `usage` when it is no schema
 */
export function createAnswerCheck(schema: Readonly<Record<string, unknown>>): AnswerCheck {
  const validate = compile(schema);
  const read = (answer: string): { json?: string; fault?: string } => {
    let value: unknown;
    try {
      value = JSON.parse(withoutFence(answer));
    } catch (error) {
      return { fault: `It is not JSON: ${error instanceof Error ? error.message : String(error)}.` };
    }
    if (validate(value)) return { json: JSON.stringify(value) };
    const faults = (validate.errors ?? []).slice(0, MAX_FAULTS);
    return { fault: faults.map(({ instancePath, message }) => `${instancePath || 'The value'} ${message}.`).join(' ') };
  };
  return {
    instruction: `Your final answer is one JSON value and nothing else, without a code fence. It fits this JSON Schema: ${JSON.stringify(schema)}`,
    faultOf: (answer) => read(answer).fault,
    finish: (answer) => {
      const { json, fault = '' } = read(answer);
      if (json === undefined)
        throw new AgentError('model_failed', `The model's answer does not fit the schema, twice. ${fault}`);
      return json;
    },
  };
}

function compile(schema: Readonly<Record<string, unknown>>): ValidateFunction {
  const isOld = /draft-0[4-7]/.test(String(schema['$schema'] ?? ''));
  const options = { allErrors: true, strict: false, validateFormats: false };
  try {
    // Whether it is a schema is what `compile` finds out.
    return (isOld ? new Ajv(options) : new Ajv2020(options)).compile(schema as AnySchema);
  } catch (error) {
    throw new AgentError(
      'usage',
      `This is not a JSON Schema: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    );
  }
}

/** Models put JSON into a fence whatever they are told. */
function withoutFence(answer: string): string {
  return /^\s*```(?:json)?\s*\n([\s\S]*?)\n?```\s*$/.exec(answer)?.[1] ?? answer;
}
