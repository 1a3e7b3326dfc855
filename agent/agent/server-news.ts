// What happens at the servers, as far as it belongs into a turn.

import type { ServerEvent } from '../mcp/servers.ts';
import type { TurnEvent } from '../turn-events.ts';

/** The event of a turn for news of a server; `undefined` for what nobody has to know in a turn. */
export function eventOf(news: ServerEvent): TurnEvent | undefined {
  switch (news.type) {
    case 'auth':
      return news;
    case 'notice':
      return { type: 'notice', text: news.text };
    case 'state':
      return undefined;
    case 'tools-changed':
      return { type: 'notice', text: `${news.server} has changed its tools; from the next turn on they are used.` };
  }
}
