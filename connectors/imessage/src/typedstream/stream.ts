/** A value of a typedstream: a number, bytes, a class's object, or nothing. Objects may name themselves. */
export type Item = number | bigint | Buffer | Instance | undefined;

/** One object: its classes from its own to the root, and what was archived of it, value by value. */
export interface Instance {
  readonly classes: readonly string[];
  readonly items: Item[];
}

/** Bytes that are no typedstream, or one that is larger, deeper or of another shape than is read. */
export class TypedstreamError extends Error {
  override readonly name = "TypedstreamError";
}

const MAX_DEPTH = 48;
const MAX_OBJECTS = 200_000;
const MAX_CLASSES = 16;
const NEW = -124;
const NIL = -123;
const END = -122;
const TWO_BYTES = -127;
const FOUR_BYTES = -126;
const FLOATING = -125;
const FIRST_REFERENCE = -110;

interface Kind {
  readonly classes: readonly string[];
}
type Shared = Instance | Kind | Buffer;

/**
 * Reads what NSArchiver wrote on a little-endian machine. Bounded by the input's own length, a depth and a number of
 * objects; references are followed and never expanded, so that a stream which names itself costs nothing. Prints nothing.
 *
 * @returns the first object of the stream
 * @throws {TypedstreamError}
 */
export function readTypedstream(bytes: Buffer): Instance {
  return new Reader(bytes).root();
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;
  readonly #strings: string[] = [];
  readonly #objects: Shared[] = [];

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  root(): Instance {
    const version = this.#integer(this.#byte());
    const signature = this.#counted().toString("latin1");
    this.#integer(this.#byte());
    if (version !== 4 || signature !== "streamtyped") throw refuse("another kind of stream");
    const [item] = this.#group(0);
    if (!isInstance(item)) throw refuse("no object at its beginning");
    return item;
  }

  /** Values that one type string announces. */
  #group(depth: number, encoding = this.#sharedString(this.#byte())): Item[] {
    if (encoding === undefined) throw refuse("a value without a type");
    const items: Item[] = [];
    for (let i = 0; i < encoding.length; i += 1) {
      const type = encoding.charAt(i);
      if (type === "[") {
        const array = /^\[(\d{1,9})c\]/.exec(encoding.slice(i));
        if (!array) throw refuse("an array of another kind");
        items.push(this.#take(Number(array[1])));
        i += array[0].length - 1;
      } else {
        items.push(this.#value(type, depth));
      }
    }
    return items;
  }

  #value(type: string, depth: number): Item {
    switch (type) {
      case "@":
        return this.#object(depth);
      case "+":
        return this.#counted();
      case "*":
        return this.#cString();
      case "c":
      case "C":
      case "B":
        return this.#byte();
      case "s":
      case "i":
      case "l":
      case "q":
        return this.#integer(this.#byte());
      case "S":
      case "I":
      case "L":
      case "Q":
        return this.#natural();
      case "f":
        return this.#floating(4);
      case "d":
        return this.#floating(8);
      case "#":
        this.#class(0);
        return undefined;
      default:
        throw refuse("a value of an unknown type");
    }
  }

  #object(depth: number): Instance | Buffer | undefined {
    if (depth > MAX_DEPTH) throw refuse("too deep");
    const head = this.#byte();
    if (head === NIL) return undefined;
    if (head !== NEW) {
      const shared = this.#reference(head);
      if (Buffer.isBuffer(shared) || isInstance(shared)) return shared;
      throw refuse("a class in place of an object");
    }
    const place = this.#objects.length;
    const instance: { classes: readonly string[]; items: Item[] } = { classes: [], items: [] };
    this.#share(instance);
    instance.classes = this.#class(0);
    for (;;) {
      const next = this.#byte();
      if (next === END) break;
      instance.items.push(...this.#group(depth + 1, this.#sharedString(next)));
      if (instance.items.length > MAX_OBJECTS) throw refuse("too large");
    }
    return this.#objects[place] as Instance;
  }

  /** @returns the names from the class's own to the root's */
  #class(height: number): readonly string[] {
    if (height > MAX_CLASSES) throw refuse("too many classes");
    const head = this.#byte();
    if (head === NIL) return [];
    if (head !== NEW) {
      const shared = this.#reference(head);
      if (Buffer.isBuffer(shared) || isInstance(shared)) throw refuse("an object in place of a class");
      return shared.classes;
    }
    const name = this.#sharedString(this.#byte());
    if (name === undefined) throw refuse("a class without a name");
    this.#integer(this.#byte());
    const kind: { classes: readonly string[] } = { classes: [name] };
    this.#share(kind);
    kind.classes = [name, ...this.#class(height + 1)];
    return kind.classes;
  }

  #cString(): Buffer | undefined {
    const head = this.#byte();
    if (head === NIL) return undefined;
    if (head !== NEW) {
      const shared = this.#reference(head);
      if (Buffer.isBuffer(shared)) return shared;
      throw refuse("an object in place of a string");
    }
    const place = Buffer.from(this.#sharedString(this.#byte()) ?? "", "latin1");
    this.#share(place);
    return place;
  }

  /** A type string or a class's name: each is written once. */
  #sharedString(head: number): string | undefined {
    if (head === NIL) return undefined;
    if (head === NEW) {
      const text = this.#counted().toString("latin1");
      if (text.length > 1_024 || this.#strings.length >= MAX_OBJECTS) throw refuse("too large");
      this.#strings.push(text);
      return text;
    }
    const found = this.#strings[this.#integer(head) - FIRST_REFERENCE];
    if (found === undefined) throw refuse("a reference to nothing");
    return found;
  }

  #reference(head: number): Shared {
    const found = this.#objects[this.#integer(head) - FIRST_REFERENCE];
    if (found === undefined) throw refuse("a reference to nothing");
    return found;
  }

  #share(object: Shared): void {
    if (this.#objects.length >= MAX_OBJECTS) throw refuse("too large");
    this.#objects.push(object);
  }

  #floating(bytes: 4 | 8): number {
    const head = this.#byte();
    if (head !== FLOATING) return this.#integer(head);
    const taken = this.#take(bytes);
    return bytes === 4 ? taken.readFloatLE() : taken.readDoubleLE();
  }

  #counted(): Buffer {
    return this.#take(this.#natural());
  }

  /** Written as a signed number; it means the same bits without a sign. */
  #natural(): number {
    const head = this.#byte();
    const number = this.#integer(head);
    const bits = head === TWO_BYTES ? 0xffff : head === FOUR_BYTES ? 0xffffffff : 0xff;
    return (number & bits) >>> 0;
  }

  #integer(head: number): number {
    if (head === TWO_BYTES) return this.#take(2).readInt16LE();
    if (head === FOUR_BYTES) return this.#take(4).readInt32LE();
    if (head < FIRST_REFERENCE) throw refuse("a mark in place of a number");
    return head;
  }

  #byte(): number {
    return this.#take(1).readInt8();
  }

  #take(length: number): Buffer {
    if (this.#at + length > this.#bytes.length) throw refuse("it is cut off");
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}

export function isInstance(value: Item | Shared): value is Instance {
  return typeof value === "object" && !Buffer.isBuffer(value) && "items" in value;
}

function refuse(why: string): TypedstreamError {
  return new TypedstreamError(`the typedstream cannot be read: ${why}`);
}
