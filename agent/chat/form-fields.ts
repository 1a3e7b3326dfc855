// The fields of an elicitation form: from the restricted JSON Schema of MCP to what a person is asked, and from what a person
// typed to a value, or what is wrong with it. Pure. All of a schema is the server's word.

import * as z from 'zod';

export type FieldValue = string | number | boolean | string[];

export interface Choice {
  readonly value: string;
  readonly title: string;
}

export interface FormField {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly kind: 'text' | 'number' | 'integer' | 'boolean' | 'choice' | 'choices';
  readonly choices: readonly Choice[];
  readonly isRequired: boolean;
  readonly initial: FieldValue | undefined;
  /** What is expected, for people; empty when anything goes. */
  readonly expected: string;
  /** Whether it seems to ask for what a server must not ask for in a form. */
  readonly seemsSecret: boolean;
  readonly limits: Limits;
}

export type ReadValue =
  | { readonly ok: true; readonly value: FieldValue | undefined }
  | { readonly ok: false; readonly fault: string };

const optionSchema = z.object({ const: z.string(), title: z.string().optional() });
const propertySchema = z.object({
  type: z.string().optional(),
  title: z.string().optional(),
  description: z.string().optional(),
  enum: z.array(z.string()).optional(),
  enumNames: z.array(z.string()).optional(),
  oneOf: z.array(optionSchema).optional(),
  items: z.object({ enum: z.array(z.string()).optional(), anyOf: z.array(optionSchema).optional() }).optional(),
  minItems: z.number().optional(),
  maxItems: z.number().optional(),
  minLength: z.number().optional(),
  maxLength: z.number().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  format: z.string().optional(),
  default: z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]).optional(),
});
const formSchema = z.object({
  properties: z.record(z.string(), propertySchema).default({}),
  required: z.array(z.string()).default([]),
});

type Limits = Pick<
  z.output<typeof propertySchema>,
  'minLength' | 'maxLength' | 'minimum' | 'maximum' | 'minItems' | 'maxItems' | 'format'
>;

const SECRET = /pass(?:word|phrase|code)|secret|api.?key|\btoken|credential|private.?key|\bpin\b|\bcvv\b|seed phrase/i;
const FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  email: (text) => /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text),
  uri: (text) => URL.canParse(text),
  date: (text) => /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)),
  'date-time': (text) => /^\d{4}-\d{2}-\d{2}T/.test(text) && !Number.isNaN(Date.parse(text)),
};

/** The fields in the server's order; `undefined` if the schema is none of a form. */
export function readForm(schema: Readonly<Record<string, unknown>>): readonly FormField[] | undefined {
  const parsed = formSchema.safeParse(schema);
  if (!parsed.success) return undefined;
  const { properties, required } = parsed.data;
  return Object.entries(properties).map(([name, property]) => fieldOf(name, property, required.includes(name)));
}

function fieldOf(name: string, property: z.output<typeof propertySchema>, isRequired: boolean): FormField {
  const { title = name, description = '', enum: values, enumNames, oneOf, items } = property;
  const named: readonly { readonly const: string; readonly title?: string | undefined }[] =
    oneOf ?? items?.anyOf ?? (values ?? items?.enum ?? []).map((value) => ({ const: value }));
  const base = {
    name,
    title,
    description,
    isRequired,
    initial: property.default,
    limits: property,
    choices: named.map((choice, index) => ({
      value: choice.const,
      title: choice.title ?? enumNames?.[index] ?? choice.const,
    })),
    seemsSecret: SECRET.test(`${name} ${title} ${description}`),
  };
  const kind = kindOf(property, named.length > 0);
  return { ...base, kind, expected: expectedOf(kind, property) };
}

function kindOf({ type }: { readonly type?: string | undefined }, hasChoices: boolean): FormField['kind'] {
  if (type === 'array') return 'choices';
  if (hasChoices) return 'choice';
  return type === 'number' || type === 'integer' || type === 'boolean' ? type : 'text';
}

function expectedOf(kind: FormField['kind'], limits: Limits): string {
  const { minLength, maxLength, minimum, maximum, minItems, maxItems, format } = limits;
  const range = (least: number | undefined, most: number | undefined, unit: string) => [
    least === undefined ? '' : `at least ${least}${unit}`,
    most === undefined ? '' : `at most ${most}${unit}`,
  ];
  const parts =
    kind === 'number' || kind === 'integer'
      ? [kind === 'integer' ? 'a whole number' : 'a number', ...range(minimum, maximum, '')]
      : kind === 'choices'
        ? ['numbers or values, separated by commas', ...range(minItems, maxItems, ' of them')]
        : kind === 'choice'
          ? ['a number or a value of the list']
          : kind === 'boolean'
            ? ['yes or no']
            : [format ?? '', ...range(minLength, maxLength, ' characters')];
  return parts.filter((part) => part !== '').join(', ');
}

/** What was typed as the field's value; nothing typed means the default, or nothing where nothing is needed. */
export function readValue(field: FormField, typed: string): ReadValue {
  const text = typed.trim();
  if (text === '') {
    if (field.initial !== undefined) return { ok: true, value: field.initial };
    return field.isRequired ? { ok: false, fault: 'a value is needed' } : { ok: true, value: undefined };
  }
  switch (field.kind) {
    case 'boolean':
      if (/^(?:y|yes|true)$/i.test(text)) return { ok: true, value: true };
      if (/^(?:n|no|false)$/i.test(text)) return { ok: true, value: false };
      return { ok: false, fault: 'expected yes or no' };
    case 'number':
    case 'integer':
      return readNumber(field, text);
    case 'choice': {
      const choice = choiceOf(field, text);
      return choice === undefined ? { ok: false, fault: 'expected one of the list' } : { ok: true, value: choice };
    }
    case 'choices':
      return readChoices(field, text);
    case 'text':
      return readText(field, typed);
  }
}

function readNumber({ kind, expected, limits: { minimum, maximum } }: FormField, text: string): ReadValue {
  const value = Number(text);
  const fits =
    Number.isFinite(value) &&
    (kind === 'number' || Number.isInteger(value)) &&
    (minimum === undefined || value >= minimum) &&
    (maximum === undefined || value <= maximum);
  return fits ? { ok: true, value } : { ok: false, fault: `expected ${expected}` };
}

function readChoices(field: FormField, text: string): ReadValue {
  const { minItems, maxItems } = field.limits;
  const values = text.split(',').map((part) => choiceOf(field, part.trim()));
  const chosen = values.filter((value) => value !== undefined);
  if (chosen.length < values.length) return { ok: false, fault: 'expected values of the list, separated by commas' };
  if (chosen.length < (minItems ?? 0) || chosen.length > (maxItems ?? Number.POSITIVE_INFINITY))
    return { ok: false, fault: `expected ${field.expected}` };
  return { ok: true, value: [...new Set(chosen)] };
}

function readText({ expected, limits: { minLength, maxLength, format } }: FormField, text: string): ReadValue {
  const length = [...text].length;
  const fits =
    length >= (minLength ?? 0) &&
    length <= (maxLength ?? Number.POSITIVE_INFINITY) &&
    (format === undefined || FORMATS[format]?.(text) !== false);
  return fits ? { ok: true, value: text } : { ok: false, fault: `expected ${expected}` };
}

/** By its value, its title, or its number in the list. */
function choiceOf({ choices }: FormField, text: string): string | undefined {
  const named = choices.find(({ value, title }) => value === text || title.toLowerCase() === text.toLowerCase());
  return (named ?? (/^\d+$/.test(text) ? choices[Number(text) - 1] : undefined))?.value;
}
