import { Client, Intake } from "./intake.ts";
import { signed, Zone } from "./signing.ts";

const RECORD = "record@example.gov.uk";
const PRIVATE = "ann.private@example.com";
const ANN = { id: "c1", name: "Ann Lee" };
const DAY = 86_400_000;

const zone = new Zone();
const provider = zone.signer("example.com");
const other = zone.signer("example.org");

let intake: Intake;
beforeAll(async () => {
  intake = await Intake.open({
    resolve: zone.resolve,
    copies: {
      addresses: [RECORD],
      mailboxes: [{ addresses: [PRIVATE, "a.lee@example.net"], custodian: ANN }],
      lateAfterDays: 20,
    },
  });
});
beforeEach(() => {
  intake.sink.captured.length = 0;
});
afterAll(() => intake[Symbol.asyncDispose]());

const ago = (ms: number) => new Date(Date.now() - ms).toUTCString().replace("GMT", "+0000");

function mail(
  headers: Readonly<Record<string, string>>,
  body = "The pier is shut.",
  date = ago(60_000),
): string {
  const all = { From: `Ann Lee <${PRIVATE}>`, Date: date, "Message-ID": "<m1@example.com>", ...headers };
  return [...Object.entries(all).map(([name, value]) => `${name}: ${value}`), "", body, ""].join("\r\n");
}

const original = (date = ago(60_000)) =>
  mail(
    { From: "Fergus <fergus@example.org>", To: PRIVATE, Subject: "Pier", "Message-ID": "<pier@example.org>" },
    "It is shut.",
    date,
  );

function multipart(headers: Readonly<Record<string, string>>, ...parts: readonly string[]): string {
  const body = [...parts.map((part) => `--_b_\r\n${part}`), "--_b_--"].join("\r\n");
  return mail({ ...headers, "Content-Type": "multipart/mixed; boundary=_b_" }, body);
}

const text = (said: string) => `Content-Type: text/plain\r\n\r\n${said}`;
const enclosing = (message: string) => `Content-Type: message/rfc822\r\n\r\n${message}`;
const picture = "Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=";

interface Facts {
  readonly copy: {
    readonly kind: string;
    readonly strength?: string;
    readonly post?: string;
    readonly proposed?: unknown;
    readonly enclosed?: readonly string[];
  };
}

async function deliver(message: string, to = RECORD, from = PRIVATE) {
  using client = await Client.open(intake.port);
  expect(await client.send(message, to, from)).toMatch(/^250 2.0.0 kept as/);
  const told = intake.captured("notice").map(({ event }) => ({
    event,
    facts: JSON.parse(Buffer.from(event.raw, "base64").toString()) as Facts,
  }));
  return { messages: intake.captured("message").map(({ event }) => event), notices: told };
}

const inline = (header: string) =>
  mail({ To: RECORD, Subject: "Fwd: Pier" }, `For the record.\r\n\r\n${header}\r\n\r\nIt is shut.`);

