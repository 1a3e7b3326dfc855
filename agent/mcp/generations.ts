// The live clients of one connection, one after the other: whichever is present serves all, and when it is lost the next one is
// opened, once for all who ask. What is sent on them, and sent again, is the connection's business.

import { AgentError } from '../errors.ts';
import type { McpServerConfig } from '../mcp-file.ts';
import { currentCall } from './call-watch.ts';
import { type LiveClient, type LiveClientOptions, openLiveClient } from './live-client.ts';

export interface Generations {
  /** The one that is there; `undefined` between two, and after the end. */
  present(): LiveClient | undefined;
  /** The present one, or the next one; however many ask, it is opened once. */
  current(): Promise<LiveClient>;
  /** Opens the first one, for a caller who may give up. */
  open(caller?: AbortSignal): Promise<LiveClient>;
  /** Takes no more calls to it, if it is the present one; those that run on it may end. */
  retire(generation: LiveClient | undefined): void;
  isClosed(): boolean;
  /** Ends the present one; there is none after it. */
  close(): Promise<void>;
}

export interface GenerationOptions extends Omit<LiveClientOptions, 'onStreamLost'> {
  /** A stream of news that ends before this time is not replaced, in milliseconds. */
  readonly minStreamLifeMs: number;
}

/** Every member that gives a client rejects with what `openLiveClient` throws, and with `unreachable` after the end. */
export function createGenerations(server: McpServerConfig, options: GenerationOptions): Generations {
  const { minStreamLifeMs, ...clientOptions } = options;
  let live: LiveClient | undefined;
  let opening: Promise<LiveClient> | undefined;
  let isClosed = false;

  const open = async (caller?: AbortSignal) => {
    const openedAtMs = performance.now();
    let opened: LiveClient | undefined;
    const onStreamLost = () => {
      // Some servers end every such stream at once: nothing is gained by opening another one.
      if (isClosed || opened !== live || performance.now() - openedAtMs < minStreamLifeMs) return;
      retire(opened);
      // What it would have told is not known.
      options.onToolsChanged();
    };
    // Not in the course of the call that happens to need it: others share it.
    opened = await currentCall.run(undefined, () => openLiveClient(server, { ...clientOptions, onStreamLost }, caller));
    if (isClosed) {
      await opened.close();
      throw closedError(server);
    }
    live = opened;
    return opened;
  };
  const retire = (generation: LiveClient | undefined) => {
    if (!generation || generation !== live) return;
    live = undefined;
    generation.retire();
  };

  return {
    present: () => live,
    current: async () => {
      if (isClosed) throw closedError(server);
      if (live && !live.isClosed()) return live;
      opening ??= open().finally(() => {
        opening = undefined;
      });
      return await opening;
    },
    open,
    retire,
    isClosed: () => isClosed,
    close: async () => {
      isClosed = true;
      const last = live;
      live = undefined;
      await last?.close();
    },
  };
}

function closedError(server: McpServerConfig): AgentError {
  return new AgentError('unreachable', `The connection to the MCP server ${server.name} has been closed.`);
}
