import { StringDecoder } from "node:string_decoder";
import { BadFile } from "./problems.ts";

/** Longest line of a package's tables: a row with the largest record's recipients, in characters. */
const MAX_LINE = 16 * 1024 * 1024;

/** Lines without their LF. @throws {BadFile} for a last line without LF, or one that is too long */
export async function* lines(body: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  for await (const chunk of body) {
    const text = rest + decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    let from = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", from)) {
      yield text.slice(from, end);
      from = end + 1;
    }
    rest = text.slice(from);
    if (rest.length > MAX_LINE) throw new BadFile("a line is too long");
  }
  if (rest + decoder.end() !== "") throw new BadFile("the last line has no end");
}

/** Rows of a table with RFC 4180 quoting, as written: a line end between quotes belongs to the row. */
export async function* rows(body: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  let open = "";
  let isOpen = false;
  for await (const line of lines(body)) {
    const row = isOpen ? `${open}\n${line}` : line;
    // An even number of quotes in the line leaves the row as open or closed as it was.
    const flips = line.includes('"') && (line.split('"').length - 1) % 2 === 1;
    isOpen = isOpen !== flips;
    open = isOpen ? row : "";
    if (!isOpen) yield row;
    if (open.length > MAX_LINE) throw new BadFile("a row is too long");
  }
  if (isOpen) throw new BadFile("a quote is not closed");
}
