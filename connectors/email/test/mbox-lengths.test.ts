import { RecordingSink } from "@daybook/contract/testing";
import fc from "fast-check";
import { type MboxRule, mboxRuleOf, splitByLengths } from "../src/files/mbox-lengths.ts";
import { splitMbox } from "../src/files/mbox.ts";
import { openMail } from "../src/files/open-mail.ts";
import { supplied } from "./supplied.ts";

const FROM = "From ann@example.org Mon May 13 10:01:00 2024\n";
const inner = `${FROM}Subject: quoted\nContent-Length: 3\n\nabc\n\n`;

interface Letter {
  readonly subject: string;
  readonly body: string;
  /** What stands in the place of the right Content-Length. */
  readonly fields?: string;
}

/** As programs write mboxcl2: text as it is, and how long it is. */
const message = ({ subject, body, fields = `Content-Length: ${Buffer.byteLength(body)}\n` }: Letter) =>
  `Subject: ${subject}\n${fields}\n${body}`;
const written = (letters: readonly Letter[]) => letters.map((one) => `${FROM}${message(one)}\n`).join("");

async function split(content: string, chunkBytes = 50): Promise<{ messages: string[]; isWhole: boolean }> {
  const bytes = Buffer.from(content);
  const messages: string[] = [];
  const places = splitByLengths(supplied(content, chunkBytes));
  for (;;) {
    const { done, value } = await places.next();
    if (done) return { messages, isWhole: value };
    expect(bytes.toString("latin1", value.start, value.start + 5)).toBe("From ");
    expect(value.line).toBe(bytes.toString("latin1", 0, value.start).split("\n").length);
    messages.push(bytes.toString("utf8", value.bodyStart, value.end));
  }
}

/** What an import makes of a file: the messages' subjects and bytes, and what is in doubt of them. */
async function imported(content: string) {
  await using file = (await openMail(supplied(content, 4_096)))!;
  const raws: string[] = [];
  const notices: string[] = [];
  for await (const entry of file.entries()) {
    const about = { account: "a", custodian: { id: "c", name: "Ann" } };
    for (const { event } of await entry.capture(new RecordingSink(), about))
      if (event.kind === "message") raws.push(Buffer.from(event.raw, "base64").toString());
      else notices.push(event.text ?? "");
  }
  return { raws, notices };
}

const TWO: readonly Letter[] = [
  { subject: "one", body: `see:\n\n${inner}bye\n` },
  { subject: "two", body: ">From here\n" },
];

describe("an mbox file with Content-Length", () => {
  const line = fc.oneof(
    fc.constantFrom("From me to you", ">From here", "", "Content-Length: 4", FROM.trim(), "Subject: y", "é"),
    fc.string({ maxLength: 20 }),
  );
  const letter = fc
    .tuple(fc.array(line, { maxLength: 8 }), fc.boolean())
    .map(([lines, ends]) => ({ subject: "x", body: `${lines.join("\n")}${ends ? "\n" : ""}` }));

  it("gives back what was put into it, whatever the text is and however it is cut into chunks", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(letter, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 200 }),
        async (letters, chunkBytes) => {
          expect(await split(written(letters), chunkBytes)).toEqual({
            messages: letters.map(message),
            isWhole: true,
          });
        },
      ),
      { numRuns: 60 },
    );
  });

  it("is split by that where all of it bears that out: a message within a message is none of its own", async () => {
    const { raws, notices } = await imported(written(TWO));

    expect(raws).toEqual(TWO.map(message));
    expect(notices).toEqual([expect.stringContaining("by its Content-Length")]);
  });

  it("had its lines quoted where no line of text begins with From", async () => {
    const quoted = { subject: "two", body: "so:\n>From here\n" };
    expect(await mboxRuleOf(supplied(written([quoted])))).toBe("quoted-lengths");
    const { notices } = await imported(written([quoted]));

    expect(notices).toEqual([expect.stringContaining("one mark was taken away")]);
  });

  const right = { subject: "three", body: "text\n" };
  const upTo = (letters: readonly Letter[]) => Buffer.byteLength(`\n${written(letters)}`);
  it.each<[string, string]>([
    ["that is two too long", "Content-Length: 7\n"],
    ["that is too short", "Content-Length: 2\n"],
    ["that is beyond the file", "Content-Length: 999999999999999\n"],
    ["that no number holds", `Content-Length: ${"9".repeat(400)}\n`],
    ["that is negative", "Content-Length: -5\n"],
    ["that is no number", "Content-Length: 0x5\n"],
    ["that stands there twice", "Content-Length: 5\nContent-Length: 5\n"],
    ["that takes the next message in", `Content-Length: ${5 + upTo([right])}\n`],
    ["that is missing", ""],
  ])("is split at lines From where one has a length %s: no message is lost", async (_, fields) => {
    const letters = [right, { subject: "liar", body: "text\n", fields }, right, { ...right, fields: "" }];
    expect(await mboxRuleOf(supplied(written(letters)))).toBe<MboxRule>("lines");
    const { raws, notices } = await imported(written(letters));

    expect(raws.map((raw) => /^Subject: (.*)$/m.exec(raw)?.[1])).toEqual(["three", "liar", "three", "three"]);
    const doubts = notices.filter((text) => text.includes("its Content-Length says otherwise"));
    expect(doubts).toHaveLength(fields === "" ? 0 : 1);
  });

  it.each([
    ["no header that ends", `${FROM}${"X: y\n".repeat(300_000)}`],
    [
      "a header that ends after more than is looked at",
      `${FROM}X: ${"y".repeat(1_100_000)}\nContent-Length: 1\n\nz\n`,
    ],
    ["a line From alone", "From ann 2024\n"],
    ["lines From alone", "From ann 2024\n".repeat(20)],
  ])("is read to a bound where it has %s", async (_, content) => {
    expect(await mboxRuleOf(supplied(content, 65_536))).toBe("lines");
  });

  // Each line looked at by every four of its digits is minutes.
  it("is split by lines however long they are, and whatever digits they have", async () => {
    const line = `\n\nFrom ${"1".repeat(4_200)}`;
    const places = splitMbox(supplied(`${FROM}Subject: one\n\nabc${line.repeat(4_000)}`, 65_536));
    let count = 0;
    for await (const _ of places) count += 1;
    expect(count).toBe(1);
  });

  it("has a long header all the same", async () => {
    const [one] = TWO as [Letter];
    const long = { ...one, subject: "y".repeat(20_000) };
    expect(await split(written([long, ...TWO]), 4_096)).toEqual({
      messages: [long, ...TWO].map(message),
      isWhole: true,
    });
  });
});
