// Bytes on a socket, for what no HTTP client would send.

import { once } from 'node:events';
import { connect } from 'node:net';

/** Sends bytes to a loopback port and gives back what comes until the server closes. */
export async function sendRaw(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk;
  });
  socket.write(text);
  await once(socket, 'close');
  return answer;
}