describe("what comes to the official address", () => {
  it.each([
    [
      "a signed copy",
      () => signed(mail({ To: "fergus@example.org", Subject: "Pier" }), provider),
      "copied",
      "strong",
    ],
    [
      "a signed copy with the address in Cc",
      () => signed(mail({ To: "fergus@example.org", Cc: RECORD, Subject: "Pier" }), provider),
      "copied",
      "strong",
    ],
    [
      "a copy that nobody signed",
      () => mail({ To: "fergus@example.org", Subject: "Pier" }),
      "copied",
      "weak",
    ],
    [
      "a signed copy that came a day later",
      () => signed(mail({ To: "fergus@example.org", Subject: "Pier" }, "x", ago(DAY)), provider),
      "copied",
      "fair",
    ],
    [
      "a message forwarded as an attachment",
      () => multipart({ To: RECORD, Subject: "Fwd" }, text("See."), enclosing(original())),
      "attached",
      "fair",
    ],
    [
      "a signed one forwarded as an attachment",
      async () => multipart({ To: RECORD, Subject: "Fwd" }, enclosing(await signed(original(), other))),
      "attached",
      "strong",
    ],
    [
      "a signed one that was changed",
      async () =>
        multipart(
          { To: RECORD, Subject: "Fwd" },
          enclosing((await signed(original(), other)).replace("It is shut", "It is open")),
        ),
      "attached",
      "fair",
    ],
    [
      "a signed one redirected",
      async () => `Resent-From: ${PRIVATE}\r\nResent-To: ${RECORD}\r\n${await signed(original(), other)}`,
      "redirected",
      "strong",
    ],
    ["one redirected", () => original(), "redirected", "weak"],
    [
      "one forwarded as text, by Gmail",
      () =>
        inline(
          "---------- Forwarded message ---------\r\nFrom: Fergus <fergus@example.org>\r\nDate: Mon, 13 May 2024 at 10:01\r\nSubject: Pier\r\nTo: Ann",
        ),
      "inline",
      "weak",
    ],
    [
      "one forwarded as text, signed by the forwarder's provider",
      () => signed(inline("From: Fergus\r\nSent: 13 May 2024 10:01\r\nTo: Ann\r\nSubject: Pier"), provider),
      "inline",
      "weak",
    ],
    [
      "one forwarded with no quoted header",
      () => mail({ To: RECORD, Subject: "Fwd: Pier" }, "He says it is shut."),
      "inline",
      "weak",
    ],
    [
      "a picture",
      () => multipart({ To: RECORD, Subject: "What he wrote" }, text("See."), picture),
      "screenshot",
      "weak",
    ],
    ["a note", () => mail({ To: RECORD, Subject: "Note" }, "I rang Fergus."), "written", "weak"],
  ] as const)("tells %s", async (_, message, kind, strength) => {
    const { messages, notices } = await deliver(await message());

    expect(messages[0]).toMatchObject({
      method: "copied",
      provenance: "supplied",
      account: PRIVATE,
      custodian: ANN,
    });
    expect(notices[0]!.facts.copy).toMatchObject({ kind, strength });
    expect(messages.length).toBe(kind === "attached" ? 2 : 1);
  });

  it("has a record of its own for what is enclosed, byte for byte, the same however often it is forwarded", async () => {
    const within = await signed(original(), other);
    const { messages, notices } = await deliver(multipart({ To: RECORD, Subject: "Fwd" }, enclosing(within)));
    await deliver(multipart({ To: RECORD, Subject: "Again" }, text("Once more."), enclosing(within)));

    expect(Buffer.from(messages[1]!.raw, "base64").toString()).toBe(within);
    expect(messages[1]).toMatchObject({
      sender: { id: "fergus@example.org" },
      networkId: "pier@example.org",
      direction: "incoming",
      text: "Pier\n\nIt is shut.",
    });
    expect(notices[1]!.event.text).toMatch(
      /enclosed.*byte for byte[^]*provider signed it[^]*DKIM of example\.org/,
    );
    const ids = intake.captured("message").map(({ eventId, stableDigest }) => `${eventId} ${stableDigest}`);
    expect([ids.length, new Set(ids).size]).toEqual([4, 3]);
  });

  it("only proposes what a text quotes, and says that it does", async () => {
    const { messages, notices } = await deliver(
      inline(
        "> From: Fergus <fergus@example.org>\r\n> Sent: 13 May 2024 10:01\r\n> To: Ann\r\n> Subject: Pier",
      ),
    );

    expect(messages).toHaveLength(1);
    expect(messages[0]).toMatchObject({ sender: { id: PRIVATE }, forwarded: true });
    expect(Date.parse(messages[0]!.sentAt!)).toBeGreaterThan(Date.now() - DAY);
    expect(notices[0]!.facts.copy.proposed).toEqual({
      from: "Fergus <fergus@example.org>",
      date: "13 May 2024 10:01",
      time: { localTime: "2024-05-13T10:01:00" },
      to: "Ann",
      subject: "Pier",
    });
    expect(notices[0]!.event.text).toMatch(/Proposed, by a header that it quotes and nothing vouches for/);
    expect(notices[0]!.event.text).toMatch(/later than the 20 days that are allowed/);
  });

  it.each([
    [19, false],
    [21, true],
  ])("of %i days' age is taken; that it is late is said: %p", async (days, isLate) => {
    const { notices } = await deliver(
      multipart({ To: RECORD, Subject: "Fwd" }, enclosing(original(ago(days * DAY)))),
    );

    expect(/later than the 20 days/.test(notices[1]!.event.text!)).toBe(isLate);
  });

  it("says to which post it was sent, and takes no other address for it", async () => {
    const { notices } = await deliver(mail({ To: "fergus@example.org" }), "Record+Minister@example.gov.uk");
    using client = await Client.open(intake.port);

    expect(notices[0]!.facts.copy.post).toBe("minister");
    expect(notices[0]!.event.text).toMatch(/official address of: minister\./);
    expect(await client.send("x", "records@example.gov.uk")).toMatch(/^550/);
  });

  it("keeps what a stranger sends, in nobody's account", async () => {
    const { messages, notices } = await deliver(
      mail({ From: "mallory@example.org", To: "bo@example.org" }),
      RECORD,
      "mallory@example.org",
    );

    expect(messages[0]).toMatchObject({ account: "unassigned", provenance: "supplied" });
    expect(messages[0]!.custodian).toBeUndefined();
    expect(notices[0]!.event.text).toMatch(/nobody knows whose copy it is/);
  });

  it("claims to be a journal report, and is none here", async () => {
    const { messages } = await deliver(mail({ To: "bo@example.org", "X-MS-Journal-Report": "" }));

    expect(messages[0]).toMatchObject({ method: "copied", provenance: "supplied" });
  });
});
