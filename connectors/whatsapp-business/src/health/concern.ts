import { z } from "zod";

/** How a number stands, worst first: `live` is whatever none of them is. */
export const STATUSES = [
  "removed", // it is on the Cloud API no more
  "banned", // Meta lets nothing through
  "restricted", // people cannot write to it
  "token-refused", // what comes is recorded; media and answers wait for another access token
  "needs-attention", // it works, and somebody has to look
] as const;
export type ConcernStatus = (typeof STATUSES)[number];

/** Those in which nothing comes until somebody acts. */
export const ENDED: ReadonlySet<ConcernStatus> = new Set(["removed", "banned", "restricted"]);

/** Something about a number that somebody has to see to. */
export const concern = z.object({
  /** An alert's word: it names no account. */
  code: z.string(),
  status: z.enum(STATUSES),
  /** For an operator: what is so, and what to do. */
  words: z.string(),
  /** Milliseconds since 1970, by Meta's clock where it says so. */
  since: z.int(),
  /** It is over then by itself. */
  until: z.int().optional(),
});
export type Concern = z.infer<typeof concern>;

/** What is known now: what there is, and what is over. Each code is of one of them. */
export interface Verdict {
  readonly raise: readonly Concern[];
  /** Codes of what is over. */
  readonly settle: readonly string[];
}

export const NOTHING: Verdict = { raise: [], settle: [] };
