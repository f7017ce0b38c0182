import { record } from "@daybook/archive-core";
import { flag, type Route, route } from "@daybook/runtime";
import { z } from "zod";
import { serveAttachment } from "../attachments/serve.ts";
import type { Door } from "../conversations/door.ts";
import type { Proving } from "../proving.ts";
import type { Reading } from "../reading.ts";
import { recordId } from "./fields.ts";

const params = z.object({ id: recordId });
const count = z.int().nonnegative();

const shown = record.pick({
  kind: true,
  network: true,
  method: true,
  provenance: true,
  connector: true,
  capturedAt: true,
  source: true,
});

const proof = z.object({
  id: recordId,
  shard: z.string(),
  index: count,
  vkey: z.string().describe("Verifier key of the log"),
  leaf: z.string().describe("As it was logged: `rec` is the SHA-256 of the record"),
  checkpoint: z.string().describe("The signed head of the log"),
  proof: z.string().describe("C2SP tlog-proof"),
  canonical: z.string().describe("The record as it was sealed: RFC 8785 JSON"),
  sha256: z.string().describe("Of `canonical`"),
  record: z.object(shown.shape),
  raw: z.string().describe("The network's own bytes, base64"),
});

/** One record and what belongs to it, behind each door. */
export function recordRoutes({
  reading,
  proving,
  doors,
}: {
  reading: Reading;
  proving: Proving;
  doors: readonly Door[];
}): Route[] {
  return doors.flatMap((door) => [
    route({
      method: "get",
      path: `${door.base}/records/:id`,
      action: door.reading,
      summary: "One record, whole, and its place in the log",
      params,
      query: z.object(door.query),
      response: z.object({ record, shard: z.string(), index: count }),
      handle: async ({ principal, params: { id }, query }) =>
        reading.view(id, await door.open(query, principal)),
    }),
    route({
      method: "get",
      path: `${door.base}/records/:id/proof`,
      action: door.reading,
      summary: "What proves a record: its leaf, the checkpoint and the way between them, and what was sealed",
      params,
      query: z.object(door.query),
      response: proof,
      handle: async ({ principal, params: { id }, query }) =>
        proving.of(id, await door.open(query, principal)),
    }),
    route({
      method: "get",
      path: `${door.base}/records/:id/raw`,
      action: door.reading,
      summary: "The network's own bytes of a record",
      params,
      query: z.object(door.query),
      download: true,
      handle: async ({ principal, params: { id }, query, response }) => {
        const raw = await reading.raw(id, await door.open(query, principal));
        response.set({
          "Content-Type": "application/octet-stream",
          "Content-Disposition": `attachment; filename="${id}.raw"`,
          "Content-Security-Policy": "sandbox; default-src 'none'",
          "Cross-Origin-Resource-Policy": "same-origin",
        });
        response.end(raw);
        return undefined;
      },
    }),
    route({
      method: "get",
      path: `${door.base}/records/:id/attachments/:n`,
      action: door.reading,
      summary: "An attachment's content; the connection breaks if it turns out to be altered",
      params: z.object({ id: recordId, n: z.coerce.number().int().min(0).max(999) }),
      query: z.object({
        ...door.query,
        inline: flag()
          .default(false)
          .describe("Names an image or sound as one if its bytes agree; Range is answered then"),
      }),
      download: true,
      handle: async ({ principal, params: { id, n }, query, request, response, signal }) => {
        const found = await reading.attachment(id, n, await door.open(query, principal));
        await serveAttachment(found, { request, response, signal, inline: query.inline });
        return undefined;
      },
    }),
  ]);
}
