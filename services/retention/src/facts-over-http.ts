import type { ApiClient } from "@daybook/runtime";
import { z } from "zod";
import { RetentionError } from "./error.ts";
import type { RetentionFacts } from "./options.ts";

const MAX_LINE = 4_096;
const digest = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().nonnegative();

const disposedPage = z.object({
  disposals: z.array(z.object({ shard: z.string(), index: count })),
  next: z.string().nullable(),
});
const heldSegment = z.object({ digest });
const claimedAttachment = z.strictObject({ sealed: digest, held: z.boolean() });
const shardsReport = z.object({
  shards: z.array(z.object({ shard: z.string(), settled: count, lag: count })),
});

/**
 * The facts, asked of the records service and the archiver: `GET /internal/v1/disposed`, `held-segments`,
 * `claimed-attachments` and `shards`, `POST /internal/v1/archived`. Every failure is `facts-unavailable`.
 *
 * @param client with a token that internal routes accept
 */
export function factsOverHttp(client: ApiClient): RetentionFacts {
  return {
    async *disposed() {
      let after: string | undefined;
      do {
        const page = await asked(() =>
          client.call("get", "/internal/v1/disposed", { query: { after }, response: disposedPage }),
        );
        yield* page.disposals;
        after = page.next ?? undefined;
      } while (after !== undefined);
    },
    async *heldSegments() {
      for await (const segment of lines(client, "/internal/v1/held-segments", heldSegment))
        yield segment.digest;
    },
    claimed: () => lines(client, "/internal/v1/claimed-attachments", claimedAttachment),
    async archived(signal) {
      await asked(async () => {
        const { shards } = await client.call("get", "/internal/v1/shards", {
          signal,
          response: shardsReport,
        });
        for (const { shard, settled, lag } of shards) {
          const body = { shard, offset: settled + lag, flush: true };
          await client.call("post", "/internal/v1/archived", { body, signal });
        }
      });
    },
  };
}

/** JSON lines; one that does not fit, such as `{ok: false}` at the end of an answer that failed, is an error. */
async function* lines<T>(
  client: ApiClient,
  path: string,
  schema: z.ZodType<T>,
): AsyncGenerator<T, void, undefined> {
  const { body } = await asked(() => client.download(path));
  const pieces = body.setEncoding("utf8")[Symbol.asyncIterator]() as AsyncIterator<string>;
  let rest = "";
  try {
    for (;;) {
      const piece = await asked(() => pieces.next());
      if (piece.done) break;
      const parts = `${rest}${piece.value}`.split("\n");
      rest = parts.pop() ?? "";
      if (rest.length > MAX_LINE) break;
      for (const line of parts) yield await asked(() => schema.parseAsync(JSON.parse(line)));
    }
    if (rest !== "")
      throw new RetentionError("facts-unavailable", "an answer was cut short: nothing is removed");
  } finally {
    body.destroy();
  }
}

async function asked<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    if (cause instanceof RetentionError) throw cause;
    throw new RetentionError(
      "facts-unavailable",
      "the services did not say what is needed: nothing is removed",
      { cause },
    );
  }
}
