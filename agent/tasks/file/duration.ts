// Durations as people write them: 500ms, 60s, 5m, 1h.

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** What `parseDuration` takes; also stands in the published schema. */
export const DURATION_PATTERN = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)$/;
/** The longest timer that Node has; a longer one would fire at once. */
const MAX_MS = 2 ** 31 - 1;

/** The duration in whole milliseconds; `undefined` if the text is none, is zero, or is longer than 24 days. */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit] = DURATION_PATTERN.exec(text) ?? [];
  const ms = Math.round(Number(amount) * (UNITS_MS[unit ?? ''] ?? Number.NaN));
  return ms >= 1 && ms <= MAX_MS ? ms : undefined;
}
