import { createHash, randomUUID } from "node:crypto";
import { z } from "zod";
import type { AuditAction } from "./audit-action.ts";
import { event, type Event } from "./event.ts";

/** Topics of the stream. */
export const TOPICS = {
  events: "daybook.events",
  audit: "daybook.audit",
  outbound: "daybook.outbound",
  parked: "daybook.parked",
} as const;

/**
 * What travels on `daybook.events` and `daybook.audit`, as JSON, encrypted to the ingest key: the event,
 * and what must never be in the record: the connector's event id, the digest of the stable part of `raw`,
 * and one session key (`9:HEX`) per attachment, in the order of `event.attachments`.
 */
export const envelope = z.strictObject({
  v: z.literal(1),
  eventId: z.string().min(1).max(512),
  stableDigest: z.string().regex(/^[0-9a-f]{64}$/),
  keys: z.array(z.string().regex(/^9:[0-9A-F]{64}$/)).max(1_000),
  event,
});
export type Envelope = z.infer<typeof envelope>;

/** Name of the shard that holds what Daybook says of itself. */
export const AUDIT_SHARD = "audit";

/**
 * The shard, and partition of `daybook.events`, of an account: the same for ever in one deployment, so that
 * an account's events stay in order.
 *
 * @param shards number of shards that the deployment was created with, at least 1
 * @returns an integer from 0 to `shards - 1`; the shard's name is this number in decimal
 */
export function shardOf(network: string, account: string, shards: number): number {
  if (shards === 1) return 0;
  return (
    createHash("sha256")
      .update(JSON.stringify([network, account]))
      .digest()
      .readUInt32BE(0) % shards
  );
}

/** What Daybook says of itself: who did what, why, under which matter. */
export type Audit = NonNullable<Event["audit"]>;

/** An audit event as it is written: what it says was done is of this version. */
export type NewAudit = Audit & { readonly action: AuditAction };

/** An audit event, ready for `daybook.audit`. Each call is a new event: publish the result, do not rebuild it. */
export function auditEnvelope(
  audit: NewAudit,
  { deployment, at }: { deployment: string; at: Date },
): Envelope {
  const eventId = randomUUID();
  return {
    v: 1,
    eventId,
    stableDigest: createHash("sha256").update(eventId).digest("hex"),
    keys: [],
    event: {
      v: 1,
      kind: "audit",
      network: "daybook",
      method: "internal",
      provenance: "captured",
      account: deployment,
      capturedAt: at.toISOString(),
      audit,
      raw: "",
      connector: { name: "daybook", version: "1" },
    },
  };
}

/** An envelope's bytes, before encryption. */
export function encodeEnvelope(value: Envelope): Buffer {
  return Buffer.from(JSON.stringify(value));
}
