import { ConnectorError, type Sink } from "@daybook/contract";
import type { Fetched } from "./late-attachments.ts";

/**
 * Attaches what one attempt brings: none of it where the other side breaks off, and never what is larger than is taken.
 *
 * @param body.who breaks off, for people
 * @throws {ConnectorError} `store-unavailable`: ours takes nothing, which is no attempt
 */
export async function attachWhole(
  body: { readonly bytes: AsyncIterable<Uint8Array>; readonly who: string },
  about: Parameters<Sink["attach"]>[1],
  sink: Pick<Sink, "attach">,
): Promise<Fetched> {
  const state = { isBroken: false };
  async function* whole(): AsyncGenerator<Uint8Array> {
    try {
      yield* body.bytes;
    } catch (cause) {
      state.isBroken = true;
      throw cause;
    }
  }
  try {
    return { state: "had", attachment: await sink.attach(whole(), about) };
  } catch (cause) {
    if (state.isBroken) return { state: "later", why: `${body.who} broke it off` };
    if (cause instanceof ConnectorError && cause.code === "too-large")
      return { state: "never", why: "it is larger than is taken" };
    throw cause;
  }
}
