import { z } from "zod";

const ref = z.object({ id: z.string(), name: z.string() });

export const links = z.object({
  accounts: z.array(
    z.object({
      network: z.string(),
      method: z.string(),
      account: z.string(),
      custodian: ref,
      status: z.string(),
      problem: z.string().nullable(),
      alerts: z.array(z.string()),
      linkedAt: z.string().nullable(),
      downSince: z.string().nullable(),
      /** Of an agent on a device. */
      agent: z
        .object({ id: z.string(), heardAt: z.string().nullable(), waiting: z.int().nullable() })
        .nullable()
        .default(null),
    }),
  ),
});
export type Link = z.infer<typeof links>["accounts"][number];

export const accountHealth = z.object({
  accounts: z.array(
    z.object({
      id: z.string(),
      network: z.string(),
      identifier: z.string().nullable(),
      custodian: ref,
      messages: z.int(),
      last: z.object({ state: z.string(), until: z.string() }).nullable(),
    }),
  ),
  next: z.string().nullable(),
});

const gap = z.object({
  id: z.string(),
  network: z.string(),
  account: z.string().nullable(),
  custodian: ref.nullable(),
  from: z.string().nullable(),
  to: z.string().nullable(),
  why: z.string().nullable(),
  saidBySomebody: z.boolean(),
  capturedAt: z.string(),
});

export const coverage = z.object({
  stretches: z.array(z.object({ from: z.string(), to: z.string(), state: z.string() })),
  gaps: z.array(gap),
  cutShort: z.boolean(),
});
export type Coverage = z.infer<typeof coverage>;

export const gaps = z.object({
  gaps: z.array(gap),
  total: z.int(),
  totalIsExact: z.boolean(),
  next: z.string().nullable(),
});

export const volumes = z.object({
  days: z.array(z.object({ day: z.string(), network: z.string(), messages: z.int() })),
});

export const parked = z.object({
  parked: z.array(
    z.object({
      offset: z.int(),
      reason: z.string(),
      at: z.string().nullable(),
      from: z.object({ topic: z.string(), partition: z.int(), offset: z.int() }).nullable(),
      replayedAt: z.string().nullable(),
      replayedBy: z.string().nullable(),
    }),
  ),
  waiting: z.int(),
  next: z.int().nullable(),
});

const checked = z.array(z.object({ shard: z.string(), size: z.int(), problems: z.int() }));
export const log = z.object({
  shards: z.array(z.object({ shard: z.string(), size: z.int(), catalogued: z.int(), lag: z.int() })),
  verifying: z.object({ startedAt: z.string(), checked, of: z.int() }).nullable(),
  last: z.object({ startedAt: z.string(), endedAt: z.string(), ok: z.boolean(), shards: checked }).nullable(),
});

export const storage = z.object({
  measuredAt: z.string().nullable(),
  measuring: z.boolean(),
  stores: z.array(
    z.object({ store: z.string(), objects: z.int(), sizeBytes: z.int(), isFloor: z.boolean() }),
  ),
});

export const keys = z.object({
  keys: z.array(
    z.object({
      fingerprint: z.string(),
      userIds: z.array(z.string()),
      role: z.string(),
      from: z.string().nullable(),
      retired: z.string().nullable(),
      inForce: z.boolean(),
      held: z.boolean(),
    }),
  ),
});
