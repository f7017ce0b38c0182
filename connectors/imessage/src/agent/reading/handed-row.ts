import { AGENT_LIMITS } from "@daybook/contract";
import { z } from "zod";
import { Row, type Value } from "../../database/table.ts";
import type { Found } from "../../reading/found.ts";
import { chatOf, type Named, partyOf } from "../../reading/people.ts";
import { type Raw, rawOf } from "../../reading/raw.ts";

/** What became of a file that a row names, in the order of its `attachments`. */
const fileState = z.union([
  /** It is a part of the entry. */
  z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  z.object({ missing: z.enum(["outside", "too-large"]) }),
  /** It is handed over when it is there; it was, before. */
  z.enum(["waiting", "before"]),
]);
export type FileState = z.infer<typeof fileState>;

const value = z.union([
  z.string(),
  z.number(),
  z.null(),
  z.object({ integer: z.string().regex(/^-?\d{1,19}$/) }),
  z.object({ base64: z.base64() }),
  z.object({ omittedBytes: z.int().nonnegative() }),
]);
const columns = z.record(z.string().max(256), value);
type Columns = z.infer<typeof columns>;

/** A row of `message` as the Mac's agent hands it over: with what `rawOf` has of it, and who its chats are with. */
export const handedRow = z.looseObject({
  v: z.literal(1),
  seen: z.literal("row"),
  message: columns,
  chats: z.array(columns).max(1_000).default([]),
  /** Of each chat, its participants' addresses. */
  members: z
    .array(z.array(z.string().max(512)).max(2_000))
    .max(1_000)
    .default([]),
  handles: z.array(columns).max(10).default([]),
  attachments: z.array(columns).max(10_000).default([]),
  recentlyDeleted: z.array(columns).max(1_000).default([]),
  files: z.array(fileState).max(1_000).default([]),
});
export type HandedRow = z.infer<typeof handedRow>;

/**
 * What an agent hands over of a row: never more than an entry may have.
 *
 * @param at the Mac's clock, milliseconds since 1970
 */
export function bytesOfRow(found: Found, files: readonly FileState[], at: number): Buffer {
  const members = found.chats.map(({ participants }) => participants.map(({ id }) => id));
  const about = { v: 1, seen: "row", at, files };
  const whole = rawOf(found, { ...about, members }).bytes;
  return whole.length <= AGENT_LIMITS.rawBytes ? whole : rawOf(found, about).bytes;
}

/** The row again, as it was found. */
export function foundIn(handed: HandedRow, bytes: Buffer): { found: Found; people: Named; raw: Raw } {
  let isCut = false;
  const rowOf = (of: Columns): Row => {
    const names = Object.keys(of).sort();
    isCut ||= names.some((name) => isOmitted(of[name]));
    const places = new Map(names.map((name, i) => [name, i]));
    return new Row(
      rowidIn(of),
      places,
      names.map((name) => valueOf(of[name])),
    );
  };
  const handles = handed.handles.map(rowOf);
  const people: Named = { party: (id) => partyOf(handles.find(({ rowid }) => rowid === id)) };
  const found: Found = {
    row: rowOf(handed.message),
    chats: handed.chats.map((chat, i) =>
      chatOf(
        rowOf(chat),
        (handed.members[i] ?? []).filter((id) => id !== "").map((id) => ({ id, name: id })),
      ),
    ),
    handles,
    attachments: handed.attachments.map(rowOf),
    binned: handed.recentlyDeleted.map(rowOf),
    isCut,
  };
  // What was left out for its length stands as null: `rawOf` is not asked again.
  return { found, people, raw: { bytes, isCut } };
}

function isOmitted(of: Columns[string] | undefined): boolean {
  return typeof of === "object" && of !== null && "omittedBytes" in of;
}

function rowidIn({ ROWID: of }: Columns): bigint {
  const found = valueOf(of);
  return typeof found === "bigint" ? found : 0n;
}

function valueOf(of: Columns[string] | undefined): Value {
  if (of === undefined || of === null) return null;
  if (typeof of === "number") return Number.isInteger(of) ? BigInt(of) : of;
  if (typeof of === "string") return of;
  if ("integer" in of) return BigInt(of.integer);
  return "base64" in of ? Buffer.from(of.base64, "base64") : null;
}
