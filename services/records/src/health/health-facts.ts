import { instant } from "@daybook/contract";
import { z } from "zod";

const count = z.int().nonnegative();

/** What a check of one shard came to. */
export const checkedShard = z.strictObject({ shard: z.string().max(8), size: count, problems: count });

/** Parked events put back at once, at most. */
export const MAX_REPLAY = 1_000;

/** What audit events say of how the archive does, by their action: see `factSchemas`. */
export const healthFacts = {
  /** Every log, segment and key block was looked at. */
  "fsck.end": z.strictObject({
    change: z.uuid(),
    id: z.uuid(),
    startedAt: instant,
    ok: z.boolean(),
    shards: z.array(checkedShard).max(10_000),
  }),
  /** Parked events are back on the stream, by their offsets among the parked of that stream. */
  "parked.replayed": z.strictObject({
    change: z.uuid(),
    id: z.uuid(),
    stream: z.string().min(1).max(128),
    offsets: z.array(count).min(1).max(MAX_REPLAY),
  }),
} as const;
