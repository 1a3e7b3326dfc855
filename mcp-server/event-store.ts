// What a session has sent, for a client that lost its stream and comes back with Last-Event-ID (MCP 2025-11-25,
// "Resumability and Redelivery"). One store per session, bounded; it never replays with a gap.

import type { EventStore, JSONRPCMessage } from '@modelcontextprotocol/server';

export interface EventStoreLimits {
  readonly maxEvents: number;
  /** Length of the stored messages as JSON; the newest one is kept however long it is. */
  readonly maxCharacters: number;
}

interface StoredEvent {
  readonly stream: Stream;
  readonly sequence: number;
  readonly json: string;
}

interface Stream {
  readonly id: string;
  /** The events that are still here, in order. */
  readonly events: StoredEvent[];
  /** Number of the newest event that had to go. */
  forgotten: number;
}

/** The name of a stream and the number of one of its events; comes back from the client. */
const EVENT_ID = /^(.+)_([1-9]\d{0,14})$/;

/** Builds the store. When it is full the oldest events go; a client that missed one of those is told so with HTTP 400. */
export function createEventStore({ maxEvents, maxCharacters }: EventStoreLimits): EventStore {
  const streams = new Map<string, Stream>();
  const events: StoredEvent[] = [];
  let characters = 0;
  let lastSequence = 0;

  const forgetOldest = () => {
    const oldest = events.shift();
    if (!oldest) return;
    characters -= oldest.json.length;
    oldest.stream.events.shift();
    oldest.stream.forgotten = oldest.sequence;
    if (oldest.stream.events.length === 0) streams.delete(oldest.stream.id);
  };

  /** The stream of an event and what followed it there; `undefined` when that cannot be told without a gap. */
  const find = (eventId: string) => {
    const [, streamId = '', digits = ''] = EVENT_ID.exec(eventId) ?? [];
    const sequence = Number(digits);
    const stream = streams.get(streamId);
    if (!stream || sequence < stream.forgotten || sequence > lastSequence) return undefined;
    return { stream, missed: stream.events.filter((event) => event.sequence > sequence) };
  };

  return {
    storeEvent: async (streamId, message) => {
      const stream = streams.get(streamId) ?? { id: streamId, events: [], forgotten: 0 };
      streams.set(streamId, stream);
      lastSequence += 1;
      const event = { stream, sequence: lastSequence, json: JSON.stringify(message) };
      stream.events.push(event);
      events.push(event);
      characters += event.json.length;
      while (events.length > maxEvents || (characters > maxCharacters && events.length > 1)) forgetOldest();
      return eventIdOf(event);
    },
    getStreamIdForEventId: async (eventId) => find(eventId)?.stream.id,
    replayEventsAfter: async (lastEventId, { send }) => {
      const found = find(lastEventId);
      if (!found) throw new Error(`Nothing can be resumed after the event ${JSON.stringify(lastEventId.slice(0, 80))}`);
      // Stored by `storeEvent` above, from a message.
      for (const event of found.missed) await send(eventIdOf(event), JSON.parse(event.json) as JSONRPCMessage);
      return found.stream.id;
    },
  };
}

function eventIdOf({ stream, sequence }: StoredEvent): string {
  return `${stream.id}_${sequence}`;
}
