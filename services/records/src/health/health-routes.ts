import { MAX_VOLUME_DAYS } from "@daybook/catalogue";
import { network } from "@daybook/contract";
import { type Route, route } from "@daybook/runtime";
import { z } from "zod";
import { custodianRef, requirePeriod, when } from "../posts/fields.ts";
import { type Health, MAX_PAGE_ACCOUNTS } from "./health.ts";
import type { Listening } from "./listening.ts";

const count = z.int().nonnegative();
const state = z.enum(["live", "catching-up", "down", "unknown"]);
const gap = z.object({
  id: z.string(),
  network,
  account: z.uuid().nullable(),
  custodian: custodianRef.extend({ id: z.string() }).nullable(),
  from: z.string().nullable(),
  to: z.string().nullable(),
  why: z.string().nullable().describe("Null where somebody said it: their words are content"),
  saidBySomebody: z.boolean(),
  capturedAt: z.string(),
});

/** Days of coverage that one look tells of. */
const MAX_COVERAGE_DAYS = 366;

/** How accounts do: for everybody who runs Daybook or answers for it, and without content. */
export function healthRoutes({
  health,
  listening,
  zone,
}: {
  health: Health;
  listening: Listening;
  zone: string;
}): Route[] {
  const at = when(zone);
  return [
    route({
      method: "get",
      path: "/api/v1/health/accounts",
      action: "health.read",
      summary: "Accounts that are somebody's now: how they stood last, and messages within seven days",
      query: z.object({
        limit: z.coerce.number().int().min(1).max(MAX_PAGE_ACCOUNTS).default(MAX_PAGE_ACCOUNTS),
        cursor: z.uuid().optional().describe("The `next` of the page before"),
      }),
      response: z.object({
        accounts: z.array(
          z.object({
            id: z.uuid(),
            network,
            identifier: z.string().nullable(),
            custodian: custodianRef,
            messages: count,
            last: z.object({ state, until: z.string() }).nullable(),
          }),
        ),
        next: z.string().nullable(),
      }),
      handle: ({ query }) => health.accounts(query.cursor, query.limit),
    }),
    route({
      method: "get",
      path: "/api/v1/health/coverage",
      action: "health.read",
      summary: "How an account's link stood within a period, and its gaps",
      query: z.object({ account: z.uuid(), from: at, to: at.describe("Exclusive") }),
      response: z.object({
        stretches: z
          .array(z.object({ from: z.string(), to: z.string(), state }))
          .readonly()
          .describe("Without holes, in order; `unknown` where nothing was said"),
        gaps: z.array(gap).readonly(),
        cutShort: z.boolean().describe("More is known than was read: ask for a shorter period"),
      }),
      handle: async ({ query }) => {
        requirePeriod(query, MAX_COVERAGE_DAYS);
        return listening.timeline(await health.account(query.account), query);
      },
    }),
    route({
      method: "get",
      path: "/api/v1/health/volumes",
      action: "health.read",
      summary: "Messages a day and network, of all accounts or of one",
      query: z.object({ account: z.uuid().optional(), from: at, to: at.describe("Exclusive") }),
      response: z.object({
        days: z.array(z.object({ day: z.string(), network, messages: count })),
      }),
      handle: async ({ query }) => {
        requirePeriod(query, MAX_VOLUME_DAYS);
        return { days: await health.volumes({ account: undefined, ...query }) };
      },
    }),
    route({
      method: "get",
      path: "/api/v1/health/gaps",
      action: "health.read",
      summary: "Known holes, newest first, and why they are there",
      query: z.object({
        from: at.optional(),
        to: at.optional(),
        account: z.uuid().optional(),
        network: network.optional(),
        limit: z.coerce.number().int().min(1).max(200).default(50),
        cursor: z.string().max(1_024).optional(),
      }),
      response: z.object({
        gaps: z.array(gap),
        total: count,
        totalIsExact: z.boolean(),
        next: z.string().nullable(),
      }),
      handle: async ({ query }) => {
        const { account, from, to, network: on, cursor, limit } = query;
        return listening.gaps({
          from,
          to,
          network: on,
          limit,
          cursor,
          account: account === undefined ? undefined : await health.account(account),
          accounts: await health.named(),
        });
      },
    }),
  ];
}
