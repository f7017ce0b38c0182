import { SmppError } from "./error.ts";

export const HEADER_BYTES = 16;
/** The longest PDU that is taken: a message_payload of 64 KiB, and more than any field besides. */
export const MAX_PDU_BYTES = 131_072;

/** Cuts what comes over a connection into PDUs. Of no use any more once it has thrown. */
export class Frames {
  #parts: Buffer[] = [];
  #sizeBytes = 0;
  #wanted: number | undefined;

  /**
   * The PDUs that these bytes complete, each whole and a copy of its own, in order.
   *
   * @throws {SmppError} `framing` for a command_length below 16 or above `MAX_PDU_BYTES`, after the PDUs before it
   */
  *push(chunk: Uint8Array): Generator<Buffer> {
    this.#parts.push(Buffer.from(chunk));
    this.#sizeBytes += chunk.length;
    for (;;) {
      this.#wanted ??= this.#sizeBytes < 4 ? undefined : lengthOf(this.#joined());
      if (this.#wanted === undefined || this.#sizeBytes < this.#wanted) return;
      const bytes = this.#joined();
      const pdu = Buffer.from(bytes.subarray(0, this.#wanted));
      this.#parts = [bytes.subarray(this.#wanted)];
      this.#sizeBytes -= this.#wanted;
      this.#wanted = undefined;
      yield pdu;
    }
  }

  /** Bytes of a PDU that has begun and is not whole. */
  get pendingBytes(): number {
    return this.#sizeBytes;
  }

  #joined(): Buffer {
    const [first = Buffer.alloc(0)] = this.#parts;
    if (this.#parts.length < 2) return first;
    const joined = Buffer.concat(this.#parts);
    this.#parts = [joined];
    return joined;
  }
}

function lengthOf(bytes: Buffer): number {
  const length = bytes.readUInt32BE(0);
  if (length < HEADER_BYTES || length > MAX_PDU_BYTES)
    throw new SmppError("framing", "a command_length that no PDU has");
  return length;
}

/**
 * PDUs that stand one after another, as a concatenated message's `raw` has them.
 *
 * @throws {SmppError} `framing` where the bytes are not whole PDUs
 */
export function splitPdus(bytes: Uint8Array): Buffer[] {
  const frames = new Frames();
  const pdus = [...frames.push(bytes)];
  if (frames.pendingBytes > 0) throw new SmppError("framing", "the last PDU is cut off");
  return pdus;
}
