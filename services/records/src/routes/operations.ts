import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { CatalogueReader, RecordRef } from "@daybook/catalogue";
import { eventKind, method, network } from "@daybook/contract";
import { listOf, type Route, route } from "@daybook/runtime";
import { z } from "zod";
import type { Disposals } from "../disposals.ts";
import type { Holds } from "../holds.ts";
import { filtersOf } from "../holds.ts";
import type { Verifications } from "../health/verifications.ts";
import type { KeyringRestore } from "../keyring-restore.ts";
import type { Operations } from "../operations.ts";
import { recordsProblem } from "../problem.ts";
import type { Reading } from "../reading.ts";
import type { Rebuild } from "../rebuild.ts";
import { recordId } from "./fields.ts";

const count = z.int().nonnegative();
const shardName = z.string().regex(/^(?:0|[1-9]\d{0,3}|audit)$/);

export function operationsRoutes({
  operations,
  rebuild,
  restore,
  verifications,
}: {
  operations: Operations;
  verifications: Verifications;
  rebuild: Rebuild;
  restore: KeyringRestore;
}): Route[] {
  return [
    route({
      method: "get",
      path: "/api/v1/status",
      action: "status.read",
      summary: "How the deployment does, without content",
      response: z.object({
        deployment: z.string(),
        sample: z.boolean(),
        shards: z
          .array(z.object({ shard: z.string(), size: count, catalogued: count, lag: count }))
          .readonly(),
        parked: count,
        holds: count,
        mattersOpen: count,
        disposalsPending: count,
      }),
      handle: () => operations.status(),
    }),
    route({
      method: "get",
      path: "/api/v1/log/vkeys",
      action: "log.read",
      summary: "Verifier keys of the logs, to give to auditors",
      response: z.object({ vkeys: z.array(z.object({ shard: z.string(), vkey: z.string() })) }),
      handle: () => Promise.resolve({ vkeys: operations.vkeys() }),
    }),
    route({
      method: "get",
      path: "/api/v1/log/prove/:id",
      action: "log.read",
      summary: "A record's leaf and its proof, a C2SP tlog-proof",
      params: z.object({ id: recordId }),
      response: z.object({
        id: z.string(),
        shard: z.string(),
        index: count,
        leaf: z.string(),
        proof: z.string(),
      }),
      handle: ({ params: { id } }) => operations.prove(id),
    }),
    route({
      method: "post",
      path: "/api/v1/fsck",
      action: "fsck.run",
      summary: "Check every log, segment and key block: JSON lines, a shard each, then `{ok}`",
      download: true,
      handle: async ({ principal, response }) => {
        let ok = true;
        await sendLines(response, async (line) => {
          for await (const report of verifications.run(principal.id)) {
            ok &&= report.problems.length === 0;
            await line(report);
          }
          await line({ ok });
        });
        return undefined;
      },
    }),
    route({
      method: "post",
      path: "/api/v1/keys/restore",
      action: "rebuild.run",
      summary:
        "Make the keyring's first home whole from the second: JSON lines of progress, then `{ok, restored, lost}`",
      download: true,
      handle: async ({ principal, response }) => {
        await sendLines(response, async (line) => {
          const shards = new Map<string, { restored: number; lost: number }>();
          for await (const progress of restore.run(principal.id)) {
            shards.set(progress.shard, progress);
            await line(progress);
          }
          const sum = (of: "restored" | "lost") =>
            [...shards.values()].reduce((total, shard) => total + shard[of], 0);
          await line({ ok: sum("lost") === 0, restored: sum("restored"), lost: sum("lost") });
        });
        return undefined;
      },
    }),
    route({
      method: "post",
      path: "/api/v1/rebuild",
      action: "rebuild.run",
      summary:
        "Drop the catalogue and make it again, or go on with that: JSON lines of progress, then `{ok, records}`",
      download: true,
      handle: async ({ principal, response }) => {
        await sendLines(response, async (line) => {
          const records = await rebuild.all(principal.id, (progress) => void line(progress));
          await line({ ok: true, records });
        });
        return undefined;
      },
    }),
  ];
}

/** Answered before the service is ready too: the archiver may need it to get there. */
export function spanRoute(rebuild: Rebuild): Route {
  return route({
    method: "post",
    path: "/internal/v1/rebuild-span",
    action: "internal",
    summary: "Writes the catalogue's rows of a span of a shard's log",
    body: z.object({ shard: shardName, from: count, size: count }),
    handle: async ({ body }) => {
      await rebuild.span(body);
      return undefined;
    },
  });
}

const PAGE = 1_000;

