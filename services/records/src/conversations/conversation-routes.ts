import { network } from "@daybook/contract";
import { type Route, route } from "@daybook/runtime";
import { z } from "zod";
import { recordId } from "../routes/fields.ts";
import type { Conversations } from "./conversations.ts";
import type { Door } from "./door.ts";
import { followUp, threadAnswer } from "./entry.ts";

const cursor = z.string().min(1).max(512).optional();
const key = z.string().max(32).describe("Keyed number of a conversation");
const next = z.string().nullable();

const conversation = z.object({
  key: z.string(),
  id: z.string(),
  kind: z.string(),
  network,
  titles: z.array(z.string()).readonly(),
  records: z.int(),
  recordsIsExact: z.boolean(),
  first: z.string(),
  last: z.string(),
});

export function conversationRoutes({
  conversations,
  doors,
}: {
  conversations: Conversations;
  doors: readonly Door[];
}): Route[] {
  return doors.flatMap((door) => [
    route({
      method: "get",
      path: `${door.base}/conversations`,
      action: door.listing,
      summary: "Conversations, latest first",
      query: z.object({
        ...door.query,
        custodian: z.uuid().optional(),
        limit: z.coerce.number().int().min(1).max(200).default(50),
        cursor,
      }),
      response: z.object({ conversations: z.array(conversation), next }),
      handle: async ({ principal, query }) => conversations.list(query, await door.open(query, principal)),
    }),
    route({
      method: "get",
      path: `${door.base}/conversations/:key/thread`,
      action: door.reading,
      summary: "A page of a conversation, in the order of time, with all that is known of each record",
      params: z.object({ key }),
      query: z.object({
        ...door.query,
        account: z
          .string()
          .regex(/^-?\d{1,19}$/)
          .optional()
          .describe("Keyed number: what this account captured alone"),
        around: z.string().min(1).max(64).optional().describe("A record's id, a day or an instant"),
        before: cursor,
        after: cursor,
        ...door.marking,
        limit: z.coerce.number().int().min(1).max(100).default(50),
      }),
      response: threadAnswer,
      handle: async ({ principal, params, query: { search, ...query } }) =>
        conversations.thread(
          { ...params, ...query, search: typeof search === "string" ? search : undefined },
          await door.open(query, principal),
        ),
    }),
    route({
      method: "get",
      path: `${door.base}/records/:id/about`,
      action: door.reading,
      summary: "Edits, deletions, reactions and receipts about a record, oldest first",
      params: z.object({ id: recordId }),
      query: z.object({
        ...door.query,
        limit: z.coerce.number().int().min(1).max(200).default(100),
        cursor,
      }),
      response: z.object({ followUps: z.array(followUp), next }),
      handle: async ({ principal, params, query }) =>
        conversations.about(params.id, query, await door.open(query, principal)),
    }),
  ]);
}
