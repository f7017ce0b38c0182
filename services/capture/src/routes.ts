import { network } from "@daybook/contract";
import { ProblemError, type Route, route } from "@daybook/runtime";
import { z } from "zod";
import type { ImportResult } from "./import.ts";
import type { ImportRequest } from "./record-chat.ts";
import type { Jobs } from "./jobs.ts";
import { receiveUpload, type Upload } from "./upload.ts";

const MAX_QUEUED = 100;

const importQuery = z.strictObject({
  name: z.string().min(1).max(1_024),
  custodian: z.string().trim().min(1).max(1_024),
  conversation: z.string().min(1).max(1_024).optional(),
  dateOrder: z.enum(["dmy", "mdy", "ymd"]).optional(),
  zone: z.string().max(64).refine(isZone, "must be a time zone such as Europe/London").optional(),
});

const importedChat = z.strictObject({
  file: z.string(),
  network,
  messages: z.int(),
  system: z.int(),
  authors: z.array(z.string()),
  first: z.string().nullable(),
  last: z.string().nullable(),
  attachments: z.int(),
  order: z.enum(["dmy", "mdy", "ymd"]).nullable(),
  ambiguous: z.boolean(),
  multiline: z.int(),
  edited: z.int(),
  deleted: z.int(),
  duplicates: z.int(),
  warnings: z.array(z.strictObject({ code: z.string(), line: z.int(), message: z.string() })),
});

const job = z.discriminatedUnion("state", [
  z.strictObject({ id: z.string(), state: z.literal("running"), lines: z.int(), records: z.int() }),
  z.strictObject({
    id: z.string(),
    state: z.literal("done"),
    result: z.strictObject({ files: z.array(importedChat), records: z.int() }),
  }),
  z.strictObject({ id: z.string(), state: z.literal("failed"), code: z.string(), message: z.string() }),
]);

export interface ImportRoutesOptions {
  readonly jobs: Jobs<ImportResult>;
  readonly spoolDir: string;
  readonly maxUploadBytes: number;
  /** Until then nothing is taken in: an upload would be swept away with what an earlier process left. */
  readonly ready: Promise<void>;
  readonly start: (upload: Upload, request: ImportRequest) => string;
}

/** Imports over the API: send the file, then ask how far it is. */
export function importRoutes({ jobs, spoolDir, maxUploadBytes, ready, start }: ImportRoutesOptions): Route[] {
  return [
    route({
      method: "post",
      path: "/api/v1/imports",
      action: "import",
      summary: "Import an export of a network's app; answers with a job once the file has arrived",
      query: importQuery,
      upload: true,
      maxBytes: maxUploadBytes,
      status: 202,
      response: z.strictObject({ id: z.string() }),
      async handle({ principal, query, upload }) {
        if (jobs.running >= MAX_QUEUED)
          throw new ProblemError(429, "busy", "many imports are waiting: try again later");
        await ready;
        const received = await receiveUpload(upload, { spoolDir, maxBytes: maxUploadBytes });
        return { id: start(received, { ...query, actor: principal.id }) };
      },
    }),
    route({
      method: "get",
      path: "/api/v1/imports/:id",
      action: "import",
      summary: "How far an import is, and its result",
      params: z.strictObject({ id: z.uuid() }),
      response: job,
      handle({ params }) {
        const found = jobs.get(params.id);
        if (!found) {
          throw new ProblemError(
            404,
            "not-found",
            "no such import since the server started: import the file again, which is harmless",
          );
        }
        return Promise.resolve(structuredClone(found) as z.input<typeof job>);
      },
    }),
  ];
}

function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return /^[A-Za-z]+\/[A-Za-z_+\-/0-9]+$|^UTC$/.test(zone);
  } catch {
    return false;
  }
}
