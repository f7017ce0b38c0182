import { apiClient, type Route, route } from "@daybook/runtime";
import { z } from "zod";

const ASK_MS = 10_000;

const spoolAnswer = z.strictObject({
  /** The ingest key in use, and since when nothing older is used; null while none is known. */
  key: z.strictObject({ kid: z.string(), since: z.iso.datetime() }).nullable(),
  /** When the oldest event that is not on the stream was taken; null when all are. */
  oldestUnsentAt: z.iso.datetime().nullable(),
});
export type SpoolAnswer = z.infer<typeof spoolAnswer>;

/** What a capture service answers of its spool. */
export function spoolRoute(ask: () => Promise<SpoolAnswer> | SpoolAnswer): Route {
  return route({
    method: "get",
    path: "/internal/v1/spool",
    action: "internal",
    summary: "Which ingest keys the spool still needs",
    response: spoolAnswer,
    handle: () => Promise.resolve(ask()),
  });
}

/**
 * Whether a capture service may still need an ingest key that is not the newest: it has not come to a newer one, or
 * holds events that it took before. One that does not answer may.
 */
export function askSpools(of: {
  readonly urls: readonly string[];
  readonly token: string;
  readonly ca: string | undefined;
}): (kid: string) => Promise<boolean> {
  const clients = of.urls.map((url) => apiClient({ ...of, url }));
  return async (kid) => {
    const needs = await Promise.all(
      clients.map(async (client) => {
        try {
          const { key, oldestUnsentAt } = await client.call("get", "/internal/v1/spool", {
            signal: AbortSignal.timeout(ASK_MS),
            response: spoolAnswer,
          });
          if (!key || key.kid === kid) return true;
          return oldestUnsentAt !== null && oldestUnsentAt <= key.since;
        } catch {
          return true;
        }
      }),
    );
    return needs.includes(true);
  };
}
