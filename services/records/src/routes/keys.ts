import { formatRecipients } from "@daybook/openpgp";
import { type Route, route } from "@daybook/runtime";
import { z } from "zod";
import type { KeyChanges } from "../keys/key-changes.ts";
import type { KeyNeeds } from "../keys/key-needs.ts";
import type { Rewraps } from "../keys/rewraps.ts";
import { instantOrDay, START_OF_DAY } from "./fields.ts";
import { sendLines } from "./operations.ts";

const count = z.int().nonnegative();
const fingerprint = z
  .string()
  .max(64)
  .transform((text) => text.replaceAll(/\s/g, "").toUpperCase())
  .pipe(z.string().regex(/^[0-9A-F]{40}$/, "a fingerprint has 40 hex digits"));

const key = z.object({
  fingerprint: z.string(),
  keyIds: z.array(z.string()).readonly(),
  userIds: z.array(z.string()).readonly(),
  role: z.enum(["archive", "escrow"]),
  from: z.string().nullable(),
  retired: z.string().nullable(),
  inForce: z.boolean(),
  held: z.boolean(),
});

const rewrapStatus = z.object({
  id: z.uuid(),
  to: z.string(),
  drop: z.string().nullable(),
  state: z.enum(["running", "done", "incomplete"]),
  startedBy: z.string(),
  startedAt: z.string(),
  endedAt: z.string().nullable(),
  named: count,
  failed: count,
  progress: z.object({ read: count, of: count, rewrapped: count, failed: count }).nullable(),
});

/** Progress is told once so many things were looked at. */
const PROGRESS_EVERY = 500;

/** The keys that the archive is encrypted to: never a secret, nor a session key. */
export function keyRoutes(of: { keyChanges: KeyChanges; needs: KeyNeeds; rewraps: Rewraps }): Route[] {
  const { keyChanges, needs, rewraps } = of;
  return [
    route({
      method: "get",
      path: "/api/v1/keys",
      action: "keys.read",
      summary: "Whom the archive is, will be and was encrypted to",
      response: z.object({ keys: z.array(key) }),
      handle: () => Promise.resolve({ keys: keyChanges.list() }),
    }),
    route({
      method: "get",
      path: "/api/v1/keys/census",
      action: "keys.read",
      summary:
        "How much is wrapped to each key: JSON lines `{checked}`, `{where, total, byKey, unknown, damaged}` a place, then `{ok}`",
      download: true,
      handle: async ({ response }) => {
        await sendLines(response, async (line) => {
          for await (const census of needs.census(sometimes(line))) await line(census);
          await line({ ok: true });
        });
        return undefined;
      },
    }),
    route({
      method: "post",
      path: "/api/v1/keys",
      action: "keys.manage",
      summary:
        "Add a key from an instant on: made here without `publicKey`; `recipients` is the file for the archivers",
      body: z.object({
        role: z.enum(["archive", "escrow"]).default("archive"),
        from: instantOrDay(START_OF_DAY).optional(),
        publicKey: z.string().min(1).max(65_536).optional(),
      }),
      response: z.object({ key, recipients: z.string() }),
      handle: async ({ principal, body: { role, from, publicKey } }) => {
        const wanted = { role, publicKey, from: from === undefined ? undefined : new Date(from) };
        const { key: added, recipients } = await keyChanges.add(wanted, principal.id);
        return { key: added, recipients: formatRecipients(recipients) };
      },
    }),
    route({
      method: "post",
      path: "/api/v1/keys/:fingerprint/retire",
      action: "keys.manage",
      summary: "Retire a key that nothing needs: JSON lines `{checked}`, then `{ok, key, needed, why}`",
      params: z.object({ fingerprint }),
      download: true,
      handle: async ({ principal, params, response }) => {
        await sendLines(response, async (line) => {
          const answer = await keyChanges.retire(params.fingerprint, principal.id, sometimes(line));
          await line({ ok: answer.why === null, ...answer });
        });
        return undefined;
      },
    }),
    route({
      method: "post",
      path: "/api/v1/keys/rewraps",
      action: "keys.manage",
      summary:
        "Wrap every key block, and the keys of the catalogue's cells, to a key too, and to another no longer",
      body: z.object({ to: fingerprint, drop: fingerprint.optional() }),
      response: rewrapStatus,
      handle: ({ principal, body }) => rewraps.start(body, principal.id),
    }),
    route({
      method: "get",
      path: "/api/v1/keys/rewraps",
      action: "keys.read",
      summary: "The latest re-wraps, and how far the one is that runs",
      response: z.object({ rewraps: z.array(rewrapStatus) }),
      handle: async () => ({ rewraps: await rewraps.list() }),
    }),
  ];
}

/** Tells of every so many things. Nobody waits for the line to be taken: it is small. */
function sometimes(line: (value: object) => Promise<void>): (checked: Record<string, number>) => void {
  let told = 0;
  return (checked) => {
    const total = Object.values(checked).reduce((sum, n) => sum + n, 0);
    if (total - told < PROGRESS_EVERY) return;
    told = total;
    void line({ checked: { ...checked } });
  };
}
