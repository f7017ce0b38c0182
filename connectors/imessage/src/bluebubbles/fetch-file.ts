import { attachWhole, type Fetched, type ScopedSink } from "@daybook/keeping";
import type { WaitingFile } from "./captured.ts";
import type { BlueBubblesClient } from "./client.ts";

/** One attempt takes no longer than this, however slowly the bytes come. */
const ATTEMPT_MS = 15 * 60_000;

/**
 * One attempt at an attachment: it may not be on the Mac yet, or any more.
 *
 * @throws {ConnectorError} `store-unavailable`: ours takes nothing, which is no attempt
 */
export async function fetchFile(
  { guid, name, mediaType }: WaitingFile,
  { client, sink, signal }: { client: BlueBubblesClient; sink: ScopedSink; signal: AbortSignal },
): Promise<Fetched> {
  const body = await client.download(guid, AbortSignal.any([signal, AbortSignal.timeout(ATTEMPT_MS)]));
  if ("state" in body) return body;
  return attachWhole({ bytes: body, who: "BlueBubbles" }, { name, mediaType }, sink);
}
