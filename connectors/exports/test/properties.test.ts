import { ConnectorError } from "@daybook/contract";
import fc from "fast-check";
import { bytesSource, type DateOrder, openExport } from "../src/index.ts";
import { gathered, read } from "./reading.ts";
import { zip } from "./zip-bytes.ts";

interface Dialect {
  order: DateOrder;
  separator: string;
  longYear: boolean;
  padded: boolean;
  between: string;
  timeSeparator: string;
  seconds: boolean;
  halves: [am: string, pm: string] | undefined;
  halfFirst: boolean;
  timeFirst: boolean;
  brackets: boolean;
  zero: number;
  mark: string;
  lineEnd: string;
  bom: boolean;
}

interface Message {
  at: Date;
  author: string;
  lines: string[];
}

const dialect: fc.Arbitrary<Dialect> = fc.record({
  order: fc.constantFrom("dmy", "mdy", "ymd"),
  separator: fc.constantFrom("/", ".", "-", ". "),
  longYear: fc.boolean(),
  padded: fc.boolean(),
  between: fc.constantFrom(", ", " ", "، ", " klo ", "\u00a0"),
  timeSeparator: fc.constantFrom(":", "."),
  seconds: fc.boolean(),
  halves: fc.constantFrom(
    undefined,
    ["AM", "PM"],
    ["a.\u00a0m.", "p.\u00a0m."],
    ["上午", "下午"],
    ["ص", "م"],
    ["π.μ.", "μ.μ."],
    ["오전", "오후"],
  ),
  halfFirst: fc.boolean(),
  timeFirst: fc.boolean(),
  brackets: fc.boolean(),
  zero: fc.constantFrom(0x30, 0x660, 0x6f0, 0x966, 0x9e6, 0xe50, 0x1040),
  mark: fc.constantFrom("", "\u200e", "\u200f"),
  lineEnd: fc.constantFrom("\n", "\r\n"),
  bom: fc.boolean(),
});

const text = fc
  .string({ unit: "grapheme", maxLength: 60 })
  .map((string) => string.replace(/[\r\n\u200e\u200f]/g, ""));
