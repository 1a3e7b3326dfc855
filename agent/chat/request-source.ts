// Where requests come from: the line editor on a terminal, plain lines from a pipe. The chat loop knows only this.

export type NextRequest =
  | { readonly type: 'request'; readonly text: string }
  /** Nothing more comes; 130 when the person left by Ctrl+C. */
  | { readonly type: 'end'; readonly exitCode: 0 | 130 };

export interface RequestSource {
  /** Waits for the next request. After an `end` it answers with the same `end` again. */
  next(): Promise<NextRequest>;
  /** Runs the answer to a request; `signal` aborts when the person cancels it or leaves. After an `end` it runs nothing. */
  whileAnswering(answer: (signal: AbortSignal) => Promise<void>): Promise<void>;
  /** Gives the terminal back as it was. May be called twice. */
  close(): Promise<void>;
}
