// Events of a turn on their way to whoever renders it. They come from several sides at once: the graph, the servers, the
// tool that reports its progress.

export interface EventQueue<T> extends AsyncIterable<T> {
  push(item: T): void;
  /** After the last item; what comes later is dropped. */
  end(): void;
}

/** Creates a queue for one reader. */
export function createEventQueue<T>(): EventQueue<T> {
  const items: T[] = [];
  let isEnded = false;
  let wake = Promise.withResolvers<void>();
  return {
    push: (item) => {
      if (isEnded) return;
      items.push(item);
      wake.resolve();
    },
    end: () => {
      isEnded = true;
      wake.resolve();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        for (let item = items.shift(); item !== undefined; item = items.shift()) yield item;
        if (isEnded) return;
        await wake.promise;
        wake = Promise.withResolvers<void>();
      }
    },
  };
}
