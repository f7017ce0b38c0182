import { z } from "zod";

/**
 * What is said of exports, by the evidence service: before one leaves, what was asked for, by which what may be in it is
 * judged.
 */
export const exportFacts = {
  "export.start": z.object({
    change: z.uuid(),
    filters: z.record(z.string().max(64), z.string().max(1_024)),
    /** Of the package. An older Daybook's events may lack it. */
    name: z.string().max(512).optional(),
    /** What people selected, in place of filters. */
    selection: z.object({ records: z.int().nonnegative() }).optional(),
  }),
} as const;
