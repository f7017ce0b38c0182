import { type Route, route } from "@daybook/runtime";
import { z } from "zod";
import type { Operations } from "../operations.ts";
import { checkedShard, MAX_REPLAY } from "./health-facts.ts";
import type { ParkedEvents } from "./parked.ts";
import type { Storage } from "./storage.ts";
import type { Verifications } from "./verifications.ts";

const count = z.int().nonnegative();
const verifying = z.object({
  by: z.string(),
  startedAt: z.string(),
  checked: z.array(checkedShard).readonly(),
  of: count,
});

/** What those who run Daybook see to: parked events, the logs' heads and checks, and the space that all of it takes. */
export function upkeepRoutes(of: {
  operations: Operations;
  parked: ParkedEvents;
  storage: Storage;
  verifications: Verifications;
}): Route[] {
  const { operations, parked, storage, verifications } = of;
  return [
    route({
      method: "get",
      path: "/api/v1/health/parked",
      action: "parked.read",
      summary: "Events that could not be archived, oldest first, without what they hold",
      query: z.object({
        limit: z.coerce.number().int().min(1).max(200).default(50),
        cursor: z.coerce.number().int().nonnegative().default(0).describe("The `next` of the page before"),
      }),
      response: z.object({
        parked: z.array(
          z.object({
            offset: count,
            reason: z.enum(["undecryptable", "malformed", "unreadable"]),
            at: z.string().nullable(),
            from: z.object({ topic: z.string(), partition: count, offset: count }).nullable(),
            replayedAt: z.string().nullable(),
            replayedBy: z.string().nullable(),
          }),
        ),
        waiting: count,
        next: count.nullable(),
      }),
      handle: async ({ query }) => ({
        ...(await parked.list(query.cursor, query.limit)),
        waiting: (await operations.status()).parked,
      }),
    }),
    route({
      method: "post",
      path: "/api/v1/health/parked/replay",
      action: "parked.replay",
      summary: "Put parked events back to be tried again; repeating it is harmless",
      body: z.object({ offsets: z.array(count).min(1).max(MAX_REPLAY) }),
      response: z.object({ replayed: count }),
      handle: ({ principal, body }) => parked.replay(body.offsets, principal.id),
    }),
    route({
      method: "get",
      path: "/api/v1/health/log",
      action: "health.read",
      summary: "How far every log is, and what the last check of everything came to",
      response: z.object({
        shards: z
          .array(z.object({ shard: z.string(), size: count, catalogued: count, lag: count }))
          .readonly(),
        verifying: verifying.nullable(),
        last: z
          .object({
            by: z.string(),
            startedAt: z.string(),
            endedAt: z.string(),
            ok: z.boolean(),
            shards: z.array(checkedShard).readonly(),
          })
          .nullable(),
      }),
      handle: async () => ({
        shards: (await operations.status()).shards,
        ...(await verifications.now()),
      }),
    }),
    route({
      method: "post",
      path: "/api/v1/health/log/verify",
      action: "fsck.run",
      summary: "Begin a check of every log, segment and key block; it goes on by itself",
      status: 202,
      response: verifying,
      handle: ({ principal }) => Promise.resolve(verifications.begin(principal.id)),
    }),
    route({
      method: "get",
      path: "/api/v1/health/storage",
      action: "health.read",
      summary: "How much the stores hold, as it was measured last; a measurement begins where that is old",
      response: z.object({
        measuredAt: z.string().nullable(),
        measuring: z.boolean(),
        stores: z
          .array(
            z.object({
              store: z.enum(["records", "heads", "keyring", "keyring-copy"]),
              objects: count,
              sizeBytes: count,
              isFloor: z.boolean(),
            }),
          )
          .readonly(),
      }),
      handle: () => Promise.resolve(storage.use()),
    }),
  ];
}
