// What a conversation is called in a list: the beginning of its first request. Pure.

const MAX_TITLE_LENGTH = 80;

/** One line without control characters. */
export function titleOf(request: string): string {
  const line = request.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  const points = [...line];
  return points.length > MAX_TITLE_LENGTH ? `${points.slice(0, MAX_TITLE_LENGTH - 1).join('')}…` : line;
}
