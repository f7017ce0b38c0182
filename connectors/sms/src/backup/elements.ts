import type { SuppliedFile } from "@daybook/contract";
import { SaxesParser } from "saxes";
import { isMalformed, malformed } from "./malformed.ts";
import { withLegalReferences } from "./references.ts";
import { type LeftValue, type Tag, Tags } from "./tags.ts";

/** A tag's attributes, as they are read. */
export interface Read {
  readonly attributes: Readonly<Record<string, string>>;
  /** Values that are left in the file, by their name. */
  readonly left: ReadonlyMap<string, LeftValue>;
}

/** What stands right below the root, with what is in it. */
export interface Element extends Read {
  readonly name: string;
  /** In the file, bytes. */
  readonly start: number;
  readonly line: number;
  /** As it is written, but for what is left in the file. */
  readonly raw: Buffer;
  /** `parts/part` of an MMS. */
  readonly parts: readonly Read[];
  /** `addrs/addr` of an MMS. */
  readonly addresses: readonly Read[];
  /** Why it is not all of what stands in the file. */
  readonly doubts: readonly Doubt[];
}

export type Doubt = "not-well-formed" | "too-long";

/** From there on nothing could be read. */
export interface Rest {
  readonly name: undefined;
  readonly start: number;
  readonly line: number;
  readonly why: string;
}

export const ROOT = "smses";
const LEAVES: Readonly<Record<string, "parts" | "addresses">> = {
  "parts/part": "parts",
  "addrs/addr": "addresses",
};
/** Root, message, list, item; one more is none of a backup's. */
const MAX_DEPTH = 6;
const MAX_RAW_BYTES = 640 * 1024;
const MAX_LEAVES = { parts: 1_000, addresses: 250 } as const;

type Writable<T> = { -readonly [K in keyof T]: T[K] };
interface Growing extends Writable<Omit<Element, "raw" | "parts" | "addresses" | "doubts">> {
  readonly raw: Buffer[];
  readonly parts: Read[];
  readonly addresses: Read[];
  readonly doubts: Set<Doubt>;
  rawBytes: number;
}

/**
 * The messages of a backup in the order of the file. Where it breaks off, or is no XML any more, what was whole by then was
 * given, and the rest is said. Memory does not grow with the file.
 *
 * @param start of its text, after a byte order mark
 * @throws {ConnectorError} `malformed` where nothing of it can be read
 */
export async function* elementsOf(file: SuppliedFile, start: number): AsyncGenerator<Element | Rest> {
  const tags = new Tags(start);
  const elements = new Elements();
  let line = 1;
  let why: string | undefined;
  try {
    for await (const chunk of file.read(start, file.sizeBytes)) {
      const buffer = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      for (const tag of tags.push(buffer)) {
        const element = elements.take(tag);
        line = tag.line;
        if (element) yield element;
      }
    }
    if (!tags.isWhole || !elements.isOver) why = "the file ends in the middle";
  } catch (error) {
    if (!isMalformed(error) || !elements.isBegun) throw error;
    why = error.message;
  }
  if (why === undefined) return;
  if (!elements.isBegun) throw malformed(why);
  yield { name: undefined, start: elements.openedAt ?? tags.reached, line, why };
}

const CLOSING = /^<\/([^\s>]+)\s*>$/;

class Elements {
  #parser = parserOf();
  readonly #names: string[] = [];
  #growing: Growing | undefined;
  isBegun = false;
  isOver = false;

  /** Of an element that has not ended. */
  get openedAt(): number | undefined {
    return this.#growing?.start;
  }

