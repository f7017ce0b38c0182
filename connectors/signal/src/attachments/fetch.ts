import { ConnectorError, type SealedAttachment, type Sink } from "@daybook/contract";
import { SignalError } from "../error.ts";
import { openAttachment } from "../protocol/attachment-cipher.ts";
import type { PointerFields } from "../receiving/learn.ts";
import type { WebClient } from "../transport/download.ts";

const MAX_LONG_TEXT = 1024 * 1024;

/** What is needed of an attachment to fetch it and to say what it is. */
export interface Wanted {
  readonly pointer: PointerFields;
  readonly name: string;
  readonly mediaType: string;
  /** It is the whole of a text too long for a message. */
  readonly isText: boolean;
}

export type Fetched =
  | { readonly state: "sealed"; readonly attachment: SealedAttachment; readonly text?: string }
  /** Asking again may help: its server does not answer, or does not have it. */
  | { readonly state: "not-now"; readonly why: string; readonly answered: boolean }
  /** It never will be had, and why. */
  | { readonly state: "never"; readonly why: string };

export interface FetchContext {
  readonly web: WebClient;
  readonly sink: Pick<Sink, "attach">;
  /** What is fetched is given up, and nothing said of it. */
  readonly signal: AbortSignal;
  /** It takes too long: `not-now`. */
  readonly patience: AbortSignal;
}

/**
 * Fetches an attachment and has it sealed while it arrives, with memory for a chunk. It is kept only when its bytes are
 * what its sender vouched for. Repeatable: each call seals an object of its own.
 *
 * @throws {ConnectorError} `store-unavailable`: ours takes nothing
 * @throws {SignalError} `unavailable` once `signal` has aborted
 */
export async function fetchAttachment(
  { pointer, name, mediaType, isText }: Wanted,
  { web, sink, signal, patience }: FetchContext,
): Promise<Fetched> {
  const claim = {
    key: Buffer.from(pointer.key, "base64"),
    digest: Buffer.from(pointer.digest, "base64"),
    sizeBytes: pointer.sizeBytes,
  };
  const text: Uint8Array[] = [];
  try {
    const content = openAttachment(web.attachment(pointer, AbortSignal.any([signal, patience])), claim);
    const kept = isText && pointer.sizeBytes <= MAX_LONG_TEXT ? copying(content, text) : content;
    const attachment = await sink.attach(kept, { name, mediaType });
    const words = text.length > 0 && { text: Buffer.concat(text).toString("utf8") };
    return { state: "sealed", attachment, ...words };
  } catch (cause) {
    const told = rootOf(cause);
    if (told instanceof ConnectorError && told.code === "too-large")
      return { state: "never", why: "An attachment is larger than is kept" };
    if (!(told instanceof SignalError)) throw told;
    if (told.code === "attachment-invalid")
      return { state: "never", why: `An attachment is not what its sender vouched for: ${told.message}` };
    if (told.code === "attachment-missing")
      return { state: "not-now", why: "An attachment was not at Signal any more", answered: true };
    if (!told.retryable || signal.aborted) throw told;
    const why = "An attachment could not be fetched in time";
    return { state: "not-now", why, answered: patience.aborted };
  }
}

/** A sink wraps what broke the body that it reads. */
function rootOf(error: unknown): unknown {
  let told = error;
  while (
    told instanceof ConnectorError &&
    told.code === "store-unavailable" &&
    told.cause instanceof SignalError
  )
    told = told.cause;
  return told;
}

async function* copying(body: AsyncIterable<Uint8Array>, into: Uint8Array[]): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    into.push(Buffer.from(chunk));
    yield chunk;
  }
}
