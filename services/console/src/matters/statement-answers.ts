import { z } from "zod";
import { matter, person } from "./matter-answers.ts";

const stated = <E extends z.ZodType>(entry: E) => z.object({ entries: z.array(entry), whole: z.boolean() });
const custodian = z.object({ id: z.string(), name: z.string() });

/** What the API answers of a statement, as far as screens show it. */
export const statement = z.object({
  madeAt: z.string(),
  madeBy: person,
  matter,
  conclusion: z.object({ code: z.string() }),
  searches: stated(
    z.object({
      id: z.string(),
      by: person,
      at: z.string(),
      words: z.string(),
      filters: z.record(z.string(), z.unknown()),
      names: z.object({ custodian: z.string().optional() }),
      total: z.number(),
      totalIsExact: z.boolean(),
    }),
  ),
  scope: z.object({ from: z.string().nullable(), to: z.string().nullable() }).nullable(),
  accounts: stated(
    z.object({
      custodian,
      network: z.string(),
      method: z.string(),
      identifier: z.string().nullable(),
      from: z.string(),
      to: z.string().nullable(),
    }),
  ),
  posts: stated(
    z.object({
      custodian,
      title: z.string(),
      unit: z.string().nullable(),
      kind: z.string(),
      from: z.string(),
      to: z.string().nullable(),
    }),
  ),
  listening: z.object({
    intervals: z.array(
      z.object({
        custodian: custodian.nullable(),
        network: z.string(),
        state: z.string(),
        from: z.string(),
        to: z.string(),
        why: z.string().nullable(),
      }),
    ),
    excluded: z.number(),
    blindSeconds: z.number(),
    read: z.number(),
    whole: z.boolean(),
    unreadFrom: z.string().nullable(),
  }),
  rules: stated(
    z.object({
      id: z.string(),
      effect: z.string(),
      by: z.array(z.string()),
      network: z.string().nullable(),
      addedAt: z.string(),
      endedAt: z.string().nullable(),
    }),
  ),
  disposals: stated(
    z.object({
      id: z.string(),
      doneAt: z.string(),
      count: z.number(),
      authority: z.string(),
      certificate: z.string().nullable(),
      beforeReceipt: z.boolean(),
    }),
  ),
  logs: z.array(z.object({ shard: z.string(), size: z.number(), checkpoint: z.string() })),
});
export type Statement = z.infer<typeof statement>;
