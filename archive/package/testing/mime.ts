/** A MIME entity, taken apart: enough of RFC 5322 and 2045 to check what the package writes. */
export interface MimePart {
  /** Unfolded values by lower-case name; encoded words as they stand. */
  readonly headers: ReadonlyMap<string, string>;
  readonly content: Buffer;
}

/** @throws {Error} when head and body are not told apart, or a header line is none */
export function parsePart(bytes: Buffer): MimePart {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) throw new Error("no empty line behind the headers");
  const headers = new Map<string, string>();
  for (const line of bytes
    .toString("utf8", 0, end)
    .replace(/\r\n[ \t]/g, " ")
    .split("\r\n")) {
    const [, name, value] = /^([!-9;-~]+): ?(.*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) throw new Error("not a header line");
    if (headers.has(name.toLowerCase())) throw new Error(`two headers ${name}`);
    headers.set(name.toLowerCase(), value);
  }
  return { headers, content: bytes.subarray(end + 4) };
}

/** The parts of a multipart entity. @throws {Error} */
export function partsOf({ headers, content }: MimePart): MimePart[] {
  const boundary = /^multipart\/mixed;\s+boundary="([^"]+)"$/.exec(headers.get("content-type") ?? "")?.[1];
  if (boundary === undefined) throw new Error("not multipart/mixed");
  const [preamble = "", ...rest] = `\r\n${content.toString("latin1")}`.split(`\r\n--${boundary}`);
  const epilogue = rest.pop();
  if (preamble.trim() !== "" || epilogue !== "--\r\n")
    throw new Error("the parts do not end where they should");
  return rest.map((part) => parsePart(Buffer.from(part.slice(2), "latin1")));
}

/** A part's content without its transfer encoding. @throws {Error} */
export function decoded({ headers, content }: MimePart): Buffer {
  const encoding = headers.get("content-transfer-encoding");
  if (encoding === "7bit") return content;
  if (encoding !== "base64") throw new Error("an unknown transfer encoding");
  const text = content.toString("latin1");
  if (/[^\r\n]{77}/.test(text)) throw new Error("a line of base64 is longer than 76 characters");
  return Buffer.from(text, "base64");
}

/** Text with its RFC 2047 encoded words decoded. */
export function decodedWords(value: string): string {
  return value
    .replace(/\?=\s+=\?/g, "?==?")
    .replace(/=\?utf-8\?B\?([A-Za-z0-9+/=]*)\?=/g, (_, base64: string) =>
      Buffer.from(base64, "base64").toString(),
    );
}
