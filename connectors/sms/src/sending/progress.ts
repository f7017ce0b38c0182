import { relayFailure } from "@daybook/contract";
import { z } from "zod";
import { DEFAULT_ALPHABETS } from "../reading/alphabet.ts";

/** How far a message is: on disk before anything leaves, for no carrier knows a message by an id of ours. */
export const progress = z.discriminatedUnion("state", [
  z.object({
    state: z.literal("begun"),
    /** Not there where the carrier itself cuts it into parts. */
    writing: z
      .object({
        alphabet: z.enum(DEFAULT_ALPHABETS),
        bits: z.union([z.literal(8), z.literal(16)]),
        reference: z.int(),
      })
      .optional(),
    /** Of each part that was taken, what was sent and answered, base64. */
    taken: z.array(z.string()),
    /** The next is on its way: nobody knows whether it arrived, until its answer is here. */
    isLeaving: z.boolean(),
    /** The last that was heard is that there are too many. */
    isThrottled: z.boolean(),
  }),
  /** Taken in all its parts, and perhaps not recorded yet. */
  z.object({
    state: z.literal("accepted"),
    at: z.int(),
    taken: z.array(z.string()),
    /** Of the last part, as it was given. */
    id: z.string().default(""),
  }),
  z.object({ state: z.literal("sent"), networkId: z.string() }),
  z.object({ state: z.literal("failed"), code: relayFailure, why: z.string() }),
]);
export type Progress = z.infer<typeof progress>;
export type Begun = Extract<Progress, { state: "begun" }>;
