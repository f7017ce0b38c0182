/** What a property list may hold here. */
export type Plist =
  string | number | boolean | Uint8Array | readonly Plist[] | { readonly [key: string]: Plist };

/** A binary property list; whole numbers as integers, all others as 8-byte reals. */
export function binaryPlist(value: Plist): Buffer {
  const objects: Buffer[] = [];
  const refs: (readonly number[] | undefined)[] = [];
  const add = (one: Plist): number => {
    const at = objects.length;
    objects.push(Buffer.alloc(0));
    refs.push(undefined);
    if (Array.isArray(one)) {
      const children = (one as readonly Plist[]).map(add);
      objects[at] = marked(0xa0, children.length);
      refs[at] = children;
    } else if (typeof one === "object" && !(one instanceof Uint8Array)) {
      const entries = Object.entries(one as Record<string, Plist>);
      const children = [...entries.map(([key]) => add(key)), ...entries.map(([, each]) => add(each))];
      objects[at] = marked(0xd0, entries.length);
      refs[at] = children;
    } else {
      objects[at] = scalar(one);
    }
    return at;
  };
  add(value);
  const parts: Buffer[] = [Buffer.from("bplist00")];
  const offsets: number[] = [];
  let at = 8;
  for (const [i, object] of objects.entries()) {
    const whole = Buffer.concat([object, ...(refs[i] ?? []).map(u16)]);
    offsets.push(at);
    parts.push(whole);
    at += whole.length;
  }
  const trailer = Buffer.alloc(32);
  trailer[6] = 4;
  trailer[7] = 2;
  trailer.writeBigUInt64BE(BigInt(objects.length), 8);
  trailer.writeBigUInt64BE(BigInt(at), 24);
  return Buffer.concat([...parts, ...offsets.map(u32), trailer]);
}

function scalar(value: string | number | boolean | Uint8Array): Buffer {
  if (typeof value === "boolean") return Buffer.of(value ? 0x09 : 0x08);
  if (value instanceof Uint8Array) return Buffer.concat([marked(0x40, value.length), value]);
  if (typeof value === "string") {
    if (/^[\u0000-\u007f]*$/.test(value))
      return Buffer.concat([marked(0x50, value.length), Buffer.from(value)]);
    return Buffer.concat([marked(0x60, value.length), Buffer.from(value, "utf16le").swap16()]);
  }
  const bytes = Buffer.alloc(9);
  if (Number.isSafeInteger(value)) {
    bytes[0] = 0x13;
    bytes.writeBigInt64BE(BigInt(value), 1);
  } else {
    bytes[0] = 0x23;
    bytes.writeDoubleBE(value, 1);
  }
  return bytes;
}

function marked(kind: number, length: number): Buffer {
  if (length < 15) return Buffer.of(kind | length);
  return Buffer.concat([Buffer.of(kind | 0x0f, 0x12), u32(length)]);
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
