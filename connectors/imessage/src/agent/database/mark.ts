import { z } from "zod";

/** By what the database is known again. */
export const mark = z.object({
  /** Rises when there is another. */
  of: z.int(),
  anchors: z.object({ rows: z.array(z.tuple([z.string(), z.string()])), given: z.string().optional() }),
  /** When it was read last, milliseconds since 1970. */
  readAt: z.int(),
});
export type Mark = z.infer<typeof mark>;
