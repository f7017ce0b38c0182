import { z } from "zod";

/** What the API answers of holds and disposals, as far as screens show it. */
const release = z.object({
  reason: z.string(),
  proposedBy: z.string(),
  proposedAt: z.string(),
});

const heldHold = z.object({
  id: z.string(),
  matter: z.string(),
  reason: z.string(),
  predicate: z.record(z.string(), z.unknown()),
  placedBy: z.string(),
  placedAt: z.string(),
  releasedAt: z.string().nullable(),
  release: release.nullable(),
});

export const holds = z.object({ holds: z.array(heldHold), next: z.string().nullable() });

const names = z.record(z.string(), z.string());

/** With how many records it covers, and the names of who is named in it. */
export const hold = heldHold.extend({ covers: z.number(), names });

const proposed = z.object({
  id: z.string(),
  state: z.string(),
  digest: z.string(),
  reason: z.string(),
  authority: z.string(),
  proposedBy: z.string(),
  proposedAt: z.string(),
});

export const disposals = z.object({
  disposals: z.array(proposed.extend({ count: z.number() })),
  next: z.string().nullable(),
});

export const disposal = proposed.extend({ ids: z.array(z.string()), names });

export const matterTitle = z.object({ id: z.string(), title: z.string() });
