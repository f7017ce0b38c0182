import { createHash } from "node:crypto";
import { canonical } from "@daybook/archive-core";
import { encodeEnvelope, type Envelope, type Event } from "@daybook/contract";
import { message } from "../../../archive/catalogue/bench/corpus.ts";

const EVENT_BYTES = 1_024;

/** Event `i` of a made-up department, padded by its `raw` to 1,024 bytes of canonical JSON (or four more). */
export function event(i: number): Event {
  const { id: _, salt: __, text = "", ...rest } = message(i);
  const bare: Event = { ...rest, text: text.slice(0, 260), raw: "" };
  const room = EVENT_BYTES - Buffer.byteLength(canonical(bare));
  return { ...bare, raw: "QUJD".repeat(Math.max(1, Math.ceil(room / 4))) };
}

export function envelope(i: number): Envelope {
  const eventId = `bench:${i}`;
  const stableDigest = createHash("sha256").update(eventId).digest("hex");
  return { v: 1, eventId, stableDigest, keys: [], event: event(i) };
}

/** Envelopes `first` to `first + count - 1`, as bytes. */
export function envelopes(first: number, count: number): Buffer[] {
  return Array.from({ length: count }, (_, at) => encodeEnvelope(envelope(first + at)));
}
