// What a server asks of the person in the middle of a call: a form, field by field, or a page to visit. The person always
// sees which server asks, and nothing is sent or opened without a yes.

import type { ElicitationAnswer, ElicitationRequest, Elicitor } from '../mcp/elicitation.ts';
import { type FieldValue, type FormField, readForm, readValue } from './form-fields.ts';
import type { KeyPress } from './key-router.ts';
import type { Questions } from './questions.ts';
import type { Paint } from './terminal.ts';
import { visibleLine, visibleText } from './visible-text.ts';

export interface ElicitationPromptOptions {
  readonly questions: Questions;
  readonly print: (text: string) => void;
  readonly paint: Paint;
  /** Opens a page in the person's browser. Rejects if there is none. */
  readonly openUrl: (url: string) => Promise<void>;
}

type Consent = 'accept' | 'decline' | 'cancel';

export function createElicitationPrompt(options: ElicitationPromptOptions): Elicitor {
  return (request, signal) =>
    options.questions.inTurn(
      (questions) =>
        request.mode === 'url'
          ? askToVisit(request, questions, options, signal)
          : askForm(request, questions, options, signal),
      signal,
    );
}

async function askToVisit(
  { server, message, url }: ElicitationRequest & { mode: 'url' },
  questions: Questions,
  { paint, print, openUrl }: ElicitationPromptOptions,
  signal: AbortSignal,
): Promise<ElicitationAnswer> {
  const text = [
    headline(server, message, paint),
    `    ${visibleLine(url)}`,
    `  ${paint('warning', `opens a page of ${visibleLine(new URL(url).host)}`)}; what you do there does not come through here`,
    '  y open it · n decline (Enter) · Esc cancel',
  ];
  const consent = await askConsent(text, questions, paint, signal);
  if (consent !== 'accept') return { action: consent };
  try {
    await openUrl(url);
  } catch (error) {
    print(paint('warning', `no browser could be opened (${describe(error)}): open the address yourself\n`));
  }
  return { action: 'accept' };
}

async function askForm(
  { server, message, requestedSchema }: ElicitationRequest & { mode: 'form' },
  questions: Questions,
  { paint, print }: ElicitationPromptOptions,
  signal: AbortSignal,
): Promise<ElicitationAnswer> {
  const fields = readForm(requestedSchema);
  if (fields === undefined) {
    print(paint('bad', `${visibleLine(server)} asks with a form that is none by the protocol; declined\n`));
    return { action: 'decline' };
  }
  const secrets = fields.filter(({ seemsSecret }) => seemsSecret);
  const text = [
    headline(server, message, paint),
    ...fields.map((field) => `    ${fieldSummary(field)}`),
    ...(secrets.length === 0
      ? []
      : [paint('bad', '  This seems to ask for a secret. A server must not: decline, unless it is none.')]),
    `  y ${fields.length === 0 ? 'yes' : 'answer'} · n decline (Enter) · Esc cancel`,
  ];
  const consent = await askConsent(text, questions, paint, signal);
  if (consent !== 'accept') return { action: consent };
  const content: Record<string, FieldValue> = {};
  for (const field of fields) {
    const value = await askField(field, questions, { paint, print }, signal);
    if (value === 'cancel') return { action: 'cancel' };
    if (value.value !== undefined) content[field.name] = value.value;
  }
  if (fields.length > 1) {
    const shown = `  ${visibleLine(JSON.stringify(content))}`;
    const send = await askConsent(
      [shown, `  y send to ${visibleLine(server)} · n decline (Enter) · Esc cancel`],
      questions,
      paint,
      signal,
    );
    if (send !== 'accept') return { action: send };
  }
  return { action: 'accept', content };
}

async function askField(
  field: FormField,
  questions: Questions,
  { paint, print }: Pick<ElicitationPromptOptions, 'paint' | 'print'>,
  signal: AbortSignal,
): Promise<{ readonly value: FieldValue | undefined } | 'cancel'> {
  const choices = field.choices.map(({ value, title }, index) => {
    const name = title === value ? visibleLine(value) : `${visibleLine(title)} (${visibleLine(value)})`;
    return `    ${index + 1} ${name}\n`;
  });
  print(choices.join(''));
  for (;;) {
    const typed = await questions.line({ prompt: `  ${fieldSummary(field)}: ` }, signal);
    if (typed === undefined) return 'cancel';
    const read = readValue(field, typed);
    if (read.ok) return { value: read.value };
    print(paint('bad', `  ${visibleLine(read.fault)}\n`));
  }
}

function fieldSummary({ title, description, expected, initial, isRequired }: FormField): string {
  const notes = [
    expected,
    initial === undefined ? '' : `default ${JSON.stringify(initial)}`,
    isRequired || initial !== undefined ? '' : 'may be left out',
  ].filter((note) => note !== '');
  const about = description === '' || description === title ? '' : ` – ${visibleLine(description)}`;
  return `${visibleLine(title)}${about}${notes.length === 0 ? '' : visibleLine(` [${notes.join('; ')}]`).replace(/^\[/, ' [')}`;
}

function headline(server: string, message: string, paint: Paint): string {
  const [first = '', ...others] = visibleText(message).trim().split('\n');
  const head = `${paint('warning', '?')} ${paint('strong', `${visibleLine(server)} asks:`)} ${first}`;
  return [head, ...others.map((line) => `    ${line}`)].join('\n');
}

function askConsent(
  lines: readonly string[],
  questions: Questions,
  paint: Paint,
  signal: AbortSignal,
): Promise<Consent> {
  return questions.key({ text: `${lines.join('\n')}\n`, prompt: paint('strong', '› '), read: readConsentKey }, signal);
}

/** Enter is a no, since it is what fingers do by themselves. */
export function readConsentKey({ text, name, ctrl, meta }: KeyPress): { value: Consent; shown: string } | undefined {
  if (name === 'escape' || (ctrl && name === 'd')) return { value: 'cancel', shown: 'cancelled' };
  if (name === 'return' || name === 'enter') return { value: 'decline', shown: 'declined' };
  if (ctrl || meta) return undefined;
  if (text === 'y') return { value: 'accept', shown: 'yes' };
  if (text === 'n') return { value: 'decline', shown: 'declined' };
  return undefined;
}

function describe(error: unknown): string {
  return visibleLine(error instanceof Error ? error.message : String(error));
}
