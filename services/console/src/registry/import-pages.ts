import { z } from "zod";
import { page, view } from "../page.ts";
import { importResult } from "./registry-answers.ts";

const MAX_FILE_BYTES = 1_000_000;

const COLUMNS = [
  "name",
  "post",
  "unit",
  "group",
  "kind",
  "post_from",
  "post_to",
  "basis",
  "network",
  "method",
  "number",
  "account_from",
  "account_to",
  "device",
  "ownership",
  "device_from",
  "device_to",
] as const;

const file = z.instanceof(Buffer);

/** A file of people: checked first, and taken whole or not at all. */
export const importPages = [
  page({
    method: "get",
    path: "/custodians/import",
    action: "custodian.manage",
    handle: () => Promise.resolve(view("registry/import", { columns: COLUMNS, values: {} })),
  }),
  page({
    method: "post",
    path: "/custodians/import",
    action: "custodian.manage",
    maxFileBytes: MAX_FILE_BYTES,
    form: z.object({
      file: z.object({ name: z.string(), body: file }, "registry:missing.file"),
      reason: z.string().trim().min(1, "registry:missing.reason").max(2_000, "registry:errors.long"),
      what: z.enum(["check", "take"]).default("check"),
    }),
    invalid: ({ form: { values, errors } }) =>
      Promise.resolve(
        view("registry/import", { columns: COLUMNS, values: { reason: values["reason"] }, errors }),
      ),
    handle: async ({ api, form }) => {
      const result = await api.call("post", "/api/v1/registry/imports", {
        body: { file: form.file.body.toString("utf8"), dryRun: form.what === "check", reason: form.reason },
        response: importResult,
      });
      return view("registry/imported", { result, columns: COLUMNS });
    },
  }),
];
