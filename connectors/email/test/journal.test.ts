import { createHash } from "node:crypto";
import type { Captured } from "@daybook/contract";
import { RecordingSink } from "@daybook/contract/testing";
import { Client, INNER, Intake, JOURNAL, report } from "./intake.ts";

const LINES = [
  "Sender: ann@example.gov.uk",
  "Subject: Ferry",
  "Message-Id: <ferry@example.gov.uk>",
  "To: out@example.org",
  "Bcc: bo@example.gov.uk",
  "Recipient: all@example.gov.uk",
  "To: cy@example.gov.uk, Expanded: all@example.gov.uk",
];

let intake: Intake;
beforeAll(async () => {
  intake = await Intake.open();
});
beforeEach(() => {
  intake.sink.captured.length = 0;
});
afterAll(() => intake[Symbol.asyncDispose]());

describe("a journal report", () => {
  it("is one record for each governed mailbox, with the message within byte for byte, and its blind copies", async () => {
    using client = await Client.open(intake.port);
    const sent = report(LINES);
    const digest = await client.send(sent);

    expect(digest).toMatch(/^250 2.0.0 kept as [0-9a-f]{16}$/);
    const messages = intake.captured("message");
    expect(messages.map(({ event }) => [event.account, event.direction, event.custodian?.name])).toEqual([
      ["ann@example.gov.uk", "outgoing", "Ann Lee"],
      ["bo@example.gov.uk", "incoming", "Bo Ek"],
    ]);
    const [{ event, attachments }] = messages as [(typeof messages)[0]];
    expect(event).toMatchObject({
      network: "email",
      method: "journal",
      provenance: "journaled",
      networkId: "ferry@example.gov.uk",
      sentAt: "2024-05-13T09:01:00.000Z",
      text: "Ferry\n\nIt leaves at nine.",
    });
    expect(event.recipients?.map(({ id }) => id)).toEqual([
      "out@example.org",
      "bo@example.gov.uk",
      "all@example.gov.uk",
      "cy@example.gov.uk",
    ]);
    expect(Buffer.from(event.raw, "base64").toString()).toBe(`${sent}\r\n`);
    const original = intake.sink.attachments.get(attachments![0]!.sealed);
    expect(original!.toString()).toBe(INNER);
    const [notice] = intake.captured("notice");
    expect(notice!.event.target).toBe("ferry@example.gov.uk");
    expect(notice!.event.text).toMatch(/1 of its recipients got a blind copy/);
  });

  it("sent again with another trace is the same record; a fork with other recipients is another, of one message", async () => {
    using client = await Client.open(intake.port);
    await client.send(report(LINES));
    await client.send(`Received: from elsewhere\r\n${report(LINES)}`);
    await client.send(report([LINES[0]!, "To: bo@example.gov.uk"]));

    const ofAnn = intake.captured("message").filter(({ event }) => event.account === "ann@example.gov.uk");
    expect(ofAnn).toHaveLength(3);
    expect(ofAnn[1]!.eventId).toBe(ofAnn[0]!.eventId);
    expect(ofAnn[1]!.stableDigest).toBe(ofAnn[0]!.stableDigest);
    expect(ofAnn[2]!.eventId).not.toBe(ofAnn[0]!.eventId);
    expect(new Set(ofAnn.map(({ event }) => event.networkId)).size).toBe(1);
    expect(new Set(ofAnn.map(({ event }) => event.conversation!.id)).size).toBe(1);
  });

  it.each([
    ["nothing within", report(LINES).replace("message/rfc822", "text/plain"), "notice"],
    ["a message that is empty", report(LINES, ""), "message"],
    [
      "a report, within a report, and so on",
      Array.from({ length: 50 }).reduce<string>((inner) => report(LINES, inner), INNER),
      "message",
    ],
    [
      "lines that mean nothing",
      report(["Sender: ann@example.gov.uk", "Expanded: x", "To:", "To: , Expanded: x", ":"]),
      "message",
    ],
  ] as const)("with %s is kept", async (_, sent, kind) => {
    using client = await Client.open(intake.port);

    expect(await client.send(sent)).toMatch(/^250/);
    expect(intake.captured()[0]!.event).toMatchObject({ kind });
    expect(Buffer.from(intake.captured()[0]!.event.raw, "base64").toString()).toBe(`${sent}\r\n`);
  });

  it.each([
    ["an address line of 1 MB", `To: ${"a".repeat(1_000_000)}@example.org`],
    ["a list that is expanded to itself", "To: all@example.gov.uk, Expanded: all@example.gov.uk"],
    ["100,000 lines that are none", "Expanded: \n".repeat(100_000).trim()],
  ])("with %s is read for the rest of it", async (_, line) => {
    using client = await Client.open(intake.port);
    const sent = report([...LINES, line]);
    expect(await client.send(sent)).toMatch(/^250/);

    const [{ event, attachments }] = intake.captured("message") as [Captured];
    expect(event.recipients?.map(({ id }) => id)).toContain("bo@example.gov.uk");
    const whole = attachments!.find(({ name }) => name === "message.eml");
    const kept = whole
      ? intake.sink.attachments.get(whole.sealed)!.toString()
      : Buffer.from(event.raw, "base64").toString();
    expect(kept).toBe(`${sent}\r\n`);
  });

  it("of a message with two enclosed keeps both", async () => {
    using client = await Client.open(intake.port);
    await client.send(
      report(LINES).replace("--_r_--", `--_r_\r\nContent-Type: message/rfc822\r\n\r\n${INNER}\r\n--_r_--`),
    );

    expect(intake.captured("message")[0]!.attachments!.map(({ name }) => name)).toEqual([
      "original.eml",
      "part-2.eml",
    ]);
  });
});

