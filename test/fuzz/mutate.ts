import type { Random } from "./random.ts";

const MAX_STEPS = 6;
const MAX_BYTES = 1024 * 1024;

/** Pieces at which readers stumble: lengths, signs, ends of text, other encodings, marks of each format. */
const PIECES = [
  Buffer.from([0]),
  Buffer.from([0xff, 0xff, 0xff, 0xff]),
  Buffer.from([0x7f, 0xff, 0xff, 0xff]),
  Buffer.from([0x80, 0, 0, 0]),
  Buffer.from([0xc0, 0x80]),
  Buffer.from([0xed, 0xa0, 0x80]),
  Buffer.from("PK\u0003\u0004PK\u0001\u0002PK\u0005\u0006", "latin1"),
  ...[
    "\n",
    "\n\n",
    "\r\n",
    "\u2028",
    "\ufeff",
    "\u200e",
    "\u202f",
    '"',
    "\\u0000",
    "\\ud800",
    "{}",
    "[[[[[[[[",
    "null",
    "true",
    "-1",
    "1e400",
    "9007199254740993",
    "__proto__",
    "../../x",
    "%00",
    "=",
    ",",
    " ",
    "-",
    "*",
    " OR ",
    "31/02/2024, 25:61 - A: ",
    "[1/1/70, 0:00:00] ",
    "\u0661\u0662/\u0663",
  ].map((text) => Buffer.from(text)),
];

/** One of the samples, changed a little; now and then nothing but noise. */
export function mutated(samples: readonly Buffer[], random: Random): Buffer {
  if (random.below(20) === 0) return random.bytes(random.below(512));
  let bytes: Buffer = Buffer.from(random.pick(samples));
  // Some are left alone, so that a target that refuses all of its samples is noticed.
  for (let steps = random.below(MAX_STEPS); steps > 0; steps -= 1) {
    bytes = changed(bytes, samples, random).subarray(0, MAX_BYTES);
  }
  return bytes;
}

function changed(bytes: Buffer, samples: readonly Buffer[], random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  const to = Math.min(bytes.length, at + 1 + random.below(random.pick([4, 64, 4_096])));
  const [before, middle, after] = [bytes.subarray(0, at), bytes.subarray(at, to), bytes.subarray(to)];
  switch (random.below(9)) {
    case 0: {
      const flipped = Buffer.from(bytes);
      if (at < flipped.length) flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << random.below(8)), at);
      return flipped;
    }
    case 1:
      return Buffer.concat([before, after]);
    case 2:
      return Buffer.concat([before, middle, middle, after]);
    case 3:
      return Buffer.concat([before, random.pick(PIECES), middle, after]);
    case 4:
      return Buffer.concat([before, random.pick(PIECES), after]);
    case 5:
      return Buffer.from(before);
    case 6: {
      const other = random.pick(samples);
      const from = random.below(other.length);
      return Buffer.concat([before, other.subarray(from, from + random.below(4_096)), after]);
    }
    case 7:
      return Buffer.concat([before, random.bytes(middle.length), after]);
    default: {
      const piece = random.pick(PIECES);
      return Buffer.concat([
        before,
        ...Array.from({ length: random.pick([2, 70, 3_000]) }, () => piece),
        after,
      ]);
    }
  }
}
