// One message of AWS's event stream encoding (application/vnd.amazon.eventstream): lengths, headers, payload, two checksums.
// Source: "Event stream encoding" of the Smithy and the Amazon Transcribe documentation; a frame that is wrong in one byte
// is refused by AWS's own client, which reads these.

import { crc32 } from 'node:zlib';

/** Type of a header whose value is a text. */
const TEXT = 7;
/** Two lengths and their checksum. */
const PRELUDE_BYTES = 12;
const CHECKSUM_BYTES = 4;

/** Encodes a JSON event of the given type. */
export function encodeEvent(type: string, payload: unknown): Uint8Array {
  const headers = Buffer.concat(
    Object.entries({ ':message-type': 'event', ':event-type': type, ':content-type': 'application/json' }).map(
      encodeHeader,
    ),
  );
  const body = Buffer.from(JSON.stringify(payload));
  const message = Buffer.alloc(PRELUDE_BYTES + headers.length + body.length + CHECKSUM_BYTES);
  message.writeUInt32BE(message.length, 0);
  message.writeUInt32BE(headers.length, 4);
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8);
  headers.copy(message, PRELUDE_BYTES);
  body.copy(message, PRELUDE_BYTES + headers.length);
  message.writeUInt32BE(crc32(message.subarray(0, -CHECKSUM_BYTES)), message.length - CHECKSUM_BYTES);
  return message;
}

function encodeHeader([name, value]: [string, string]): Buffer {
  const header = Buffer.alloc(1 + name.length + 1 + 2 + value.length);
  header.writeUInt8(name.length, 0);
  header.write(name, 1);
  header.writeUInt8(TEXT, 1 + name.length);
  header.writeUInt16BE(value.length, 2 + name.length);
  header.write(value, 4 + name.length);
  return header;
}
