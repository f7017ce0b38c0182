import { randomUUID } from "node:crypto";
import { PassThrough, type Writable } from "node:stream";
import { finished, pipeline } from "node:stream/promises";
import { network } from "@daybook/contract";
import { ArchiveError } from "@daybook/archive-core";
import { encryptStreamToKeys, encryptToKeys, readPublicKeys, type Recipient } from "@daybook/openpgp";
import { type PackageReport, zipSink } from "@daybook/package";
import { type Logger, type Route, route } from "@daybook/runtime";
import { z } from "zod";
import { EvidenceError } from "./error.ts";
import { type ExportDeps, type PreparedExport, prepareExport } from "./export.ts";

const MAX_EXPORTS = 100;
const FORMATS = ["records", "rsmf", "eml", "html"] as const;

const exportBody = z.strictObject({
  matter: z.uuid(),
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, "must be letters, digits, dots, dashes"),
  query: z.string().min(1).max(1_000).optional(),
  custodian: z.string().min(1).max(1_024).optional(),
  conversation: z.string().min(1).max(1_024).optional(),
  network: network.optional(),
  from: z.string().max(32).optional(),
  to: z.string().max(32).optional(),
  formats: z
    .array(z.enum(FORMATS))
    .max(FORMATS.length)
    .default([...FORMATS]),
  withSources: z.boolean().default(false),
  /** Armored OpenPGP public keys to encrypt the package to. */
  recipient: z
    .string()
    .max(256 * 1024)
    .optional(),
});

const summary = z.strictObject({
  id: z.uuid(),
  state: z.enum(["ready", "writing", "written", "failed"]),
  /** Records selected; once written, those in the package. */
  records: z.int(),
  attachments: z.int(),
  gaps: z.int(),
  checkpoints: z.array(z.strictObject({ origin: z.string(), size: z.int(), root: z.string() })),
});

interface Held {
  readonly owner: string;
  readonly name: string;
  readonly prepared: PreparedExport;
  readonly recipients: readonly Recipient[];
  state: z.infer<typeof summary>["state"];
  report?: PackageReport;
  receipt?: Promise<Buffer>;
}

/** Exports over the API: ask for one, take its package once, then its receipt. */
export function exportRoutes(deps: ExportDeps, log: Logger): Route[] {
  const held = new Map<string, Held>();
  const find = (id: string, principal: { id: string }): Held => {
    const found = held.get(id);
    if (found?.owner !== principal.id)
      throw new EvidenceError("no-such-export", "no such export since the server started: ask for another");
    return found;
  };
  const params = z.strictObject({ id: z.uuid() });
  const show = (id: string, { prepared, report, state }: Held): z.infer<typeof summary> => ({
    id,
    state,
    records: report?.records ?? prepared.records,
    attachments: report?.attachments ?? 0,
    gaps: report?.gaps ?? 0,
    checkpoints: [...prepared.checkpoints],
  });

  return [
    route({
      method: "post",
      path: "/api/v1/exports",
      action: "export",
      summary: "Select the records of an evidence package; its request is in the log when this answers",
      body: exportBody,
      status: 201,
      response: summary,
      async handle({ principal, body }) {
        const { matter, name, query, formats, withSources, recipient, ...filters } = body;
        const recipients = recipient === undefined ? [] : await keysOf(recipient);
        const id = randomUUID();
        const prepared = await prepareExport(
          {
            id,
            actor: principal.id,
            matter,
            name,
            wanted: { words: query, ...filters },
            formats: new Set(formats),
            withSources,
            recipients: recipients.map((key) => key.fingerprint),
          },
          deps,
        );
        const entry: Held = { owner: principal.id, name, prepared, recipients, state: "ready" };
        held.set(id, entry);
        if (held.size > MAX_EXPORTS) held.delete(held.keys().next().value as string);
        return show(id, entry);
      },
    }),
    route({
      method: "get",
      path: "/api/v1/exports/:id",
      action: "export",
      summary: "How far an export is, and what it holds",
      params,
      response: summary,
      handle: ({ principal, params: { id } }) => Promise.resolve(show(id, find(id, principal))),
    }),
    route({
      method: "get",
      path: "/api/v1/exports/:id/package",
      action: "export",
      summary:
        "The package, as a ZIP of one folder, or that ZIP encrypted to the recipient: made as it is sent, once",
      params,
      download: true,
      async handle({ principal, params: { id }, response }) {
        const entry = find(id, principal);
        if (entry.state !== "ready")
          throw new EvidenceError("already-taken", "a package is made once: ask for another export");
        entry.state = "writing";
        const { name, recipients, prepared } = entry;
        const sealed = recipients.length > 0;
        response.set({
          "Content-Type": sealed ? "application/pgp-encrypted" : "application/zip",
          "Content-Disposition": `attachment; filename="${name}.zip${sealed ? ".pgp" : ""}"`,
        });
        try {
          entry.report = await writeTo(response, name, prepared, recipients);
          entry.state = "written";
        } catch (error) {
          entry.state = "failed";
          log.error(
            { export: id, code: error instanceof Error && "code" in error ? error.code : "unknown" },
            "an export broke off",
          );
          response.destroy();
        }
        return undefined;
      },
    }),
    route({
      method: "get",
      path: "/api/v1/exports/:id/receipt",
      action: "export",
      summary: "The receipt of a package that was taken: the logged record of this export, with its proof",
      params,
      download: true,
      async handle({ principal, params: { id }, response }) {
        const entry = find(id, principal);
        if (!entry.report)
          throw new EvidenceError(
            "not-finished",
            "the receipt is made when the package has been taken whole",
          );
        entry.receipt ??= entry.prepared.receipt(entry.report);
        entry.receipt.catch(() => delete entry.receipt);
        const receipt = await entry.receipt;
        const sealed = entry.recipients.length > 0;
        response.set("Content-Type", sealed ? "application/pgp-encrypted" : "application/json");
        response.end(sealed ? await encryptToKeys(receipt, entry.recipients) : receipt);
        await finished(response);
        return undefined;
      },
    }),
  ];
}

async function writeTo(
  response: Writable,
  name: string,
  prepared: PreparedExport,
  recipients: readonly Recipient[],
): Promise<PackageReport> {
  const zip = new PassThrough({ highWaterMark: 1024 * 1024 });
  const sent =
    recipients.length > 0
      ? pipeline(
          zip,
          (source: AsyncIterable<Uint8Array>) => encryptStreamToKeys(source, recipients),
          response,
        )
      : pipeline(zip, response);
  sent.catch((error: unknown) => zip.destroy(error instanceof Error ? error : undefined));
  try {
    const report = await prepared.write(zipSink(name, zip));
    zip.end();
    await sent;
    return report;
  } catch (error) {
    zip.destroy();
    await sent.catch(() => undefined);
    throw error;
  }
}

async function keysOf(armored: string): Promise<Recipient[]> {
  try {
    return await readPublicKeys(armored);
  } catch (cause) {
    if (!(cause instanceof ArchiveError)) throw cause;
    throw new EvidenceError("bad-request", `the recipient's key cannot be used: ${cause.message}`, { cause });
  }
}
