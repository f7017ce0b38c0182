import { malformed } from "./malformed.ts";

/** As a serialiser writes the ends of lines. */
const LINE_END = /&#(?:10|13|x0*[aAdD]);|\s+/g;
const UNFINISHED = /&[^;]{0,6}$/;
const ALPHABET = /^[A-Za-z0-9+/]*={0,2}$/;
const GROUP = 4;

/** Bytes that are written as base64 in a file. @throws {ConnectorError} `malformed` for anything else */
export async function* decoded(written: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let rest = "";
  let isPadded = false;
  const decode = (text: string) => {
    if (!ALPHABET.test(text) || (isPadded && text !== "")) throw malformed("an attachment is no base64");
    isPadded = text.endsWith("=");
    return Buffer.from(text, "base64");
  };
  for await (const chunk of written) {
    const text = rest + Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString("latin1");
    const unfinished = UNFINISHED.exec(text)?.[0] ?? "";
    const plain = text.slice(0, text.length - unfinished.length).replace(LINE_END, "");
    const whole = plain.length - (plain.length % GROUP);
    rest = plain.slice(whole) + unfinished;
    if (whole > 0) yield decode(plain.slice(0, whole));
  }
  if (rest !== "") yield decode(rest);
}
