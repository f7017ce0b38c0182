import { ConnectorError } from "@daybook/contract";
import type { Fetched, ScopedSink } from "@daybook/keeping";
import type { GraphClient } from "../graph/graph-client.ts";
import type { WaitingMedia } from "./waiting.ts";

/** One attempt takes no longer than this, however slowly the bytes come. */
const ATTEMPT_MS = 15 * 60_000;

/**
 * One attempt at a medium: its address, its bytes, their hash.
 *
 * @throws {ConnectorError} `store-unavailable`: ours takes nothing, which is no attempt
 */
export async function fetchMedia(
  wanted: WaitingMedia,
  { graph, sink, signal }: { graph: GraphClient; sink: ScopedSink; signal: AbortSignal },
): Promise<Fetched> {
  const within = AbortSignal.any([signal, AbortSignal.timeout(ATTEMPT_MS)]);
  const found = await graph.media(wanted.id, wanted.core.account, within);
  if ("state" in found) return found;
  const body = await graph.download(found.url, within);
  if ("state" in body) return body;
  const state = { isBroken: false };
  async function* whole(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* bytes;
    } catch (cause) {
      state.isBroken = true;
      throw cause;
    }
  }
  try {
    const attachment = await sink.attach(whole(body), { name: wanted.name, mediaType: wanted.mediaType });
    const hashes = [wanted.sha256, found.sha256].filter((one) => one !== undefined);
    if (hashes.every((hash) => isHash(hash, attachment.sha256))) return { state: "had", attachment };
    return { state: "later", why: "its bytes are others than Meta's hash says" };
  } catch (cause) {
    if (state.isBroken) return { state: "later", why: "Meta broke it off" };
    if (cause instanceof ConnectorError && cause.code === "too-large")
      return { state: "never", why: "it is larger than is taken" };
    throw cause;
  }
}

/** Meta writes hashes in hex or base64. */
function isHash(given: string, hex: string): boolean {
  return given.toLowerCase() === hex || given === Buffer.from(hex, "hex").toString("base64");
}
