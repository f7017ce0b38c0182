import { type Route, route } from "@daybook/runtime";
import { z } from "zod";
import { reason } from "../routes/fields.ts";
import { COLUMNS } from "./import-file.ts";
import type { Imports } from "./imports.ts";
import { IMPORTED } from "./post-facts.ts";

const MAX_FILE_CHARACTERS = 1_000_000;
const count = z.int().nonnegative();

export function importRoutes(imports: Imports): Route[] {
  return [
    route({
      method: "post",
      path: "/api/v1/registry/imports",
      action: "custodian.manage",
      summary: "Take a CSV file of people, posts, accounts and devices: all of it or nothing",
      // Each character may take six bytes of JSON.
      maxBytes: 6 * MAX_FILE_CHARACTERS + 16_384,
      body: z.object({
        file: z
          .string()
          .min(1)
          .max(MAX_FILE_CHARACTERS)
          .describe(
            `CSV with a header line; columns: ${COLUMNS.join(", ")}; \`name\` is needed on every line`,
          ),
        dryRun: z.boolean().default(false).describe("Only tell what it would come to"),
        reason,
      }),
      response: z.object({
        ok: z.boolean(),
        dryRun: z.boolean(),
        lines: count,
        made: z.partialRecord(z.enum(IMPORTED), count),
        problems: z
          .array(
            z.object({
              line: z.int().positive().nullable(),
              column: z.enum(COLUMNS).nullable(),
              problem: z.string(),
            }),
          )
          .readonly(),
        problemsTotal: count,
      }),
      handle: ({ principal, body: { file, dryRun, reason: why } }) =>
        imports.take(file, { dryRun, reason: why }, principal.id),
    }),
  ];
}
