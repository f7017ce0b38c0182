import { attachWhole, type Fetched, type ScopedSink } from "@daybook/keeping";
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
  const about = { name: wanted.name, mediaType: wanted.mediaType };
  const fetched = await attachWhole({ bytes: body, who: "Meta" }, about, sink);
  if (fetched.state !== "had") return fetched;
  const hashes = [wanted.sha256, found.sha256].filter((one) => one !== undefined);
  if (hashes.every((hash) => isHash(hash, fetched.attachment.sha256))) return fetched;
  return { state: "later", why: "its bytes are others than Meta's hash says" };
}

/** Meta writes hashes in hex or base64. */
function isHash(given: string, hex: string): boolean {
  return given.toLowerCase() === hex || given === Buffer.from(hex, "hex").toString("base64");
}
