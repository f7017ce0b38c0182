import { z } from "zod";
import { paperOf } from "../matters/paper.ts";
import { type Page, page, redirect, view } from "../page.ts";
import { followUps, proof } from "./answers.ts";
import { DOORS, type Place, placeOf, reasonOf, RECORD } from "./doors.ts";
import { sendFile } from "./send-file.ts";
import { whenOf } from "./thread-view.ts";
import { backFrom, listOf, openedAt, type OpenedAt, queryOf } from "./way-back.ts";

/** Of the network's own bytes, what a page shows as text. */
const MAX_RAW_SHOWN = 4_000;

/** One record: what is about it, what proves it, and what belongs to it. */
export const recordPages: readonly Page[] = DOORS.flatMap((door) => {
  const params = z.object({ ...door.params, record: RECORD });
  return [
    page({
      method: "get",
      path: `${door.base}/records/:record`,
      action: door.action,
      params,
      query: z.object(openedAt),
      handle: ({ params: of, query }) =>
        Promise.resolve(redirect(`${placeOf(of).base}/records/${of.record}/proof${queryOf(query)}`)),
    }),
    page({
      method: "get",
      path: `${door.base}/records/:record/proof`,
      action: door.action,
      params,
      query: z.object(openedAt),
      handle: async ({ api, params: of, query }) => {
        const at = placeOf(of);
        const [found, paper] = await Promise.all([
          api.call("get", `${door.api}/records/:id/proof`, {
            params: { id: of.record },
            query: reasonOf(at),
            response: proof,
          }),
          paperOf(api, at.matter),
        ]);
        const raw = Buffer.from(found.raw, "base64");
        return view("reader/proof", {
          ...at,
          ...found,
          ...backsFrom(at, query),
          paper,
          pretty: JSON.stringify(
            { ...(JSON.parse(found.canonical) as object), raw: undefined },
            undefined,
            2,
          ),
          rawBytes: raw.length,
          rawText: textIn(raw),
        });
      },
    }),
    page({
      method: "get",
      path: `${door.base}/records/:record/about`,
      action: door.action,
      params,
      query: z.object({ cursor: z.string().max(512).optional(), ...openedAt }),
      handle: async ({ api, params: of, query: { cursor, ...opened } }) => {
        const at = placeOf(of);
        const [found, paper] = await Promise.all([
          api.call("get", `${door.api}/records/:id/about`, {
            params: { id: of.record },
            query: { ...reasonOf(at), cursor },
            response: followUps,
          }),
          paperOf(api, at.matter),
        ]);
        return view("reader/about", {
          ...at,
          ...backsFrom(at, opened),
          paper,
          record: of.record,
          way: queryOf(opened),
          followUps: found.followUps.map((one) => ({ ...one, when: whenOf(one.at, one.clock) })),
          next: found.next && queryOf({ cursor: found.next, ...opened }),
          first: cursor === undefined,
        });
      },
    }),
    page({
      method: "get",
      path: `${door.base}/records/:record/raw`,
      action: door.action,
      file: true,
      params,
      handle: ({ api, params: of, request, signal }) =>
        sendFile(
          api,
          `${door.api}/records/:id/raw`,
          { params: { id: of.record }, query: reasonOf(placeOf(of)) },
          { request, signal },
        ),
    }),
    page({
      method: "get",
      path: `${door.base}/records/:record/attachments/:n`,
      action: door.action,
      file: true,
      params: params.extend({ n: z.string().regex(/^\d{1,3}$/) }),
      query: z.object({ inline: z.literal("yes").optional() }),
      handle: ({ api, params: of, query, request, signal }) =>
        sendFile(
          api,
          `${door.api}/records/:id/attachments/:n`,
          {
            params: { id: of.record, n: of.n },
            query: { ...reasonOf(placeOf(of)), inline: query.inline !== undefined },
          },
          { request, signal },
        ),
    }),
  ];
});

/** The way back to where a record was opened, and from there to the search. */
function backsFrom(at: Place, opened: OpenedAt) {
  return {
    wayBack: backFrom(at, opened),
    results:
      opened.in !== undefined && opened.search !== undefined ? listOf(at, opened, opened.at) : undefined,
  };
}

/** The beginning of bytes that are text; null of others. */
function textIn(raw: Buffer): string | null {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(raw);
    return text === "" ? null : text.slice(0, MAX_RAW_SHOWN).toWellFormed();
  } catch {
    return null;
  }
}
