import { eventKind, method, network, provenance } from "@daybook/contract";
import { type Route, route } from "@daybook/runtime";
import { z } from "zod";
import { pageEnd, pageQuery } from "../paging.ts";
import { unconfirmed } from "../participants/participant-routes.ts";
import { params } from "../routes/fields.ts";
import type { SavedSearches } from "./saved-searches.ts";
import { searchFilters } from "./search-facts.ts";
import type { SearchLog } from "./search-log.ts";

const count = z.int().nonnegative();
const totals = { total: count, totalIsExact: z.boolean().describe("Else the total is a floor") };

const saved = z.object({
  id: z.uuid(),
  by: z.object({ id: z.string(), name: z.string().nullable() }),
  at: z.string(),
  q: z.string(),
  filters: searchFilters,
  names: z
    .object({
      custodian: z.string().optional(),
      post: z.string().optional(),
      participant: z.string().optional(),
    })
    .describe("Behind the ids of `filters`"),
  ...totals,
});

/** What a screen shows of a record. */
export const finding = z.object({
  id: z.string(),
  kind: eventKind,
  network,
  method,
  provenance,
  account: z.string(),
  custodian: z.object({ id: z.string(), name: z.string() }).nullable(),
  conversation: z.object({ key: z.string(), title: z.string(), kind: z.string() }).nullable(),
  sender: z.object({ id: z.string(), name: z.string() }).nullable(),
  direction: z.enum(["incoming", "outgoing"]).nullable(),
  at: z.string().describe("RFC 3339; without a zone where the source names none"),
  localTime: z.boolean(),
  capturedAt: z.string(),
  text: z
    .object({
      text: z.string(),
      before: z.boolean(),
      after: z.boolean(),
      marks: z
        .array(z.array(count).length(2).readonly())
        .readonly()
        .describe("What was found, in code points of this text: first, and behind the last"),
    })
    .nullable(),
  gap: z.object({ from: z.string().nullable(), to: z.string().nullable(), why: z.string() }).nullable(),
  attachments: z
    .array(z.object({ name: z.string(), mediaType: z.string(), sizeBytes: z.int(), sha256: z.string() }))
    .readonly(),
  selected: z.boolean(),
});

const counted = <Name extends z.ZodType>(name: Name) =>
  z.array(z.object({ value: name, hits: count })).readonly();
const counts = z.object({ network: counted(network), kind: counted(eventKind) });

const searchParams = params.extend({ search: z.uuid() });

export function savedSearchRoutes({
  savedSearches,
  searchLog,
}: {
  savedSearches: SavedSearches;
  searchLog: SearchLog;
}): Route[] {
  return [
    route({
      method: "post",
      path: "/api/v1/matters/:id/searches",
      action: "search",
      summary: "Search under a matter: the figures, and an id by which the results are read",
      status: 201,
      params,
      body: z.object({ q: z.string().max(1_000).default(""), filters: searchFilters.default({}) }),
      response: saved,
      handle: async ({ principal, params: { id: matter }, body: { q, filters } }) => {
        const { words, ...made } = await savedSearches.make({ words: q, filters, matter }, principal);
        return { q: words, ...made };
      },
    }),
    route({
      method: "get",
      path: "/api/v1/matters/:id/searches",
      action: "matter.read",
      summary: "The searches that were made under a matter, newest first",
      params,
      query: pageQuery,
      response: z.object({ searches: z.array(saved), ...pageEnd }),
      handle: async ({ params: { id }, query }) => {
        const { entries, next } = await searchLog.list(id, query);
        return { searches: entries.map(({ words, ...made }) => ({ q: words, ...made })), next };
      },
    }),
    route({
      method: "get",
      path: "/api/v1/matters/:id/searches/:search",
      action: "matter.read",
      summary: "One search that was made under a matter",
      params: searchParams,
      response: saved,
      handle: async ({ params: { id, search } }) => {
        const { words, ...made } = await searchLog.get(id, search);
        return { q: words, ...made };
      },
    }),
    route({
      method: "get",
      path: "/api/v1/matters/:id/searches/:search/results",
      action: "search",
      summary: "What that search finds now, newest first, a page at a time",
      params: searchParams,
      query: z.object({
        limit: z.coerce.number().int().min(1).max(100).default(25),
        cursor: z.string().min(1).max(512).optional(),
      }),
      response: z.object({
        ...totals,
        counts: counts
          .nullable()
          .describe("Of what `total` counts, and floors where it is one; on the first page, null on others"),
        results: z.array(finding).readonly(),
        unconfirmed,
        ...pageEnd,
      }),
      handle: ({ principal, params: { id: matter, search }, query }) =>
        savedSearches.results({ matter, search, ...query }, principal),
    }),
  ];
}
