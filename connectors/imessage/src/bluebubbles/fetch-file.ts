import { ConnectorError } from "@daybook/contract";
import type { Fetched, ScopedSink } from "@daybook/keeping";
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
    return { state: "had", attachment: await sink.attach(whole(body), { name, mediaType }) };
  } catch (cause) {
    if (state.isBroken) return { state: "later", why: "BlueBubbles broke it off" };
    if (cause instanceof ConnectorError && cause.code === "too-large")
      return { state: "never", why: "it is larger than is taken" };
    throw cause;
  }
}