export function supplyRoutes(of: {
  disposals: Disposals;
  holds: Holds;
  catalogue: CatalogueReader;
  reading: Reading;
}): Route[] {
  const { disposals, holds, catalogue, reading } = of;
  async function* heldRecords(): AsyncGenerator<RecordRef> {
    for (const { predicate } of await holds.active()) {
      const pieces = predicate.ids
        ? [await catalogue.byIds(predicate.ids)]
        : catalogue.select({ filters: filtersOf(predicate) });
      for await (const refs of pieces) yield* refs;
    }
  }
  return [
    route({
      method: "get",
      path: "/internal/v1/disposed",
      action: "internal",
      summary: "Records that were disposed of: their place, and the audit record that certifies it",
      query: z.object({ after: recordId.optional() }),
      response: z.object({
        disposals: z.array(z.object({ id: recordId, auditId: recordId, shard: z.string(), index: count })),
        next: z.string().nullable(),
      }),
      handle: async ({ query }) => {
        const page = await disposals.disposed(query.after, PAGE);
        return { disposals: page, next: page.length === PAGE ? (page.at(-1)?.id ?? null) : null };
      },
    }),
    route({
      method: "get",
      path: "/internal/v1/held-segments",
      action: "internal",
      summary:
        "Segments with a held record, as far as the catalogue can tell: JSON lines `{shard, first, digest}`",
      download: true,
      handle: async ({ response }) => {
        await sendLines(response, async (line) => {
          const sent = new Set<string>();
          for await (const { shard, segment } of heldRecords()) {
            if (sent.has(segment.digest)) continue;
            sent.add(segment.digest);
            await line({ shard, first: segment.firstIndex, digest: segment.digest });
          }
        });
        return undefined;
      },
    }),
    route({
      method: "get",
      path: "/internal/v1/claimed-attachments",
      action: "internal",
      summary: "Sealed attachments of records that can be read: JSON lines `{sealed, held}`",
      download: true,
      handle: async ({ response }) => {
        await sendLines(response, async (line) => {
          const held = new Set<string>();
          for await (const ref of heldRecords()) if (ref.attachments > 0) held.add(ref.id);
          for await (const refs of catalogue.select({ filters: { kinds: eventKind.options } })) {
            const carrying = refs.filter((ref) => ref.attachments > 0);
            for (let start = 0; start < carrying.length; start += PAGE) {
              for (const record of await reading.open(carrying.slice(start, start + PAGE))) {
                for (const { sealed } of record?.attachments ?? []) {
                  await line({ sealed, held: held.has(record?.id ?? "") });
                }
              }
            }
          }
        });
        return undefined;
      },
    }),
    route({
      method: "get",
      path: "/internal/v1/records",
      action: "internal",
      summary:
        "Records of a network and method, in the order of the logs, as JSON lines: what capture learns again after a rebuild",
      query: z.object({ network, method, kind: listOf(eventKind).optional() }),
      download: true,
      handle: async ({ query, response }) => {
        await sendLines(response, async (line) => {
          const kinds = query.kind ?? eventKind.options;
          const filters = { network: query.network, method: query.method, kinds };
          for await (const refs of catalogue.select({ filters })) {
            for (let start = 0; start < refs.length; start += PAGE) {
              for (const record of await reading.open(refs.slice(start, start + PAGE)))
                if (record) await line(record);
            }
          }
        });
        return undefined;
      },
    }),
    route({
      method: "get",
      path: "/internal/v1/records/:id/file",
      action: "internal",
      summary: "The imported file of a notice; 410 when it was disposed of",
      params: z.object({ id: recordId }),
      download: true,
      handle: async ({ params: { id }, response, signal }) => {
        const content = await reading.importedFile(id);
        response.setHeader("Content-Type", "application/octet-stream");
        await pipeline(Readable.from(content), response, { signal });
        return undefined;
      },
    }),
  ];
}

/** JSON lines, as fast as they are taken. A failure after the first byte is the last line: `{ok: false, code}`. */
export async function sendLines(
  response: ServerResponse,
  work: (line: (value: object) => Promise<void>) => Promise<void>,
): Promise<void> {
  response.setHeader("Content-Type", "application/x-ndjson");
  const line = async (value: object) => {
    if (!response.write(`${JSON.stringify(value)}\n`) && !response.destroyed) {
      await Promise.race([once(response, "drain"), once(response, "close")]);
    }
  };
  try {
    await work(line);
  } catch (error) {
    if (!response.headersSent) throw error;
    await line({ ok: false, code: recordsProblem(error)?.code ?? "internal" });
  }
  response.end();
}
