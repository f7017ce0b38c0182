import { z } from "zod";
import { KEY, type Place, RECORD } from "./doors.ts";

const cursor = z.string().max(512).optional();

/** From which list somebody came: a search, at a page of it, or the selection. Without either, the conversations. */
const origin = {
  search: z.uuid().optional(),
  found: z
    .string()
    .regex(/^[\w-]{1,256}$/)
    .optional(),
  from: z.literal("selection").optional(),
};
export type Origin = z.infer<z.ZodObject<typeof origin>>;

/** Where in a conversation a page is, and where somebody came from. */
export const where = {
  account: KEY.optional(),
  around: z.union([RECORD, z.iso.date()]).optional(),
  before: cursor,
  after: cursor,
  ...origin,
};
export type Where = z.infer<z.ZodObject<typeof where>>;

/** What a page of one record is told of where it was opened: an entry of a conversation's page. */
export const openedAt = { in: KEY.optional(), at: RECORD.optional(), ...where };
export type OpenedAt = z.infer<z.ZodObject<typeof openedAt>>;

/** A query string of what is given, `?` before it; empty of nothing. */
export function queryOf(of: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(of).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  const query = new URLSearchParams(given as [string, string][]).toString();
  return query && `?${query}`;
}

/** A page of a conversation. @param entry to which it leads there */
export function hrefOf({ base }: Place, key: string, of: Where, entry?: string): string {
  return `${base}/conversations/${key}${queryOf(of)}${entry === undefined ? "" : `#r${entry}`}`;
}

/** What of a place stays the same on the pages beside it. */
export function kept({ account, search, found, from }: Where): Where {
  return { account, search, found, from };
}

/** The list that somebody came from. @param found a record, to which it leads there */
export function listOf({ base, matter }: Place, { search, found, from }: Origin, record?: string): string {
  const there = record === undefined ? "" : `#f${record}`;
  if (matter !== null && search !== undefined)
    return `${base}/searches/${search}${queryOf({ cursor: found })}${there}`;
  if (matter !== null && from === "selection") return `${base}/selection`;
  return `${base}/conversations`;
}

/** Where somebody who looks at one record came from: the entry of the conversation, or the list. */
export function backFrom(place: Place, { in: key, at, ...of }: OpenedAt): string {
  return key === undefined ? listOf(place, of, at) : hrefOf(place, key, of, at);
}
