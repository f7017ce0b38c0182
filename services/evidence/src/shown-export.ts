import { z } from "zod";
import type { HeldExport } from "./building/exports.ts";
import type { BuildProgress } from "./building/progress.ts";
import type { PastExport } from "./ports.ts";
import { isWhole } from "./selection.ts";
import { fileName } from "./write-zip.ts";

const progress = z.strictObject({
  stage: z.enum(["waiting", "records", "reading-copies", "receipt"]),
  ahead: z.int().describe("Builds that begin before it"),
  done: z.int().describe("Records read"),
  of: z.int().describe("Records to be read: those of conversations twice, where reading copies are made"),
  bytes: z.int().describe("Of the package, so far"),
  startedAt: z.string().nullable(),
  secondsLeft: z.int().nullable().describe("From the rate so far; null until that can be told"),
});

/** An export, as the API tells it to whoever asked for it. */
export const summary = z.strictObject({
  id: z.uuid(),
  matter: z.uuid(),
  name: z.string(),
  askedAt: z.string(),
  of: z.enum(["everything", "filters", "selection"]),
  formats: z.array(z.string()),
  withSources: z.boolean(),
  recipients: z.array(z.string()).readonly().describe("Fingerprints"),
  state: z.enum(["ready", "queued", "building", "built", "writing", "written", "failed"]),
  /** Records selected; once written, those in the package. */
  records: z.int(),
  attachments: z.int(),
  gaps: z.int(),
  checkpoints: z.array(z.strictObject({ origin: z.string(), size: z.int(), root: z.string() })),
  progress: progress.nullable().describe("Of a build, once one was asked for"),
  package: z
    .strictObject({
      file: z.string(),
      sizeBytes: z.int(),
      sha256: z.string(),
      builtAt: z.string(),
      keptUntil: z.string(),
      receipt: z.boolean().describe("Whether its receipt is made; it is made when asked for, else"),
    })
    .nullable()
    .describe("A built one"),
  failure: z
    .strictObject({ code: z.enum(["disk-full", "unavailable", "failed"]), detail: z.string() })
    .nullable()
    .describe("Why the last build came to nothing"),
});

const entry = z.strictObject({
  id: z.uuid(),
  name: z.string().nullable(),
  askedAt: z.string(),
  by: z.string().nullable(),
  mine: z.boolean(),
  of: summary.shape.of,
  state: summary.shape.state
    .or(z.literal("gone"))
    .describe("`gone`: its package is not here any more, ask for another"),
});

/** A page of a matter's exports. */
export const list = z.object({ exports: z.array(entry), next: z.string().nullable() });

/** What an export is of, in a word. */
function scopeOf({ selection, wanted }: HeldExport["request"]): PastExport["of"] {
  if (selection) return "selection";
  return isWhole(wanted) ? "everything" : "filters";
}

/** The exports of this process that the audit log's readers do not know of yet, newest first, as a list shows them. */
export function fresh(held: readonly HeldExport[], known: readonly PastExport[]): PastExport[] {
  const seen = new Set(known.map(({ id }) => id));
  const newest = known[0]?.at ?? "";
  return held
    .map(({ id, owner, request, prepared }) => ({
      id,
      at: prepared.askedAt.toISOString(),
      by: owner,
      name: request.name,
      of: scopeOf(request),
    }))
    .filter(({ id, at }) => !seen.has(id) && at > newest);
}

export function shown(
  held: HeldExport,
  state: (BuildProgress & { ahead: number }) | undefined,
): z.infer<typeof summary> {
  const { id, request, prepared, report, built } = held;
  return {
    id,
    matter: request.matter,
    name: request.name,
    askedAt: prepared.askedAt.toISOString(),
    of: scopeOf(request),
    formats: [...request.formats].sort(),
    withSources: request.withSources,
    recipients: request.recipients,
    state: held.state,
    records: report?.records ?? prepared.records,
    attachments: report?.attachments ?? 0,
    gaps: report?.gaps ?? 0,
    checkpoints: [...prepared.checkpoints],
    progress: state ?? null,
    package: built
      ? {
          file: fileName(request.name, request.recipients),
          sizeBytes: built.stored.sizeBytes,
          sha256: built.stored.sha256,
          builtAt: built.at.toISOString(),
          keptUntil: built.until.toISOString(),
          receipt: held.hasReceipt,
        }
      : null,
    failure: held.failure ?? null,
  };
}
