import { z } from "zod";

const column = z.union([z.string(), z.number(), z.null()]);

/** An attachment, or a piece of text, of an MMS or RCS message: a row of `content://mms/part`. */
const part = z.looseObject({
  row: z.int(),
  ct: z.string().max(255).default("application/octet-stream"),
  name: z.string().max(1024).nullish(),
  text: z.string().nullish(),
  /** Of its content, where it was sent as a part of the batch's entry. */
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullish(),
  /** Why its content is not there. */
  missing: z.string().max(256).nullish(),
});

/** One row of Android's Telephony provider, as the agent saw it: `AGENT.md`. */
export const providerRow = z.looseObject({
  v: z.literal(1),
  /** Made by the app once, and kept over enrolments. */
  device: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/),
  table: z.enum(["sms", "mms"]),
  /** Its `_id`. */
  row: z.int().nonnegative(),
  /** Its `date` as the provider has it: milliseconds of an SMS, seconds of an MMS. */
  date: z.int(),
  service: z.enum(["sms", "mms", "rcs"]).optional(),
  /** What comparing the provider with what was handed over came to. */
  seen: z.enum(["new", "changed", "gone"]),
  /** Columns that differ, where it changed; `parts` among them. */
  changes: z.array(z.string().max(64)).max(100).default([]),
  /** The device's clock when it was found, milliseconds. */
  at: z.int(),
  columns: z.record(z.string().max(64), column).default({}),
  thread: z.looseObject({ recipients: z.array(z.string().max(512)).max(1_000).default([]) }).optional(),
  /** Rows of `content://mms/ID/addr`. */
  addresses: z
    .array(z.looseObject({ type: z.int(), address: z.string().max(512) }))
    .max(1_000)
    .default([]),
  parts: z.array(part).max(200).default([]),
});
export type ProviderRow = z.infer<typeof providerRow>;
export type RowPart = z.infer<typeof part>;

/** A column that holds a whole number, as SQLite or a program in between may write it. */
export function numberIn({ columns }: Pick<ProviderRow, "columns">, name: string): number | undefined {
  const value = columns[name];
  const number = typeof value === "string" && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) ? number : undefined;
}

export function textIn({ columns }: Pick<ProviderRow, "columns">, name: string): string | undefined {
  const value = columns[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Undefined for bytes that are no row. */
export function rowOf(raw: Buffer): ProviderRow | undefined {
  try {
    return providerRow.safeParse(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(raw))).data;
  } catch {
    return undefined;
  }
}
