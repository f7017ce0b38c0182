import { event, MAX_EVENT_BYTES } from "@daybook/contract";
import { RecordingSink } from "@daybook/contract/testing";
import { eventsOf, idOf } from "../src/events/message.ts";
import { MailReader } from "../src/reading/mail-reader.ts";
import { readMessage } from "../src/reading/read-message.ts";
import { HOSTILE } from "./hostile.ts";

const reader = new MailReader({ clockMs: 60_000 });
afterAll(() => reader[Symbol.asyncDispose]());

async function captured(message: Buffer) {
  const read = await readMessage(message, reader);
  const parts = { ...read, ...idOf("mail", read.stable), delivered: message };
  const sink = new RecordingSink();
  const made = await eventsOf(parts, { method: "journal", provenance: "journaled", account: "a" }, sink);
  return { made, sink };
}

describe("hostile mail", () => {
  it.each(HOSTILE)("keeps $name, and every event fits", async ({ message, refused, told: said }) => {
    const bytes = message();
    const { made, sink } = await captured(bytes);

    const kept = made[0]!.event.raw;
    const whole = made[0]!.attachments?.find(({ name }) => name === "message.eml");
    expect(
      whole ? sink.attachments.get(whole.sealed)!.equals(bytes) : kept === bytes.toString("base64"),
    ).toBe(true);
    for (const { event: one, eventId } of made) {
      const parsed = event.safeParse({ ...one, capturedAt: new Date(0).toISOString() });
      expect(parsed.error?.issues).toBeUndefined();
      expect(Buffer.byteLength(JSON.stringify(one))).toBeLessThan(MAX_EVENT_BYTES - 600_000);
      expect(eventId.length).toBeLessThan(512);
    }
    const told = made.filter(({ event: one }) => one.kind === "notice").map(({ event: one }) => one.text);
    if (said) expect(told.join()).toMatch(said);
    if (refused) expect(told.join()).toMatch(/could not be read/);
    if (refused) expect(told.join()).toMatch(refused);
    else expect(told.join()).not.toMatch(/could not be read/);
  });

  it("does not have a small message wait for a large one", async () => {
    const done: string[] = [];
    const large = Buffer.concat([
      Buffer.from("Subject: x\r\n\r\n"),
      Buffer.alloc(20 * 1024 * 1024, "words "),
    ]);
    await reader.read(Buffer.from("Subject: x\r\n\r\nx"));
    await Promise.all([
      reader.read(large).then(() => done.push("large")),
      reader.read(Buffer.from("Subject: x\r\n\r\nx")).then(() => done.push("small")),
    ]);

    expect(done).toEqual(["small", "large"]);
  });

  it("ends a message that takes too long, and reads the next", async () => {
    await using hasty = new MailReader({ clockMs: 0 });

    expect(await hasty.read(Buffer.from("Subject: x\r\n\r\nx"))).toEqual({ refused: "time" });
    expect(await reader.read(Buffer.from("Subject: x\r\n\r\nx"))).toMatchObject({
      reading: { subject: "x" },
    });
  });

  it("ends a message that takes too much memory, and reads the next", async () => {
    await using small = new MailReader({ clockMs: 60_000, heapMib: 40 });
    const large = Buffer.from(`Content-Type: text/html\r\n\r\n${"<p>w".repeat(120_000)}`);

    expect(await small.read(large)).toEqual({ refused: "memory" });
    expect(await small.read(Buffer.from("Subject: x\r\n\r\nx"))).toMatchObject({
      reading: { subject: "x" },
    });
  });
});
