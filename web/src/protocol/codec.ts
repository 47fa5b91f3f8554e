/**
 * Bytes to frames and back.
 *
 * One binary WebSocket message is one protobuf frame (protocol.md 3.1).  It does no I/O.  Numbers of 64 bits are
 * bigints in frames and plain numbers outside: `toNumber` is the one place that crosses over.
 */
import { create, fromBinary, toBinary, type MessageInitShape } from "@bufbuild/protobuf";

import { ClientFrameSchema, ServerFrameSchema, type ClientFrame, type ServerFrame } from "./hubbub_pb";

/** The subprotocol of the binary dialect. */
export const SUBPROTOCOL = "hubbub.v1.protobuf";

/** What a server's frame may measure at most (protocol.md 17.2). */
export const SERVER_FRAME_BYTES = 2 * 1024 * 1024;

/** What a client's frame may measure, until the server says otherwise. */
export const CLIENT_FRAME_BYTES = 262_144;

/** A frame that cannot be read. */
export class BadFrame extends Error {
  override readonly name = "BadFrame";
}

export type ClientBody = Exclude<MessageInitShape<typeof ClientFrameSchema>["body"], undefined>;

/** Write a request (`id` above 0) or a frame that needs no answer (0).  Throws BadFrame. */
export function encode(id: number, body: ClientBody): Uint8Array<ArrayBuffer> {
  try {
    return toBinary(ClientFrameSchema, create(ClientFrameSchema, { id: BigInt(id), body }));
  } catch (cause) {
    throw new BadFrame(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** Read a server's frame.  Its `body.case` is undefined for a kind this version does not know.  Throws BadFrame. */
export function decode(data: Uint8Array): ServerFrame {
  if (data.byteLength > SERVER_FRAME_BYTES) throw new BadFrame(`a frame of ${data.byteLength} bytes`);
  try {
    return fromBinary(ServerFrameSchema, data);
  } catch (cause) {
    throw new BadFrame(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** A number of 64 bits as a plain one; all that the protocol has are below 2^53 (3.7). */
export function toNumber(value: bigint): number {
  return Number(value);
}

export type { ClientFrame, ServerFrame };
