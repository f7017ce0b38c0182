/** A run of a message's body: characters that share attributes. */
export interface Run {
  readonly text: string;
  /** The part of the message that it belongs to, from 0. */
  readonly part?: number;
  /** The attachment that its one character U+FFFC stands for. */
  readonly fileGuid?: string;
}

const NEW = 0x84;
const NIL = 0x85;
const END = 0x86;
const FIRST_REFERENCE = -110;

/** Writes values as NSArchiver does: strings and objects by reference from the second time on. */
class Writer {
  readonly #bytes: number[] = [];
  readonly #strings: string[] = [];
  #objects = 0;
  readonly #classes = new Map<string, number>();

  byte(value: number): void {
    this.#bytes.push(value & 0xff);
  }

  integer(value: number): void {
    if (value >= FIRST_REFERENCE && value <= 127) this.byte(value);
    else if (value >= -32_768 && value <= 0xffff) this.#wide(0x81, value, 2);
    else this.#wide(0x82, value, 4);
  }

  bytes(content: Uint8Array): void {
    this.integer(content.length);
    for (const byte of content) this.#bytes.push(byte);
  }

  shared(text: string): void {
    const known = this.#strings.indexOf(text);
    if (known >= 0) {
      this.integer(FIRST_REFERENCE + known);
      return;
    }
    this.#strings.push(text);
    this.byte(NEW);
    this.bytes(Buffer.from(text));
  }

  /** @param classes from its own to the root, with their versions */
  object(classes: readonly (readonly [string, number])[], content: () => void): void {
    this.shared("@");
    this.byte(NEW);
    this.#objects += 1;
    this.#class(classes);
    content();
    this.byte(END);
  }

  /** A C string that numbers name their type by. */
  cString(text: string): void {
    this.shared("*");
    this.byte(NEW);
    this.#objects += 1;
    this.shared(text);
  }

  result(): Buffer {
    return Buffer.from(this.#bytes);
  }

  #class(classes: readonly (readonly [string, number])[]): void {
    const [own, ...others] = classes;
    if (!own) {
      this.byte(NIL);
      return;
    }
    const known = this.#classes.get(own[0]);
    if (known !== undefined) {
      this.integer(FIRST_REFERENCE + known);
      return;
    }
    this.byte(NEW);
    this.#classes.set(own[0], this.#objects);
    this.#objects += 1;
    this.shared(own[0]);
    this.integer(own[1]);
    this.#class(others);
  }

  #wide(label: number, value: number, length: number): void {
    this.byte(label);
    for (let at = 0; at < length; at += 1) this.byte(value >> (8 * at));
  }
}

const OBJECT = ["NSObject", 0] as const;
const STRING = [["NSString", 1], OBJECT] as const;

/**
 * The typedstream of an attributed string, as Messages keeps bodies: for each run its attributes, by number from the
 * second time on.
 *
 * @param isMutable with the classes of a mutable one, which Messages writes too
 */
export function typedstream(runs: readonly Run[], { isMutable = false } = {}): Buffer {
  const to = new Writer();
  to.integer(4);
  to.bytes(Buffer.from("streamtyped"));
  to.integer(1000);
  const attributed = [["NSAttributedString", 0], OBJECT] as const;
  const classes = isMutable ? ([["NSMutableAttributedString", 0], ...attributed] as const) : attributed;
  const stringClasses = isMutable ? ([["NSMutableString", 1], ...STRING] as const) : STRING;
  const text = runs.map((run) => run.text).join("");
  to.object(classes, () => {
    to.object(stringClasses, () => string(to, text));
    const known: string[] = [];
    for (const run of runs) {
      const attributes = attributesOf(run);
      const key = JSON.stringify(attributes);
      const number = known.indexOf(key);
      to.shared("iI");
      to.integer((number < 0 ? known.length : number) + 1);
      to.integer(run.text.length);
      if (number >= 0) continue;
      known.push(key);
      dictionary(to, attributes);
    }
  });
  return to.result();
}

function attributesOf({ part = 0, fileGuid }: Run): readonly (readonly [string, string | number])[] {
  return [
    ["__kIMMessagePartAttributeName", part],
    ...(fileGuid === undefined ? [] : [["__kIMFileTransferGUIDAttributeName", fileGuid] as const]),
  ];
}

function dictionary(to: Writer, entries: readonly (readonly [string, string | number])[]): void {
  to.object([["NSDictionary", 0], OBJECT], () => {
    to.shared("i");
    to.integer(entries.length);
    for (const [key, value] of entries) {
      to.object(STRING, () => string(to, key));
      if (typeof value === "string") to.object(STRING, () => string(to, value));
      else to.object([["NSNumber", 0], ["NSValue", 0], OBJECT], () => number(to, value));
    }
  });
}

function string(to: Writer, text: string): void {
  to.shared("+");
  to.bytes(Buffer.from(text));
}

function number(to: Writer, value: number): void {
  to.cString("i");
  to.shared("i");
  to.integer(value);
}
