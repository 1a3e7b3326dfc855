// News of changes, from whoever changes something to the streams of those whom it concerns: `subscriptions/listen` of
// 2026-07-28 and the sessions of the earlier revisions alike.

import type { ServerEvent } from '@modelcontextprotocol/server';

export interface ChangeFeed {
  /** Tells the streams of one subject; without `subject`, everybody's. */
  publish(event: ServerEvent, subject?: string): void;
  /** Hears what concerns `subject`, until the returned function is called. */
  subscribe(subject: string, listener: (event: ServerEvent) => void): () => void;
}

/** Subjects are named as `subjectKey` names them. Listeners hear at once and must not throw. */
export function createChangeFeed(): ChangeFeed {
  const subscriptions = new Set<{ readonly subject: string; readonly listener: (event: ServerEvent) => void }>();
  return {
    publish: (event, subject) => {
      for (const subscription of [...subscriptions])
        if (subject === undefined || subscription.subject === subject) subscription.listener(event);
    },
    subscribe: (subject, listener) => {
      const subscription = { subject, listener };
      subscriptions.add(subscription);
      return () => void subscriptions.delete(subscription);
    },
  };
}
