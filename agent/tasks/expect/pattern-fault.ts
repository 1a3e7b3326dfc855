// Regular expressions that people write into task files.

/** Why a text is no regular expression, as what was expected; `undefined` if it is one. */
export function patternFault(text: string): string | undefined {
  try {
    new RegExp(text, 'u');
    return undefined;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return `a regular expression (${error.message.replace(/^Invalid regular expression: /, '')})`;
  }
}
