import { relayFailure } from "@daybook/contract";
import { z } from "zod";
import { DEFAULT_ALPHABETS } from "../reading/alphabet.ts";

/** How far a message is: on disk before anything leaves, for an SMSC knows no message by an id of ours. */
export const progress = z.discriminatedUnion("state", [
  z.object({
    state: z.literal("begun"),
    writing: z.object({
      alphabet: z.enum(DEFAULT_ALPHABETS),
      bits: z.union([z.literal(8), z.literal(16)]),
      reference: z.int(),
    }),
    /** Of each part that was taken, its PDU and the answer's, base64. */
    taken: z.array(z.string()),
    /** The next is on its way: nobody knows whether it arrived, until its answer is here. */
    isLeaving: z.boolean(),
    /** The last that was heard is that there are too many. */
    isThrottled: z.boolean(),
  }),
  /** Taken in all its parts, and perhaps not recorded yet. */
  z.object({ state: z.literal("accepted"), at: z.int(), taken: z.array(z.string()) }),
  z.object({ state: z.literal("sent"), networkId: z.string() }),
  z.object({ state: z.literal("failed"), code: relayFailure, why: z.string() }),
]);
export type Progress = z.infer<typeof progress>;
export type Begun = Extract<Progress, { state: "begun" }>;