const author = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 20 })
  .map((string) => string.replace(/[\p{C}\p{Z}"“”„‟«»‹›「」『』＂:]/gu, "x"));
const message: fc.Arbitrary<Message> = fc.record({
  at: fc.date({
    min: new Date("2010-01-01T00:00:00Z"),
    max: new Date("2051-12-31T23:59:59Z"),
    noInvalidDate: true,
  }),
  author,
  // A letter first: a line of a body that begins like a header is another property.
  lines: fc.array(
    text.map((line) => `x${line}`),
    { minLength: 1, maxLength: 4 },
  ),
});

function header(at: Date, d: Dialect): string {
  const digits = (value: number, width: number) =>
    String(value)
      .padStart(width, "0")
      .replace(/\d/g, (digit) => String.fromCodePoint(d.zero + Number(digit)));
  const year = d.longYear ? at.getUTCFullYear() : at.getUTCFullYear() % 100;
  const width = d.padded ? 2 : 1;
  const [day, month] = [digits(at.getUTCDate(), width), digits(at.getUTCMonth() + 1, width)];
  const parts = {
    dmy: [day, month, digits(year, 2)],
    mdy: [month, day, digits(year, 2)],
    ymd: [digits(year, 2), month, day],
  };
  const date = parts[d.order].join(d.separator + d.mark);
  const hour = at.getUTCHours();
  const clock =
    d.halves === undefined ? [digits(hour, width)] : [digits(hour % 12 === 0 ? 12 : hour % 12, width)];
  clock.push(digits(at.getUTCMinutes(), 2));
  if (d.seconds) clock.push(digits(at.getUTCSeconds(), 2));
  const half = d.halves?.[hour < 12 ? 0 : 1];
  const bare = clock.join(d.timeSeparator);
  const time = half === undefined ? bare : d.halfFirst ? half + bare : `${bare}\u202f${half}`;
  const inner = d.timeFirst ? time + d.between + date : date + d.between + time;
  return d.mark + (d.brackets ? `[${inner}] ` : `${inner} - `);
}

function written(messages: readonly Message[], d: Dialect): string {
  const lines = messages.map(
    ({ at, author: by, lines: body }) => `${header(at, d)}${by}: ${body.join(d.lineEnd)}${d.lineEnd}`,
  );
  return (d.bom ? "\ufeff" : "") + lines.join("");
}

// Dots alone between all five numbers tell nothing of where the date ends.
const readable = (d: Dialect) => !(d.timeFirst && d.timeSeparator === "." && d.separator === ".");
const seconds = (at: Date, d: Dialect) =>
  at.toISOString().slice(0, d.seconds ? 19 : 16) + (d.seconds ? "" : ":00");

describe("Any export, in any dialect,", () => {
  it("is read back with the times, authors and bodies it was written with", async () => {
    await fc.assert(
      fc.asyncProperty(
        dialect.filter(readable),
        fc.array(message, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 300 }),
        async (d, messages, chunkBytes) => {
          const { entries } = await read(written(messages, d), { dateOrder: d.order, chunkBytes });
          expect(entries.map(({ localTime, author: by, body, kind }) => [localTime, by, body, kind])).toEqual(
            messages.map(({ at, author: by, lines }) => [seconds(at, d), by, lines.join("\n"), "message"]),
          );
        },
      ),
      { numRuns: 400 },
    );
  });

  it("is covered by its records to the last byte, whatever is put into it", async () => {
    await fc.assert(
      fc.asyncProperty(
        dialect,
        fc.array(message, { minLength: 1, maxLength: 6 }),
        fc.uint8Array({ maxLength: 200 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (d, messages, noise, where) => {
          const whole = Buffer.from(written(messages, d));
          const at = Math.floor(where * whole.length);
          const bytes = Buffer.concat([whole.subarray(0, at), noise, whole.subarray(at)]);
          const result = await read(bytes, { chunkBytes: 50 }).catch(onlyRefusals);
          if (result === undefined) return;
          const { summary, entries } = result;
          expect(
            Buffer.concat([bytes.subarray(0, summary.leadingBytes), ...entries.map(({ raw }) => raw)]).equals(
              bytes,
            ),
          ).toBe(true);
          let offset = summary.leadingBytes;
          for (const entry of entries) {
            expect(entry.offsetBytes).toBe(offset);
            expect(entry.line).toBe(bytes.subarray(0, offset).toString("latin1").split("\n").length);
            offset += entry.lengthBytes;
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it("gives no author that a pasted chat of another dialect names", async () => {
    await fc.assert(
      fc.asyncProperty(
        dialect.filter(readable),
        dialect.filter(readable),
        fc.array(message, { minLength: 1, maxLength: 5 }),
        async (own, other, messages) => {
          fc.pre(own.brackets !== other.brackets || own.seconds !== other.seconds || own.zero !== other.zero);
          const forged = messages.map(({ at, lines }) => ({ at, author: "Mallory", lines }));
          const pasted = written(forged, { ...other, bom: false, lineEnd: own.lineEnd });
          const { summary } = await read(written(messages, own) + pasted, { dateOrder: own.order });
          expect(summary.messages).toBe(messages.length);
          expect(summary.authors).not.toContain("Mallory");
        },
      ),
      { numRuns: 200 },
    );
  });
});

function onlyRefusals(error: unknown): undefined {
  if (!(error instanceof ConnectorError)) throw error;
  expect(["not-an-export", "malformed"]).toContain(error.code);
}

async function readAnything(bytes: Uint8Array): Promise<void> {
  try {
    for (const chat of await openExport(bytesSource(bytes, 64), "x")) {
      for await (const batch of chat.entries({ survey: await chat.survey() })) {
        for (const { meaning } of batch) {
          const attachment = chat.attachment(meaning.attachmentName ?? "");
          if (attachment !== undefined) await gathered(attachment.open());
        }
      }
      chat.orphans();
    }
  } catch (error) {
    onlyRefusals(error);
  }
}

describe("Any bytes at all", () => {
  it("are read or refused", async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 2_000 }), readAnything), { numRuns: 300 });
    const prefixes = ["PK\u0003\u0004", "PK\u0005\u0006", "[", "1/1/20, 1:11 - ", "\ufeff[1/1/20, 1:11:11] "];
    const prefixed = fc.tuple(fc.constantFrom(...prefixes), fc.uint8Array({ maxLength: 2_000 }));
    await fc.assert(
      fc.asyncProperty(prefixed, async ([prefix, rest]) =>
        readAnything(Buffer.concat([Buffer.from(prefix), rest])),
      ),
      { numRuns: 500 },
    );
  });

  it("are read or refused when they are a ZIP with a few bytes changed", async () => {
    const chat = "25/03/2024, 15:04 - Ann: a.jpg (file attached)\n".repeat(9);
    const whole = zip([
      { name: "_chat.txt", data: chat },
      { name: "a.jpg", data: "picture", stored: true },
      { name: "b.txt", data: chat },
    ]);
    const change = fc.tuple(fc.nat(whole.length - 1), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { minLength: 1, maxLength: 4 }),
        fc.nat(whole.length),
        async (changes, cut) => {
          const bytes = Buffer.from(whole);
          for (const [at, value] of changes) bytes[at] = value;
          await readAnything(bytes);
          await readAnything(bytes.subarray(0, cut));
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
