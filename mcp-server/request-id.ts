// Every request has an id that its answer and all of its log entries carry.

import { randomUUID } from 'node:crypto';

/** The caller's id if it is short and plain, so that it cannot forge log lines; else a new one. */
export function requestIdOf(header: string | null | undefined): string {
  return header && /^[\w.-]{1,64}$/.test(header) ? header : randomUUID();
}
