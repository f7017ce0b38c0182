import { hash } from "node:crypto";
import { fromBinary } from "@bufbuild/protobuf";
import { SignalError } from "../error.ts";
import { type Envelope, EnvelopeSchema } from "../protocol/gen/envelope_pb.ts";

/** @throws {SignalError} `malformed` */
export function decodeEnvelope(raw: Uint8Array): Envelope {
  try {
    return fromBinary(EnvelopeSchema, raw);
  } catch (cause) {
    throw new SignalError("malformed", "an envelope cannot be read", { cause });
  }
}

/**
 * What an envelope is known by when it comes again, hex: of its content, which stays the same, where a redelivery may bear
 * another time or order of fields.
 */
export function digestOf(raw: Uint8Array): string {
  let known = raw;
  try {
    const { content, serverGuid, serverGuidBinary } = fromBinary(EnvelopeSchema, raw);
    const guid = serverGuidBinary ?? (serverGuid ? Buffer.from(serverGuid) : new Uint8Array());
    if (content?.length) known = Buffer.concat([content, guid]);
  } catch {
    // What cannot be read is known by all of it.
  }
  return hash("sha256", known, "hex");
}

/** What a message is known by whatever it came in, hex. */
export function messageDigest(sender: string, device: number, timestamp: number): string {
  return hash("sha256", JSON.stringify(["message", sender, device, timestamp]), "hex");
}

/** The last instant that a record can hold: the end of the year 9999. */
const MAX_TIMESTAMP = 253_402_300_799_999n;

/** A sender's clock, milliseconds since 1970, within what can be written down: anything may stand there. */
export function timestampIn(value: bigint | undefined): number {
  if (value === undefined) return 0;
  return Number(value > MAX_TIMESTAMP ? MAX_TIMESTAMP : value);
}
