import { RecordingSink } from "@daybook/contract/testing";
import fc from "fast-check";
import { splitMbox, unquoted, withoutEnding } from "../src/files/mbox.ts";
import { openMail } from "../src/files/open-mail.ts";
import { supplied } from "./supplied.ts";

const FROM = "From ann@example.org Mon May 13 10:01:00 2024\n";

/** As programs write mbox files: RFC 4155, with the quoting of mboxrd. */
const written = (messages: readonly string[]) =>
  messages.map((one) => `${FROM}${one.replaceAll(/^(>*From )/gm, ">$1")}\n`).join("");

async function split(content: string, chunkBytes: number): Promise<string[]> {
  const bytes = Buffer.from(content);
  const messages: string[] = [];
  for await (const { bodyStart, end, start, line } of splitMbox(supplied(content, chunkBytes))) {
    expect(bytes.toString("latin1", start, start + 5)).toBe("From ");
    expect(line).toBe(content.slice(0, start).split("\n").length);
    messages.push(unquoted(withoutEnding(bytes.subarray(bodyStart, end))).message.toString());
  }
  return messages;
}

describe("an mbox file", () => {
  const line = fc.oneof(
    fc.constantFrom(
      "From me to you",
      ">From here",
      ">>From there",
      "From ann@x Mon May 13 10:01:00 2024",
      "",
      "text",
    ),
    fc.string({ unit: "grapheme-ascii", maxLength: 20 }),
  );
  const message = fc.array(line, { maxLength: 8 }).map((lines) => `Subject: x\n\n${lines.join("\n")}\n`);

  it("gives back what was put into it, however it is cut into chunks", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(message, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 200 }),
        async (messages, chunkBytes) => {
          expect(await split(written(messages), chunkBytes)).toEqual(messages);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("keeps a line of text that begins with From where no header follows", async () => {
    const unquotedText = `${FROM}Subject: x\n\nline\n\nFrom Paris in 2024\nwe went on\n\n`;

    expect(await split(unquotedText, 50)).toEqual(["Subject: x\n\nline\n\nFrom Paris in 2024\nwe went on\n"]);
  });
});

describe("a file", () => {
  it.each([
    ["a chat", "13/05/2024, 10:01 - Ann: From: x\n"],
    ["notes", "just some notes\n"],
    ["settings", "name: value\nother: value\n\n"],
    ["a ZIP", "PK\u0003\u0004"],
    ["nothing", ""],
  ])("that is %s is left to others", async (_, content) => {
    expect(await openMail(supplied(content))).toBeUndefined();
  });

  it.each([
    ["PST", Buffer.from("!BDN\u0000\u0000")],
    ["MSG", Buffer.from("d0cf11e0a1b11ae10000", "hex")],
  ])("of Outlook, %s, is refused in words that say what to do", async (_, content) => {
    await expect(openMail(supplied(content))).rejects.toMatchObject({
      code: "not-an-export",
      message: "files of Outlook (.pst, .msg) are not read: save the mail as .mbox or .eml",
    });
  });

  it.each([
    ["alone", ""],
    ["behind a byte-order mark", "\xef\xbb\xbf"],
    ["behind empty lines", "\r\n\n"],
    ["behind both", "\xef\xbb\xbf\r\n"],
  ])("that holds a message %s is that message, byte for byte", async (_, before) => {
    const content = Buffer.from("Received: by x\r\nSubject: a\r\n\r\n>From \xff\r\n\r\n\r\n", "latin1");
    await using file = (await openMail(supplied(Buffer.concat([Buffer.from(before, "latin1"), content]))))!;
    const sink = new RecordingSink();
    let records = 0;
    for await (const entry of file.entries()) {
      const [message] = await entry.capture(sink, { account: "a", custodian: { id: "c", name: "Ann" } });
      expect(Buffer.from(message!.event.raw, "base64").equals(content)).toBe(true);
      expect(message!.event).toMatchObject({ method: "export", provenance: "supplied", kind: "message" });
      records += 1;
    }
    expect(records).toBe(1);
  });
});
