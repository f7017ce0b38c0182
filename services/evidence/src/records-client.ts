import { network } from "@daybook/contract";
import type { ApiClient } from "@daybook/runtime";
import { z } from "zod";
import { asked } from "./asked.ts";
import { EvidenceError } from "./error.ts";
import type { RecordsService } from "./ports.ts";

const matter = z.object({
  id: z.string(),
  title: z.string(),
  kind: z.string(),
  closedAt: z.string().nullable(),
});
const instants = { from: z.string().exactOptional(), to: z.string().exactOptional() };
const outside = z.object({
  id: z.string(),
  parties: z.array(z.object({ network, ids: z.array(z.string()), ...instants })),
  unconfirmed: z.array(
    z.object({
      network: z.string(),
      identifier: z.string(),
      side: z.string(),
      silentFrom: z.string(),
      silentTo: z.string(),
      records: z.int(),
    }),
  ),
});
const disposed = z.object({ id: z.string(), auditId: z.string(), shard: z.string(), index: z.int() });
const disposedPage = z.object({ disposals: z.array(disposed), next: z.string().nullable() });
const chosen = z.object({ id: z.string().regex(/^[0-9a-f]{32}$/) });
const end = z.object({ ok: z.literal(true), count: z.int() });
const pastPage = z.object({
  exports: z.array(
    z.object({
      id: z.string(),
      at: z.string(),
      by: z.string().nullable(),
      name: z.string().nullable(),
      of: z.enum(["everything", "filters", "selection"]),
    }),
  ),
  next: z.string().nullable(),
});

/** The records service, as it answers other services. */
export function recordsClient(services: ApiClient): RecordsService {
  return {
    matter: (id) =>
      asked("no-such-matter", () =>
        services.call("get", "/internal/v1/matters/:id", { params: { id }, response: matter }),
      ),
    custodian: async (name) => {
      const found = await asked("no-such-custodian", () =>
        services.call("post", "/internal/v1/custodians/resolve", {
          body: { name, create: false, actor: "evidence" },
          response: z.object({ id: z.string() }),
        }),
      );
      return found.id;
    },
    participant: (name) =>
      asked("no-such-participant", () =>
        services.call("post", "/internal/v1/participants/resolve", { body: { name }, response: outside }),
      ),
    async *disposals() {
      let after: string | undefined;
      do {
        const query = { ...(after !== undefined && { after }) };
        const got = await asked("unavailable", () =>
          services.call("get", "/internal/v1/disposed", { query, response: disposedPage }),
        );
        yield* got.disposals;
        after = got.next ?? undefined;
      } while (after !== undefined);
    },
    async *selection(id) {
      const { body } = await asked("no-such-matter", () =>
        services.download("/internal/v1/matters/:id/selection", { params: { id } }),
      );
      let count = 0;
      try {
        for await (const line of linesOf(body)) {
          const value: unknown = JSON.parse(line);
          const last = end.safeParse(value);
          if (last.success && last.data.count === count) return;
          yield chosen.parse(value).id;
          count += 1;
        }
      } catch (cause) {
        throw cutOff(cause);
      }
      throw cutOff();
    },
    exports: (id, { limit, cursor }) =>
      asked("no-such-matter", () =>
        services.call("get", "/internal/v1/matters/:id/exports", {
          params: { id },
          query: { limit, cursor },
          response: pastPage,
        }),
      ),
  };
}

async function* linesOf(body: AsyncIterable<Buffer>): AsyncGenerator<string, void, undefined> {
  let rest = "";
  for await (const chunk of body) {
    // Ids are ASCII: no character is cut in two.
    const lines = (rest + chunk.toString("latin1")).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

/** Less than all would seem to be all. */
function cutOff(cause?: unknown): EvidenceError {
  return new EvidenceError("unavailable", "the selection cannot be read just now: try again", { cause });
}
