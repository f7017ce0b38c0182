import { ArchiveError } from "@daybook/archive-core";
import {
  leadsTo,
  MAX_STAMP_BYTES,
  openStamp,
  type Stamp,
  timestampQuery,
  type CertificateSet,
} from "@daybook/timestamp";
import { WitnessingError } from "./error.ts";
import { post } from "./exchange.ts";

/** An authority's answer, which has been checked. */
export interface Stamped {
  /** The whole TimeStampResp. */
  readonly reply: Buffer;
  readonly stamp: Stamp;
}

/**
 * Has bytes stamped. May be repeated: each time is another stamp.
 *
 * @param options.trusted certificates that the stamp has to lead to, if any were given
 * @param options.signal bounds it in time
 * @throws {WitnessingError} `unavailable`; `bad-answer`: not a good stamp of these bytes
 */
export async function askTsa(
  data: Uint8Array,
  { url, trusted, signal }: { url: string; trusted: CertificateSet | undefined; signal: AbortSignal },
): Promise<Stamped> {
  const query = timestampQuery(data);
  const { status, mediaType, body } = await post(url, {
    body: query.bytes,
    mediaType: "application/timestamp-query",
    maxBytes: MAX_STAMP_BYTES,
    signal,
  });
  if (status === 429 || status >= 500)
    throw new WitnessingError("unavailable", `the time-stamp authority answers with status ${status}`);
  if (status !== 200 || mediaType !== "application/timestamp-reply")
    throw new WitnessingError("bad-answer", `no time-stamp authority answers there (status ${status})`);
  try {
    const stamp = openStamp(body, data, query.nonce);
    if (trusted && !leadsTo(stamp, trusted))
      throw new WitnessingError("bad-answer", "the stamp does not lead to the given certificates");
    return { reply: body, stamp };
  } catch (cause) {
    if (cause instanceof ArchiveError) throw new WitnessingError("bad-answer", cause.message, { cause });
    throw cause;
  }
}
