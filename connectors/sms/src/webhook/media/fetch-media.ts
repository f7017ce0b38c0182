import type { SealedAttachment } from "@daybook/contract";
import { attachWhole, type Fetched, type ScopedSink } from "@daybook/keeping";
import type { WebhookSource } from "../source.ts";
import { wholeOf } from "./ask.ts";
import { openMedium } from "./open-medium.ts";
import { typeOf, type WaitingMedium } from "./waiting.ts";

/** What is fetched while a provider waits: no more bytes, and no longer. */
const SMALL_BYTES = 1024 * 1024;
const SOON_MS = 4_000;
/** One attempt later takes no longer, however slowly the bytes come. */
const ATTEMPT_MS = 5 * 60_000;
/** Providers take 5 MB in a message, in all. */
const MAX_BYTES = 32 * 1024 * 1024;
const UNKNOWN_TYPE = "application/octet-stream";

/** What is had of them by then, in their order; undefined for one that is large, late or refused. */
export async function fetchSmall(
  wanted: readonly WaitingMedium[],
  source: WebhookSource,
  sink: ScopedSink,
): Promise<readonly (SealedAttachment | undefined)[]> {
  const signal = AbortSignal.timeout(SOON_MS);
  return Promise.all(
    wanted.map(async (one) => {
      const answer = await openMedium(source, one, signal);
      if ("state" in answer) return undefined;
      const type = typeOf(answer.headers["content-type"]);
      // An answer that breaks off has an error besides: it is the iteration's.
      const bytes = await wholeOf(answer, SMALL_BYTES).catch(() => undefined);
      answer.destroy();
      return (
        bytes &&
        sink.attach(only(bytes), { name: one.name, mediaType: one.mediaType || type || UNKNOWN_TYPE })
      );
    }),
  );
}

/**
 * One attempt.
 *
 * @throws {ConnectorError} `store-unavailable`: ours takes nothing, which is no attempt
 */
export async function fetchLate(
  one: WaitingMedium,
  source: WebhookSource | undefined,
  sink: ScopedSink,
  signal: AbortSignal,
): Promise<Fetched> {
  if (!source) return { state: "never", why: "its provider is none of those that are set up any more" };
  const within = AbortSignal.any([signal, AbortSignal.timeout(ATTEMPT_MS)]);
  const answer = await openMedium(source, one, within);
  if ("state" in answer) return answer;
  const type = typeOf(answer.headers["content-type"]);
  let bytes: Buffer;
  try {
    bytes = await wholeOf(answer, MAX_BYTES);
  } catch (cause) {
    return cause instanceof RangeError
      ? { state: "never", why: "it is larger than is taken" }
      : { state: "later", why: "the provider broke it off" };
  } finally {
    answer.destroy();
  }
  const about = { name: one.name, mediaType: one.mediaType || type || UNKNOWN_TYPE };
  return attachWhole({ bytes: only(bytes), who: "the provider" }, about, sink);
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}