describe("a copy", () => {
  it("is filed by its headers, and an unknown mailbox loses nothing", async () => {
    using client = await Client.open(intake.port);
    await client.send(INNER.replace("ann@example.gov.uk", "A.LEE@example.gov.uk"));
    await client.send(INNER.replace("ann@example.gov.uk", "stranger@example.org"));

    expect(intake.captured("message").map(({ event }) => [event.account, event.direction])).toEqual([
      ["ann@example.gov.uk", "outgoing"],
      ["unassigned", undefined],
    ]);
  });

  it("that came back is a notice", async () => {
    using client = await Client.open(intake.port);
    await client.send('Content-Type: multipart/report; boundary="x"\r\nTo: ann@example.gov.uk\r\n\r\n--x--');

    expect(intake.captured()[0]!.event).toMatchObject({ kind: "notice", account: "ann@example.gov.uk" });
  });
});

describe("the intake", () => {
  it.each([
    ["LF.LF", "\n.\n"],
    ["LF.CRLF", "\n.\r\n"],
    ["CRLF.LF", "\r\n.\n"],
    ["CR.CR", "\r.\r"],
  ])("keeps what is smuggled by %s inside one message", async (_, end) => {
    using client = await Client.open(intake.port);
    const smuggled = `MAIL FROM:<x@x>\r\nRCPT TO:<x@x>\r\nDATA\r\nSubject: forged\r\n\r\nx`;
    await client.send(`${INNER}${end}${smuggled}`);

    const messages = intake.captured("message");
    expect(messages).toHaveLength(1);
    expect(Buffer.from(messages[0]!.event.raw, "base64").toString()).toContain("Subject: forged");
    expect(intake.captured("notice")[0]!.event.text).toMatch(/end otherwise/);
  });

  it("answers 451 while nothing can be kept, and 250 to the same later: one record", async () => {
    await using other = await Intake.open({}, new RecordingSink({ failures: 1, keep: true }));
    using client = await Client.open(other.port);
    const answers = [await client.send(INNER), await client.send(INNER)];

    expect(answers.map((one) => one.slice(0, 3))).toEqual(["451", "250"]);
    expect(new Set(other.captured("message").map(({ eventId }) => eventId)).size).toBe(1);
  });

  it("refuses by size alone, declared or not, and records that as a gap", async () => {
    await using other = await Intake.open({ maxBytes: 1_000 });
    using client = await Client.open(other.port);
    const declared = await client.say("MAIL FROM:<x@example.org> SIZE=1001");
    const undeclared = await client.send("x".repeat(5_000));
    const after = await client.send(INNER);

    expect([declared, undeclared, after].map((one) => one.slice(0, 3))).toEqual(["552", "552", "250"]);
    expect(other.captured("gap")).toHaveLength(2);
  });

  it("takes no more at once than it may hold, and goes on", async () => {
    await using other = await Intake.open({ maxBytesUnderWay: 1_000 });
    using client = await Client.open(other.port);

    expect(await client.send("x".repeat(5_000))).toMatch(/^451/);
    expect(await client.send(INNER)).toMatch(/^250/);
  });

  it("refuses other recipients and other sources before DATA, and says nothing of content", async () => {
    using client = await Client.open(intake.port);
    await using closed = await Intake.open({ sources: { addresses: ["192.0.2.0/24"], names: [] } });
    using stranger = await Client.open(closed.port);

    expect(await client.send(INNER, "other@archive.example.gov.uk")).toMatch(/^550/);
    expect(await stranger.say("MAIL FROM:<>")).toMatch(/^550/);
    expect(await client.say("RSET")).toMatch(/^250/);
    expect(await client.send(Buffer.alloc(1_000, 0xff))).toMatch(/^250/);
  });

  it("outlives a client that vanishes in the midst of a message, and keeps nothing of it", async () => {
    const vanishing = await Client.open(intake.port);
    await vanishing.say("MAIL FROM:<>");
    await vanishing.say(`RCPT TO:<${JOURNAL}>`);
    await vanishing.say("DATA");
    vanishing.write(INNER);
    vanishing[Symbol.dispose]();
    using client = await Client.open(intake.port);

    expect(await client.send(INNER)).toMatch(/^250/);
    expect(intake.captured("message")).toHaveLength(1);
  });

  it("keeps every byte: 8 bits, NUL, dots and long lines", async () => {
    using client = await Client.open(intake.port);
    const body = Buffer.from(`Subject: x\r\n\r\n..\r\n\0\xff${"y".repeat(100_000)}\r\n`, "latin1");
    const stuffed = Buffer.from(body.toString("latin1").replaceAll("\r\n.", "\r\n.."), "latin1");
    await client.send(stuffed);

    const raw = Buffer.from(intake.captured("message")[0]!.event.raw, "base64");
    const sha = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
    expect(sha(raw)).toBe(sha(Buffer.concat([body, Buffer.from("\r\n")])));
  });
});
