import { type HeaderBlock, readHeaderBlock, withoutTrace } from "./header-block.ts";
import type { MailReader } from "./mail-reader.ts";
import type { Authenticity, ReadResult } from "./reading.ts";

/** All that is known of a message by itself. */
export interface ReadMessage {
  readonly block: HeaderBlock;
  /** Without the trace that relays put in front. */
  readonly stable: Uint8Array;
  readonly result: ReadResult;
  /** Only where it is signed, and signatures are checked. */
  readonly authenticity?: Authenticity;
}

/** Reads a message and checks what signs it. Never rejects for anything that it holds. */
export async function readMessage(message: Uint8Array, reader: MailReader): Promise<ReadMessage> {
  const block = readHeaderBlock(message);
  const result = await reader.read(message);
  const isSigned = block.fields.some(({ name }) => name === "dkim-signature" || name === "arc-seal");
  const authenticity = isSigned ? await reader.check(message) : undefined;
  return { block, stable: withoutTrace(message, block), result, ...(authenticity && { authenticity }) };
}
