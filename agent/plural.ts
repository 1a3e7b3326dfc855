// A number with its noun, in what people read.

/** `1 task`, `3 tasks` */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
