// The only way to make HTML here: a tagged template that escapes every value unless it is HTML already.

const markup = Symbol('markup');

/** Text that may stand in a page as it is. Only `html` makes it. */
export interface Html {
  readonly [markup]: string;
}

export type HtmlValue = string | number | Html | readonly Html[] | undefined | false;

/** Builds HTML; good for text and for attribute values in double quotes, never inside style or script. */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return { [markup]: parts.map((part, index) => part + toMarkup(values[index])).join('') };
}

/** The finished text. */
export function renderHtml(content: Html): string {
  return content[markup];
}

function toMarkup(value: HtmlValue): string {
  if (value === undefined || value === false) return '';
  if (typeof value === 'string' || typeof value === 'number') return escapeHtml(String(value));
  if (isHtml(value)) return value[markup];
  return value.map(renderHtml).join('');
}

function isHtml(value: Html | readonly Html[]): value is Html {
  return !Array.isArray(value);
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`);
}
