// How much one principal may have going on at a time: calls that are not answered yet and streams that wait for news.
// The rate limit says how often, this says how many at once.

export const EXCHANGE_LIMITS = {
  /** A stream that waits for news costs a connection and a subscription for as long as its token lives. */
  maxStanding: 20,
  /** Each holds its request; a busy agent has a few dozen calls in flight. */
  maxTotal: 200,
} as const;

export type ExchangeLimits = Readonly<Record<keyof typeof EXCHANGE_LIMITS, number>>;

/** Called once when the exchange is over. */
export type EndExchange = () => void;

export interface Exchanges {
  /** Begins an exchange of `principal`, or `undefined` when it has too many. */
  begin(principal: string, standing: boolean): EndExchange | undefined;
}

export function createExchanges(limits: ExchangeLimits = EXCHANGE_LIMITS): Exchanges {
  const counts = new Map<string, { total: number; standing: number }>();
  return {
    begin: (principal, standing) => {
      const count = counts.get(principal) ?? { total: 0, standing: 0 };
      if (count.total >= limits.maxTotal || (standing && count.standing >= limits.maxStanding)) return undefined;
      counts.set(principal, count);
      count.total += 1;
      if (standing) count.standing += 1;
      return () => {
        count.total -= 1;
        if (standing) count.standing -= 1;
        if (count.total === 0) counts.delete(principal);
      };
    },
  };
}
