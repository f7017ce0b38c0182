import type { ApiClient } from "@daybook/runtime";
import { z } from "zod";
import { dateFields, dayIn, givenDay, requireDay } from "../date-input.ts";
import { paperOf } from "../matters/paper.ts";
import { SENDING } from "../my/sending.ts";
import { type Page, page, redirect, view } from "../page.ts";
import { conversations, thread } from "./answers.ts";
import { DOORS, type Door, KEY, type Place, placeOf, reasonOf, RECORD } from "./doors.ts";
import { daysOf } from "./thread-view.ts";
import { hrefOf, kept, listOf, where, type Where } from "./way-back.ts";

const PAGE = 50;
const cursor = z.string().max(512).optional();

/** What a page of a conversation is drawn from. */
export async function shown(door: Door, at: Place, key: string, of: Where, api: ApiClient) {
  const { account, around, before, after, search } = of;
  const [found, paper] = await Promise.all([
    api.call("get", `${door.api}/conversations/:key/thread`, {
      params: { key },
      query: { ...reasonOf(at), account, around, before, after, search, limit: PAGE },
      response: thread,
    }),
    paperOf(api, at.matter),
  ]);
  const { entries, ...more } = found;
  return {
    ...at,
    ...more,
    paper,
    mayAnswer: SENDING.has(found.conversation.network),
    days: daysOf(entries, { key, where: of }),
    shown: entries.length,
    where: of,
    list: listOf(at, of, RECORD.safeParse(around).data),
    newest: hrefOf(at, key, kept(of)),
    oldest: hrefOf(at, key, { around: found.first.slice(0, "2026-03-04".length), ...kept(of) }),
    allAccounts: hrefOf(at, key, { ...kept(of), account: undefined }),
    captures: found.captures.map((one) => ({
      ...one,
      href: hrefOf(at, key, { ...kept(of), account: one.account }),
    })),
    older: found.older && hrefOf(at, key, { before: found.older, ...kept(of) }),
    newer: found.newer && hrefOf(at, key, { after: found.newer, ...kept(of) }),
  };
}

/** Conversations, and what is in them in the order of time. */
export const conversationPages: readonly Page[] = DOORS.flatMap((door) => {
  const params = z.object({ ...door.params, key: KEY });
  return [
    page({
      method: "get",
      path: `${door.base}/conversations`,
      action: door.listing,
      params: z.object(door.params),
      query: z.object({ cursor }),
      handle: async ({ api, params: of, query }) => {
        const at = placeOf(of);
        const found = await api.call("get", `${door.api}/conversations`, {
          query: { ...reasonOf(at), cursor: query.cursor, limit: PAGE },
          response: conversations,
        });
        return view("reader/conversations", { ...at, ...found, first: query.cursor === undefined });
      },
    }),
    page({
      method: "get",
      path: `${door.base}/conversations/:key`,
      action: door.action,
      params,
      query: z.object(where),
      handle: async ({ api, params: of, query }) =>
        view("reader/conversation", { ...(await shown(door, placeOf(of), of.key, query, api)), values: {} }),
    }),
    page({
      method: "post",
      path: `${door.base}/conversations/:key/date`,
      action: door.action,
      params,
      form: z
        .object({ ...dateFields("on"), ...where })
        .check(requireDay("on", { missing: "reader:errors.date", wrong: "reader:errors.date" })),
      invalid: async ({ api, params: of, form: { values, errors } }) =>
        view("reader/conversation", {
          ...(await shown(door, placeOf(of), of.key, kept(z.object(where).catch({}).parse(values)), api)),
          values,
          errors,
          dayGiven: dayIn(values, "on"),
        }),
      handle: ({ params: of, form }) =>
        Promise.resolve(
          redirect(hrefOf(placeOf(of), of.key, { around: givenDay(form, "on"), ...kept(form) })),
        ),
    }),
  ];
});
