import { hash } from "node:crypto";
import { encodeEnvelope, type Envelope, type Event } from "@daybook/contract";
import type { PayloadSealer, StreamProducer } from "@daybook/stream";
import { type Arrival, payloadContext } from "./decode.ts";
import { recordOf } from "./seal-event.ts";

/** A gap that the archiver found, as an event of the shard that has it. The same gap gives the same event id. */
function gapEnvelope(
  eventId: string,
  event: Pick<Event, "network" | "method" | "account" | "capturedAt" | "gap"> & Partial<Event>,
): Buffer {
  const envelope: Envelope = {
    v: 1,
    eventId,
    stableDigest: hash("sha256", eventId),
    keys: [],
    event: {
      v: 1,
      kind: "gap",
      provenance: "captured",
      raw: "",
      connector: { name: "archiver", version: "1" },
      ...event,
    },
  };
  return encodeEnvelope(envelope);
}

/** Where the archiver is in a stream that has not got what it should. */
export interface StreamHole {
  readonly deployment: string;
  readonly stream: string;
  readonly topic: string;
  readonly partition: number;
  /**
   * `expired`: what was to be read next is no longer kept. `cut-short`: the stream ends before what was archived.
   * `replaced`: another stream is in the place of the one that was archived.
   */
  readonly kind: "expired" | "cut-short" | "replaced";
  /** The first offset that is not there, and the one after the last; left out where nobody knows it. */
  readonly from: number;
  readonly to?: number;
  readonly at: Date;
}

const WHY: Readonly<Record<StreamHole["kind"], string>> = {
  expired: "the stream no longer held these events when the archiver came to them",
  "cut-short": "the stream ends before what was archived of it: later events may be lost",
  replaced: "the stream was lost and another begun: events may be lost that only the lost one held",
};

/** A hole in the stream, as an event. */
export function streamGap({ deployment, stream, topic, partition, kind, from, to, at }: StreamHole): Buffer {
  return gapEnvelope(`archiver:stream-gap:${kind}:${stream}:${topic}:${partition}:${from}-${to ?? ""}`, {
    network: "daybook",
    method: "internal",
    account: deployment,
    capturedAt: at.toISOString(),
    gap: {
      to: at.toISOString(),
      why: WHY[kind],
      about: `${topic}/${partition} offsets ${from} ${to === undefined ? "and later" : `to ${to - 1}`}`,
    },
  });
}

/** An attachment whose sealed bytes are not in the store though its event names them. */
export function attachmentGap(arrival: Arrival, n: number, at: Date): Buffer {
  const { id, network, method, account, custodian, conversation, networkId, attachments } = recordOf(arrival);
  const name = attachments?.[n]?.name;
  return gapEnvelope(`archiver:attachment-gap:${id}:${n}`, {
    network,
    method,
    account,
    ...(custodian && { custodian }),
    ...(conversation && { conversation }),
    ...(networkId !== undefined && { target: networkId }),
    capturedAt: at.toISOString(),
    gap: {
      why: "the attachment's sealed bytes are not in the object store",
      ...(name !== undefined && { about: name }),
    },
  });
}

/**
 * Puts a gap on the shard's own partition, to be archived in its turn. Durable once resolved; may be repeated.
 *
 * @throws {StreamError} `unavailable`, `full` (retryable)
 */
export async function sendGap(
  to: { producer: StreamProducer; sealer: PayloadSealer; topic: string; partition: number },
  gap: Uint8Array,
): Promise<void> {
  const payload = await to.sealer.seal(gap, payloadContext(to.topic, to.partition));
  await to.producer.send(to.topic, to.partition, [payload]);
}
