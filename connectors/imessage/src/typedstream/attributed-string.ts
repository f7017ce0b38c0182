import { type Instance, isInstance, type Item, readTypedstream, TypedstreamError } from "./stream.ts";

/** Characters of a message's body that share attributes. */
export interface BodyRun {
  readonly text: string;
  /** Texts and numbers by name; what else an attribute may be is left out. */
  readonly attributes: ReadonlyMap<string, string | number>;
}

/** Stands for an attachment, or for what an app puts in. */
export const OBJECT_CHARACTER = "\ufffc";

/**
 * The runs of an attributed string, as `attributedBody` and the versions of an edited message hold it.
 *
 * @throws {TypedstreamError} for any other typedstream, and whatever is none
 */
export function readAttributedString(bytes: Buffer): readonly BodyRun[] {
  const root = readTypedstream(bytes);
  if (!root.classes.includes("NSAttributedString"))
    throw new TypedstreamError("another object than an attributed string");
  const [head, ...rest] = root.items;
  const shared: Shared = { texts: new Map(), dictionaries: new Map() };
  const text = textOf(head, shared);
  if (text === undefined) throw new TypedstreamError("an attributed string without a string");
  const known = new Map<number, BodyRun["attributes"]>();
  const runs: BodyRun[] = [];
  let from = 0;
  for (let i = 0; i < rest.length && from < text.length;) {
    const number = rest[i];
    const length = rest[i + 1];
    if (typeof number !== "number" || typeof length !== "number" || length < 0)
      throw new TypedstreamError("a run without a length");
    i += 2;
    let attributes = known.get(number);
    if (attributes === undefined) {
      attributes = attributesOf(rest[i], shared);
      known.set(number, attributes);
      i += 1;
    }
    runs.push({ text: text.slice(from, from + length), attributes });
    from += length;
  }
  if (from < text.length) runs.push({ text: text.slice(from), attributes: new Map() });
  return runs;
}

/** What was read of objects, each once, however many others name it. */
interface Shared {
  readonly texts: Map<Buffer, string>;
  readonly dictionaries: Map<Instance, BodyRun["attributes"]>;
}

function attributesOf(item: Item, shared: Shared): BodyRun["attributes"] {
  const attributes = new Map<string, string | number>();
  if (!isInstance(item)) return attributes;
  const known = shared.dictionaries.get(item);
  if (known) return known;
  shared.dictionaries.set(item, attributes);
  if (!item.classes.includes("NSDictionary")) throw new TypedstreamError("a run without attributes");
  const [, ...entries] = item.items;
  for (let i = 0; i + 1 < entries.length; i += 2) {
    const key = textOf(entries[i], shared);
    const value = textOf(entries[i + 1], shared) ?? numberOf(entries[i + 1]);
    if (key !== undefined && value !== undefined) attributes.set(key, value);
  }
  return attributes;
}

function textOf(item: Item, { texts }: Shared): string | undefined {
  if (!isInstance(item) || !item.classes.includes("NSString")) return undefined;
  const [bytes] = item.items;
  if (!Buffer.isBuffer(bytes)) return undefined;
  const text = texts.get(bytes) ?? bytes.toString("utf8");
  texts.set(bytes, text);
  return text;
}

/** An NSNumber: the name of its type, then its value. */
function numberOf(item: Item): number | undefined {
  if (!isInstance(item) || !item.classes.includes("NSNumber")) return undefined;
  const value: Item | Instance = item.items[1];
  return typeof value === "number" ? value : undefined;
}