  /** @returns the element that ends with this tag */
  take(tag: Tag): Element | undefined {
    if (this.isOver) throw malformed("something follows its end");
    const written = withLegalReferences(tag.bytes.toString("utf8").trim());
    const isGood = written.startsWith("</") ? this.#closed(written) : this.#opened(written, tag);
    this.isOver = this.isBegun && this.#names.length === 0;
    const growing = this.#growing;
    if (!growing) {
      if (!isGood) throw malformed("its root is not well-formed XML");
      return undefined;
    }
    if (!isGood) growing.doubts.add("not-well-formed");
    grow(growing, tag);
    if (this.#names.length > 1) return undefined;
    this.#growing = undefined;
    const { raw, rawBytes: _, doubts, ...read } = growing;
    return { ...read, raw: Buffer.concat(raw), doubts: [...doubts] };
  }

  /** @returns whether it ends what was opened last; it ends what it names, and what is in that */
  #closed(written: string): boolean {
    const name = CLOSING.exec(written)?.[1];
    const at = name === undefined ? -1 : this.#names.lastIndexOf(name);
    if (at < 0) return false;
    const isLast = at === this.#names.length - 1;
    this.#names.length = at;
    return isLast;
  }

  /** @returns whether it is well-formed */
  #opened(written: string, tag: Tag): boolean {
    const isEmpty = written.endsWith("/>");
    const read = this.#read(isEmpty ? written : `${written.slice(0, -1)}/>`);
    const name = read?.name ?? /^<([^\s/>]+)/.exec(written)?.[1] ?? "";
    if (this.#names.length === 0) this.#begin(name, read !== undefined, isEmpty);
    else this.#put(name, { attributes: read?.attributes ?? {}, left: tag.left }, tag);
    if (!isEmpty) this.#names.push(name);
    if (this.#names.length > MAX_DEPTH) throw malformed("its elements stand too deep in each other");
    return read !== undefined;
  }

  #begin(name: string, isGood: boolean, isEmpty: boolean): void {
    if (name !== ROOT || !isGood) throw malformed("its root is another, or not well-formed XML");
    this.isBegun = true;
    if (isEmpty) this.isOver = true;
  }

  #put(name: string, read: Read, { start, line }: Tag): void {
    const growing = this.#growing;
    if (!growing) {
      const empty = { raw: [], parts: [], addresses: [], doubts: new Set<Doubt>(), rawBytes: 0 };
      this.#growing = { name, start, line, ...read, ...empty };
      return;
    }
    const leaves = LEAVES[[...this.#names.slice(2), name].join("/")];
    if (!leaves) return;
    if (growing[leaves].length < MAX_LEAVES[leaves] && growing.rawBytes <= MAX_RAW_BYTES)
      growing[leaves].push(read);
    else growing.doubts.add("too-long");
  }

  /** Reads one tag by itself, so that whatever is wrong with it ends with it. @returns undefined for what is not well-formed */
  #read(empty: string): { name: string; attributes: Record<string, string> } | undefined {
    const { parser, found } = this.#parser;
    found.length = 0;
    parser.write(empty);
    const [one] = found;
    if (found.length === 1 && one) return one;
    this.#parser = parserOf();
    return undefined;
  }
}

function grow(growing: Growing, { bytes }: Tag): void {
  // What stands before its first tag is not its own.
  const own = growing.rawBytes === 0 ? bytes.subarray(bytes.indexOf("<")) : bytes;
  growing.rawBytes += own.length;
  if (growing.rawBytes <= MAX_RAW_BYTES) growing.raw.push(own);
  else growing.doubts.add("too-long");
}

interface Parsing {
  readonly parser: SaxesParser;
  /** Of what was written last: one tag, or what is wrong with it. */
  readonly found: ({ name: string; attributes: Record<string, string> } | undefined)[];
}

function parserOf(): Parsing {
  const parser = new SaxesParser({ position: false, fragment: true });
  const found: Parsing["found"] = [];
  parser.on("error", () => found.push(undefined));
  parser.on("opentag", ({ name, attributes }) => {
    // Without namespaces its values are strings.
    found.push({ name, attributes: attributes as Record<string, string> });
  });
  return { parser, found };
}
