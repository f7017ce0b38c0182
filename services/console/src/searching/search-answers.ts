import { z } from "zod";

/** What the API answers of searches and selections, as far as screens show it. */
export const filters = z.object({
  custodian: z.string().optional(),
  post: z.string().optional(),
  participant: z.string().optional(),
  network: z.array(z.string()).optional(),
  conversation: z.string().optional(),
  titled: z.string().optional(),
  account: z.string().optional(),
  sender: z.string().optional(),
  from: z.string().optional(),
  to: z.string().optional(),
  kind: z.array(z.string()).optional(),
  attachments: z.string().optional(),
});
export type Filters = z.infer<typeof filters>;

export const saved = z.object({
  id: z.string(),
  by: z.object({ id: z.string(), name: z.string().nullable() }),
  at: z.string(),
  q: z.string(),
  filters,
  names: z.object({
    custodian: z.string().optional(),
    post: z.string().optional(),
    participant: z.string().optional(),
  }),
  total: z.number(),
  totalIsExact: z.boolean(),
});
export type Saved = z.infer<typeof saved>;

export const savedList = z.object({ searches: z.array(saved), next: z.string().nullable() });

export const finding = z.object({
  id: z.string(),
  kind: z.string(),
  network: z.string(),
  provenance: z.string(),
  custodian: z.object({ id: z.string(), name: z.string() }).nullable(),
  conversation: z.object({ key: z.string(), title: z.string(), kind: z.string() }).nullable(),
  sender: z.object({ id: z.string(), name: z.string() }).nullable(),
  at: z.string(),
  localTime: z.boolean(),
  text: z
    .object({
      text: z.string(),
      before: z.boolean(),
      after: z.boolean(),
      marks: z.array(z.tuple([z.number(), z.number()])),
    })
    .nullable(),
  gap: z.object({ why: z.string() }).nullable(),
  attachments: z.array(z.object({ name: z.string(), mediaType: z.string(), sizeBytes: z.number() })),
  selected: z.boolean(),
});
export type Finding = z.infer<typeof finding>;

const byValue = z.array(z.object({ value: z.string(), hits: z.number() }));

/** Numbers of somebody outside that were silent for so long that nobody has said whose they are beyond it. */
export const unconfirmed = z.array(
  z.object({
    id: z.string(),
    network: z.string(),
    identifier: z.string(),
    side: z.enum(["before", "after"]),
    silentFrom: z.string(),
    silentTo: z.string(),
    records: z.number(),
    confirm: z.string(),
  }),
);

export const results = z.object({
  total: z.number(),
  totalIsExact: z.boolean(),
  counts: z.object({ network: byValue, kind: byValue }).nullable(),
  results: z.array(finding),
  unconfirmed,
  next: z.string().nullable(),
});
export type Results = z.infer<typeof results>;

export const selected = z.object({
  total: z.number(),
  entries: z.array(z.object({ record: z.string(), addedAt: z.string(), finding: finding.nullable() })),
  next: z.string().nullable(),
});

export const counted = z.object({ total: z.number() });
