// An output for readline that can be muted: what it writes meanwhile is lost, what it knows about the line is not.

import { Writable } from 'node:stream';
import type { ChatOutput } from './terminal.ts';

export interface MutableOutput {
  /** For readline: has the width of the real output and tells of its changes. */
  readonly stream: Writable;
  mute(): void;
  unmute(): void;
  /** Lets go of the real output. */
  close(): void;
}

/** Wraps the real output; open at first. */
export function createMutableOutput(output: ChatOutput): MutableOutput {
  let isMuted = false;
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      if (!isMuted) output.write(chunk);
      done();
    },
  });
  Object.defineProperty(stream, 'columns', { get: () => output.columns });
  const onResize = () => stream.emit('resize');
  output.on('resize', onResize);
  return {
    stream,
    mute() {
      isMuted = true;
    },
    unmute() {
      isMuted = false;
    },
    close() {
      output.off('resize', onResize);
    },
  };
}
