import { event } from "@daybook/contract";
import { z } from "zod";
import { handedRow } from "./handed-row.ts";

const at = z.int().nonnegative().max(8.64e15);
const rowid = z.string().regex(/^\d{1,19}$/);
const guid = z.string().min(1).max(512);
const network = z.enum(["imessage", "sms"]);
const { conversation } = event.shape;

/** A message that is recorded, by what its row said. */
export const aboutMessage = z.object({
  guid,
  network,
  conversation,
  /** Other conversations that it lies in: scope is asked about each. */
  alsoIn: z.array(conversation.unwrap()).max(1_000).optional(),
});
export type AboutMessage = z.infer<typeof aboutMessage>;

/** Everything that the Mac's agent hands over: `AGENT.md`. */
export const handed = z.discriminatedUnion("seen", [
  handedRow,
  /** The row was there, and is not any more; no trace says why. */
  z.looseObject({ v: z.literal(1), seen: z.literal("gone"), at, ...aboutMessage.shape }),
  z.looseObject({
    v: z.literal(1),
    seen: z.literal("tombstone"),
    at,
    deletedMessage: z.object({ guid, ROWID: z.int() }),
  }),
  /** A file of a message that was handed over before; without a digest, one that did not come. */
  z.looseObject({
    v: z.literal(1),
    seen: z.literal("file"),
    at,
    ...aboutMessage.shape,
    n: z.int().nonnegative(),
    /** By what it is known among the files of its message. */
    file: z.string().max(100).optional(),
    name: z.string().max(1_024),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional(),
    missing: z.enum(["not-there", "outside", "too-large"]).optional(),
  }),
  z.looseObject({
    v: z.literal(1),
    seen: z.literal("gap"),
    at,
    from: at.optional(),
    why: z.enum(["database-replaced", "database-unreadable"]),
  }),
  /** Rows of the database, counted, of which some were never answered as durable. */
  z.looseObject({
    v: z.literal(1),
    seen: z.literal("count"),
    at,
    from: at.optional(),
    through: rowid,
    there: z.int().nonnegative(),
    missing: z.int().positive(),
    rows: z.array(rowid).max(1_000),
  }),
  /** What a test message proved, or that it did not come. */
  z.looseObject({
    v: z.literal(1),
    seen: z.literal("canary"),
    id: z.string().max(200),
    coverage: event.shape.coverage,
    gap: event.shape.gap,
  }),
]);
export type Handed = z.infer<typeof handed>;

/** Undefined for bytes that are nothing of it. */
export function handedIn(raw: Buffer): Handed | undefined {
  try {
    return handed.safeParse(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(raw))).data;
  } catch {
    return undefined;
  }
}
