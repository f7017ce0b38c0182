import { readFile, rename, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { type ApiClient, type Logger, type Route, route } from "@daybook/runtime";
import { StreamError } from "@daybook/stream";
import { z } from "zod";
import type { IngestKeys } from "./ingest-keys.ts";

const RENEW_MS = 5 * 60_000;
const AGAIN_MS = 2_000;
const ASK_MS = 10_000;
/** A producer that has no spool of its own does not go on with a key that it could not renew for so long. */
const STALE_MS = 30 * 60_000;
/** After which no such producer uses a key that was superseded. */
export const KEY_OVERLAP_MS = 2 * STALE_MS;

const publicKey = z.strictObject({
  kid: z.string().regex(/^[0-9a-f]{16}$/),
  publicKey: z.base64(),
});
type PublicKey = z.infer<typeof publicKey>;

/** What archivers answer: the key to encrypt to. */
export function ingestKeyRoute(ingest: IngestKeys): Route {
  return route({
    method: "get",
    path: "/internal/v1/ingest-key",
    action: "internal",
    summary: "The public key that events are encrypted to",
    response: publicKey,
    handle: () => Promise.resolve(ingest.current()),
  });
}

/** The public key that this process encrypts to, kept up to date. */
export interface IngestPublicKey {
  /** Base64. @throws {StreamError} `unavailable` (retryable) when it is not known, or may be too old */
  publicKey(): string;
  /** The key in use, and since when this process has used no older one. */
  inUse(): { readonly kid: string; readonly since: Date } | undefined;
  /** Resolves once a key is known. */
  readonly known: Promise<void>;
  /** Renews it every few minutes until `signal` aborts. */
  keep(signal: AbortSignal): Promise<void>;
}

/**
 * @param options.client of the archivers
 * @param options.cache a file to go on from while no archiver answers, for a producer whose spool may hold what is under
 *   an old key: without it, an old key is given up after half an hour
 */
export async function openIngestPublicKey(options: {
  readonly client: Pick<ApiClient, "call">;
  readonly cache?: string;
  readonly log: Logger;
}): Promise<IngestPublicKey> {
  const { client, cache, log } = options;
  let known: (PublicKey & { since: Date }) | undefined;
  let renewedAt = Number.NEGATIVE_INFINITY;
  const first: PromiseWithResolvers<void> = Promise.withResolvers();
  if (cache !== undefined) {
    const kept = await readFile(cache, "utf8").then(parsed, () => undefined);
    if (kept) {
      known = { ...kept, since: new Date() };
      first.resolve();
    }
  }

  async function renew(signal: AbortSignal): Promise<void> {
    const asked = AbortSignal.any([signal, AbortSignal.timeout(ASK_MS)]);
    const found = await client.call("get", "/internal/v1/ingest-key", { signal: asked, response: publicKey });
    renewedAt = performance.now();
    if (found.kid === known?.kid) return;
    if (cache !== undefined) {
      await writeFile(`${cache}.new`, JSON.stringify(found), { mode: 0o600, flush: true });
      await rename(`${cache}.new`, cache);
    }
    known = { ...found, since: new Date() };
    first.resolve();
  }

  return {
    publicKey() {
      const isStale = cache === undefined && performance.now() - renewedAt > STALE_MS;
      if (!known || isStale)
        throw new StreamError("unavailable", "no archiver says which key to encrypt to: see its log");
      return known.publicKey;
    },
    known: first.promise,
    inUse: () => known && { kid: known.kid, since: known.since },
    async keep(signal) {
      while (!signal.aborted) {
        const renewed = await renew(signal).then(
          () => true,
          (err: unknown) => {
            if (!signal.aborted) log.warn({ err }, "no archiver says which key to encrypt to, asking again");
            return false;
          },
        );
        await sleep(renewed ? RENEW_MS : AGAIN_MS, undefined, { signal }).catch(() => undefined);
      }
    },
  };
}

function parsed(text: string): PublicKey | undefined {
  try {
    return publicKey.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
