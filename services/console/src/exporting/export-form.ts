import { network } from "@daybook/contract";
import { z } from "zod";
import { dateFields, dayIn, requireDay } from "../date-input.ts";
import type { FormFile } from "../http/forms.ts";
import type { SavedSearch } from "./export-answers.ts";

export const FORMATS = ["rsmf", "eml", "html"] as const;
export const OF = ["selection", "everything", "filters"] as const;
export const NETWORKS = network.options;
/** Keys of several recipients are some KiB each. */
export const MAX_KEY_BYTES = 256 * 1024;

const words = (max: number, tooLong: string) => z.string().trim().max(max, tooLong).default("");
const ticked = z.union([z.string().transform((one) => [one]), z.array(z.string())]).default([]);
const keyFile = z.custom<FormFile>(
  (value) => typeof value === "object" && value !== null && "body" in value && Buffer.isBuffer(value.body),
);

/** How an export is asked for. */
export const exportForm = z
  .object({
    of: z.enum(OF, "exporting:errors.of"),
    query: words(1_000, "exporting:errors.query"),
    custodian: words(512, "exporting:errors.custodian"),
    participant: words(512, "exporting:errors.participant"),
    network: z.union([z.literal(""), network]).default(""),
    ...dateFields("from"),
    ...dateFields("to"),
    formats: ticked.pipe(z.array(z.enum(FORMATS))),
    withSources: z.literal("yes").optional(),
    recipient: words(MAX_KEY_BYTES, "exporting:errors.recipient"),
    recipientFile: z.union([keyFile, z.literal("")]).optional(),
    name: z
      .string()
      .trim()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, "exporting:errors.name"),
  })
  .check(requireDay("from", { missing: undefined, wrong: "exporting:errors.day" }))
  .check(requireDay("to", { missing: undefined, wrong: "exporting:errors.day" }))
  .check(({ value, issues }) => {
    const { of, query, custodian, participant, network: on } = value;
    const days = [dayIn(value, "from"), dayIn(value, "to")];
    const isNarrowed = query || custodian || participant || on || days.some((day) => day !== undefined);
    if (of !== "filters" || isNarrowed) return;
    issues.push({ code: "custom", path: ["query"], message: "exporting:errors.filters", input: query });
  });
export type ExportForm = z.output<typeof exportForm>;

/** The same, as the API takes it. */
export function askedFor(form: ExportForm): Record<string, unknown> {
  const { of, query, custodian, participant, network: on, formats, withSources } = form;
  const { recipient, recipientFile, name } = form;
  const given = (field: string, value: string | null | undefined) => (value ? { [field]: value } : {});
  const key = recipientFile ? recipientFile.body.toString("utf8") : recipient;
  return {
    name,
    formats: ["records", ...formats],
    withSources: withSources === "yes",
    ...given("recipient", key),
    ...(of === "selection" && { selection: true }),
    ...(of === "filters" && {
      ...given("query", query),
      ...given("custodian", custodian),
      ...given("participant", participant),
      ...given("network", on),
      ...given("from", dayIn(form, "from")),
      ...given("to", dayIn(form, "to")),
    }),
  };
}

/** A search's words and filters as the form's fields, and what of it an export cannot be asked for by. */
export function ofSearch({ q, filters, names }: SavedSearch): {
  values: Record<string, unknown>;
  lacks: string[];
} {
  const { custodian, participant, network: networks = [], from, to, ...others } = filters;
  const [only, ...more] = networks;
  const lacks = Object.entries(others).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  return {
    values: {
      of: "filters",
      query: q,
      custodian: custodian === undefined ? "" : (names.custodian ?? custodian),
      participant: participant === undefined ? "" : (names.participant ?? participant),
      network: more.length === 0 ? (only ?? "") : "",
      ...dateParts("from", from),
      ...dateParts("to", to),
    },
    lacks: more.length === 0 ? lacks : ["network", ...lacks],
  };
}

function dateParts(name: string, at: string | undefined): Record<string, string> {
  const [year, month, day] = at?.slice(0, 10).split("-") ?? [];
  if (!year || !month || !day) return {};
  return { [`${name}-day`]: day, [`${name}-month`]: month, [`${name}-year`]: year };
}
