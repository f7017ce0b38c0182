import { eventKind, network } from "@daybook/contract";
import { listOf, type Route, route } from "@daybook/runtime";
import { z } from "zod";
import { unconfirmed } from "../participants/participant-routes.ts";
import type { Searching } from "../searching/search.ts";

const text = (max: number) => z.string().min(1).max(max);

/** What narrows a search, an export or a disposal, as it stands in a query string. */
export const selectionQuery = {
  custodian: text(512).optional().describe("Name or id"),
  network: listOf(network).optional(),
  conversation: text(1_024).optional().describe("Id or exact title"),
  account: text(512).optional(),
  sender: text(512).optional(),
  from: text(32).optional().describe("Inclusive: a day or an instant"),
  to: text(32).optional().describe("Inclusive: a day means all of it"),
  kind: listOf(eventKind).optional(),
};

const result = z.object({
  id: z.string(),
  kind: eventKind,
  network,
  conversation: z.object({ id: z.string(), title: z.string() }).nullable(),
  sender: z.string().nullable(),
  at: z.string().describe("RFC 3339; without a zone where the source names none"),
  text: z.string().nullable(),
  attachments: z
    .array(z.object({ name: z.string(), mediaType: z.string(), sizeBytes: z.int(), sha256: z.string() }))
    .readonly(),
});

export function readingRoutes({ searching }: { searching: Searching }): Route[] {
  return [
    route({
      method: "get",
      path: "/api/v1/search",
      action: "search",
      summary: "Find records under a matter, newest first",
      query: z.object({
        q: z.string().max(1_000).default(""),
        matter: z.uuid(),
        ...selectionQuery,
        participant: text(512).optional().describe("Of somebody outside: name or id"),
        limit: z.coerce.number().int().min(1).max(500).default(25),
        cursor: text(512).optional(),
      }),
      response: z.object({
        total: z.int(),
        totalIsExact: z.boolean(),
        results: z.array(result).readonly(),
        unconfirmed,
        next: z.string().nullable(),
      }),
      handle: ({ principal, query: { q, ...rest } }) => searching.page({ words: q, ...rest }, principal),
    }),
  ];
}
