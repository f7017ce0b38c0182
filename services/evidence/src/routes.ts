import { randomUUID } from "node:crypto";
import { finished, pipeline } from "node:stream/promises";
import { network } from "@daybook/contract";
import { ArchiveError } from "@daybook/archive-core";
import { encryptToKeys, readPublicKeys, type Recipient } from "@daybook/openpgp";
import { type Logger, type Principal, type Route, route } from "@daybook/runtime";
import type { Response } from "@daybook/runtime";
import { z } from "zod";
import { codeOf, type Exports, type HeldExport } from "./building/exports.ts";
import { EvidenceError } from "./error.ts";
import type { ExportDeps } from "./export.ts";
import { fresh, list, shown, summary } from "./shown-export.ts";
import { fileName, writeZip } from "./write-zip.ts";

const FORMATS = ["records", "rsmf", "eml", "html"] as const;
const MAX_PAGE = 200;

const exportBody = z.strictObject({
  matter: z.uuid(),
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, "must be letters, digits, dots, dashes"),
  selection: z
    .boolean()
    .default(false)
    .describe("What people selected in the matter, and what belongs to it; without words and filters"),
  query: z.string().min(1).max(1_000).optional(),
  custodian: z.string().min(1).max(1_024).optional(),
  participant: z
    .string()
    .min(1)
    .max(512)
    .optional()
    .describe("Of somebody outside, by name or id: what they wrote and what was sent to them"),
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

const params = z.strictObject({ id: z.uuid() });

/** Exports over the API: ask for one, have its package built and take it, or take it once as it is made; then its receipt. */
export function exportRoutes(exports: Exports, deps: ExportDeps, log: Logger): Route[] {
  const show = (held: HeldExport) => shown(held, exports.progressOf(held));
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
        const { matter, name, selection, query, formats, withSources, recipient, ...filters } = body;
        const wanted = { words: query, ...filters };
        if (selection && Object.values(wanted).some((value) => value !== undefined))
          throw new EvidenceError("bad-request", "a selection is not narrowed: leave words and filters out");
        const recipients = recipient === undefined ? [] : await keysOf(recipient);
        const held = await exports.ask(
          {
            id: randomUUID(),
            actor: principal.id,
            matter,
            name,
            wanted,
            selection,
            formats: new Set(formats),
            withSources,
            recipients: recipients.map((key) => key.fingerprint),
          },
          recipients,
        );
        return show(held);
      },
    }),
    listRoute(exports, deps),
    route({
      method: "post",
      path: "/api/v1/exports/:id/build",
      action: "export",
      summary: "Have the package built in the background, to be taken as often as wanted; repeatable",
      params,
      status: 202,
      response: summary,
      async handle({ principal, params: { id } }) {
        const held = await exports.find(id, principal.id);
        exports.build(held);
        return show(held);
      },
    }),
    route({
      method: "get",
      path: "/api/v1/exports/:id",
      action: "export",
      summary: "How far an export is, and what it holds",
      params,
      response: summary,
      handle: async ({ principal, params: { id } }) => show(await exports.find(id, principal.id)),
    }),
    route({
      method: "get",
      path: "/api/v1/exports/:id/package",
      action: "export",
      summary:
        "The package, as a ZIP of one folder, or that ZIP encrypted to the recipient: as it was built, or else made as it is sent, once",
      params,
      download: true,
      async handle({ principal, params: { id }, response, signal }) {
        const held = await exports.find(id, principal.id);
        if (held.built) await sendBuilt({ held, built: held.built, principal, response, signal }, deps);
        else await stream(held, response, log);
        return undefined;
      },
    }),
    route({
      method: "get",
      path: "/api/v1/exports/:id/receipt",
      action: "export",
      summary:
        "The receipt of a package that was built or taken: the logged record of this export, with its proof",
      params,
      download: true,
      async handle({ principal, params: { id }, response }) {
        const held = await exports.find(id, principal.id);
        const receipt = await exports.receipt(held);
        const sealed = held.recipients.length > 0;
        response.set({
          "Content-Type": sealed ? "application/pgp-encrypted" : "application/json",
          "Content-Disposition": `attachment; filename="${held.request.name}.receipt${sealed ? ".pgp" : ""}"`,
        });
        response.end(sealed ? await encryptToKeys(receipt, held.recipients) : receipt);
        await finished(response);
        return undefined;
      },
    }),
  ];
}

function listRoute(exports: Exports, { records }: ExportDeps): Route {
  return route({
    method: "get",
    path: "/api/v1/exports",
    action: "export.read",
    summary: "Exports that were asked for under a matter, newest first",
    query: z.object({
      matter: z.uuid(),
      limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(50),
      cursor: z.string().min(1).max(256).optional(),
    }),
    response: list,
    async handle({ principal, query: { matter, ...page } }) {
      const { exports: past, next } = await records.exports(matter, page);
      const first = page.cursor === undefined ? fresh(exports.of(matter), past) : [];
      const entries = [...first, ...past].map(({ id, at, by, name, of }) => ({
        id,
        name,
        askedAt: at,
        by,
        mine: by === principal.id,
        of,
        state: exports.stateOf(id) ?? ("gone" as const),
      }));
      return { exports: entries, next };
    },
  });
}

interface Taking {
  readonly held: HeldExport;
  readonly built: NonNullable<HeldExport["built"]>;
  readonly principal: Principal;
  readonly response: Response;
  readonly signal: AbortSignal;
}

/** A package that is here, once it is in the log that it leaves. */
async function sendBuilt(
  { held, built, principal, response, signal }: Taking,
  deps: ExportDeps,
): Promise<void> {
  const { request, recipients } = held;
  const { sizeBytes, sha256 } = built.stored;
  await deps.trail.record({
    actor: principal.id,
    action: "export.download",
    matter: request.matter,
    subject: held.id,
    detail: { export: held.id, name: request.name, sizeBytes, sha256 },
  });
  response.set({ ...headers(held, recipients), "Content-Length": String(sizeBytes) });
  // Whoever takes it may go away at any time, and take it again.
  await pipeline(built.stored.read(), response, { signal }).catch((error: unknown) => {
    response.destroy();
    if (codeOf(error) === "corrupt") throw error;
  });
}

/** A package as it is made, once. */
async function stream(held: HeldExport, response: Response, log: Logger): Promise<void> {
  if (held.state === "queued" || held.state === "building")
    throw new EvidenceError("not-finished", "the package is being built: take it when it is");
  if (held.state !== "ready")
    throw new EvidenceError(
      "already-taken",
      "a package is made once as it is sent: have it built, or ask for another export",
    );
  held.state = "writing";
  response.set(headers(held, held.recipients));
  try {
    const { name } = held.request;
    held.report = await writeZip(response, name, held.prepared, { recipients: held.recipients });
    held.state = "written";
  } catch (error) {
    held.state = "failed";
    log.error({ export: held.id, code: codeOf(error) }, "an export broke off");
    response.destroy();
  }
}

function headers({ request }: HeldExport, recipients: readonly Recipient[]): Record<string, string> {
  return {
    "Content-Type": recipients.length > 0 ? "application/pgp-encrypted" : "application/zip",
    "Content-Disposition": `attachment; filename="${fileName(request.name, recipients)}"`,
  };
}

async function keysOf(armored: string): Promise<Recipient[]> {
  try {
    return await readPublicKeys(armored);
  } catch (cause) {
    if (!(cause instanceof ArchiveError)) throw cause;
    throw new EvidenceError("bad-request", `the recipient's key cannot be used: ${cause.message}`, { cause });
  }
}
