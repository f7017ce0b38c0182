import { type Route, route } from "@daybook/runtime";
import { z } from "zod";
import { params } from "../routes/fields.ts";
import { matter, namedPerson } from "./matter-fields.ts";
import type { Statements } from "./statement.ts";
import { CONCLUSIONS } from "./statement-conclusion.ts";

const stated = <E extends z.ZodType>(entry: E) =>
  z.object({ entries: z.array(entry).readonly(), whole: z.boolean().describe("Whether these are all") });
const custodian = z.object({ id: z.string(), name: z.string() });

const statement = z.object({
  madeAt: z.string(),
  madeBy: namedPerson,
  matter,
  conclusion: z.object({
    code: z.enum(CONCLUSIONS),
    words: z.string(),
    limits: z.array(z.string()).readonly(),
  }),
  searches: stated(
    z.object({
      id: z.string(),
      by: namedPerson,
      at: z.string(),
      words: z.string(),
      filters: z.record(z.string(), z.unknown()),
      names: z.object({ custodian: z.string().optional() }),
      total: z.int(),
      totalIsExact: z.boolean(),
    }),
  ),
  scope: z
    .object({
      from: z.string().nullable(),
      to: z.string().nullable(),
      custodians: z.array(z.string()).readonly().nullable().describe("Null: everybody"),
    })
    .nullable(),
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
    intervals: z
      .array(
        z.object({
          custodian: custodian.nullable(),
          network: z.string(),
          account: z.string(),
          state: z.enum(["live", "catching-up", "down", "gap"]),
          from: z.string(),
          to: z.string(),
          why: z.string().nullable(),
          about: z.string().nullable(),
        }),
      )
      .readonly(),
    excluded: z.int().describe("Messages that rules of scope left out"),
    blindSeconds: z.int(),
    read: z.int().describe("Records of gaps and coverage that were read"),
    whole: z.boolean(),
    unreadFrom: z
      .string()
      .nullable()
      .describe("Where not all were read: of what begins from then on none was"),
  }),
  rules: stated(
    z.object({
      id: z.string(),
      effect: z.enum(["include", "exclude"]),
      by: z.array(z.string()).readonly(),
      network: z.string().nullable(),
      addedAt: z.string(),
      endedAt: z.string().nullable(),
    }),
  ),
  disposals: stated(
    z.object({
      id: z.string(),
      doneAt: z.string(),
      count: z.int(),
      authority: z.string(),
      certificate: z.string().nullable(),
      beforeReceipt: z.boolean(),
    }),
  ),
  logs: z.array(z.object({ shard: z.string(), size: z.int(), checkpoint: z.string() })).readonly(),
});

export function statementRoutes(statements: Statements): Route[] {
  return [
    route({
      method: "get",
      path: "/api/v1/matters/:id/statement",
      action: "matter.read",
      summary:
        "What was searched for a matter, in what, and what that allows to say; reading it is on record",
      params,
      response: statement,
      handle: ({ principal, params: { id } }) => statements.make(id, principal),
    }),
  ];
}
