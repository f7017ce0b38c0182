import { createHash } from "node:crypto";
import { z } from "zod";
import { event } from "./event.ts";

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
  return createHash("sha256").update(JSON.stringify([network, account])).digest().readUInt32BE(0) % shards;
}
