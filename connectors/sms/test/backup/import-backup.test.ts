import { RecordingSink, codePoint } from "@daybook/contract/testing";
import fc from "fast-check";
import { backup, mms, sms } from "../../../../test/fakes/sms-backup.ts";
import { ACCOUNT, captured, CUSTODIAN, supplied } from "./reading.ts";

const SHIP = "\u{1f6a2}";
const PHOTO = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3, 4, 5, 6, 7]);
const ANN = "+447700900001";
const BO = "+447700900002";
const OWN = "+447700900123";

const eventsOf = async (...elements: string[]) =>
  (await captured(supplied(backup(...elements)))).map(({ event }) => event);

describe("a backup of text messages", () => {
  it("is read as messages that somebody supplied, with the bytes of their element", async () => {
    const element = sms({ contact_name: "Ann Lee" });
    const content = backup(element);
    const [event] = await eventsOf(element);

    expect(event).toMatchObject({
      kind: "message",
      network: "sms",
      method: "export",
      provenance: "supplied",
      account: ACCOUNT,
      custodian: CUSTODIAN,
      conversation: { id: ANN, title: "Ann Lee", kind: "direct" },
      sender: { id: ANN, name: "Ann Lee" },
      recipients: [{ id: ACCOUNT, name: CUSTODIAN.name }],
      direction: "incoming",
      sentAt: "2024-05-13T09:00:58.000Z",
      receivedAt: "2024-05-13T09:01:00.000Z",
      text: "Can the ferry sail on Friday?",
      source: { line: 6, offsetBytes: content.indexOf("<sms ") },
    });
    expect(Buffer.from(event!.raw, "base64").toString()).toBe(element.trim());
  });

  it("tells apart what was sent, what failed and what is a draft", async () => {
    const events = await eventsOf(
      sms({ type: 2, body: "Sent", status: 0 }),
      sms({ type: 5, body: "Failed" }),
      sms({ type: 3, body: "A draft of mine" }),
    );
    expect(events.map(({ kind, direction, text, sender }) => [kind, direction, text, sender?.id])).toEqual([
      ["message", "outgoing", "Sent", ACCOUNT],
      ["receipt", "outgoing", "delivered", ACCOUNT],
      ["message", "outgoing", "Failed", ACCOUNT],
      ["receipt", "outgoing", "failed", ACCOUNT],
      ["notice", undefined, "The backup holds a draft, which is no message", ANN],
    ]);
    expect(events[1]?.target).toBe(events[0]?.networkId);
  });

  it("joins the halves of an emoji, and leaves alone what somebody wrote that looks like one", async () => {
    const typed = "&#55357;&#56866; is how a ship is written &amp;";
    const bodies = [
      `${SHIP}${SHIP} two`,
      typed,
      "half \ud83d",
      "a\u0000b\u0007c",
      "tab\tnew\nline",
      "é€&<>\"'",
    ];
    const events = await eventsOf(...bodies.map((body, n) => sms({ body, date: 1_715_590_860_000 + n })));

    expect(events.map(({ text }) => text)).toEqual([
      `${SHIP}${SHIP} two`,
      typed,
      "half \ufffd",
      "a\ufffdb\ufffdc",
      "tab\tnew\nline",
      "é€&<>\"'",
    ]);
    expect(Buffer.from(events[0]!.raw, "base64").toString()).toContain("&#55357;&#56994;");
  });

  it("shows null as absent, and keeps it in raw", async () => {
    const [event] = await eventsOf(sms({ body: "null", contact_name: "null" }));
    expect(event?.text).toBeUndefined();
    expect(event?.sender?.name).toBe("");
    expect(Buffer.from(event!.raw, "base64").toString()).toContain('body="null"');
  });

  it("reads an MMS with its text and its picture, and who else was in the group", async () => {
    const sink = new RecordingSink();
    const element = mms(
      { address: `${ANN}~${BO}`, sub: "The pier", contact_name: "Ann Lee, Bo" },
      [
        { ct: "application/smil", name: "smil.xml", text: "<smil/>" },
        { ct: "image/jpeg", name: "pier.jpg", data: PHOTO },
        { ct: "text/plain", name: "text.txt", text: `Look ${SHIP}` },
        { ct: "video/mp4", name: "../../tide.mp4" },
      ],
      [
        [ANN, 137],
        ["07700900002", 151],
        [OWN, 151],
      ],
    );
    const events = await captured(supplied(backup(element)), { sink });
    const [message, gap] = events;

    expect(events).toHaveLength(2);
    expect(message!.event).toMatchObject({
      kind: "message",
      conversation: { id: `group:${ANN}, ${BO}`, title: "Ann Lee, Bo", kind: "group" },
      sender: { id: ANN },
      recipients: [{ id: "07700900002" }, { id: ACCOUNT, name: CUSTODIAN.name }],
      sentAt: "2024-05-13T09:01:58.000Z",
      receivedAt: "2024-05-13T09:02:00.000Z",
      text: `The pier\nLook ${SHIP}`,
    });
    expect(message!.attachments).toMatchObject([{ name: "pier.jpg", mediaType: "image/jpeg" }]);
    expect(sink.attachments.get(message!.attachments![0]!.sealed)).toEqual(PHOTO);
    expect(gap!.event).toMatchObject({
      kind: "gap",
      target: message!.event.networkId,
      gap: { why: "attachment named but not in the backup", about: "tide.mp4" },
    });
    const raw = Buffer.from(message!.event.raw, "base64").toString();
    expect(raw).toBe(element.trim().replace(PHOTO.toString("base64"), ""));
  });

  it("reads a part whose type has parameters", async () => {
    const element = mms(
      {},
      [
        { ct: "application/smil; charset=utf-8", name: "smil.xml", text: "<smil/>" },
        { ct: "text/plain; charset=utf-8", name: "text.txt", text: "Look" },
        { ct: "image/jpeg; name=pier.jpg", name: "pier.jpg", data: PHOTO },
      ],
      [[ANN, 137]],
    );
    const [message, ...others] = await captured(supplied(backup(element)));
    expect(others).toEqual([]);
    expect(message?.event.text).toBe("Look");
    expect(message?.attachments).toMatchObject([{ name: "pier.jpg", mediaType: "image/jpeg" }]);
  });

  it("has a gap for an MMS that the phone had not fetched, and for data that are no base64", async () => {
    const damaged = mms({}, [{ ct: "image/png", name: "a.png", data: PHOTO }], [[ANN, 137]]).replace(
      'data="',
      'data="!',
    );
    const events = await eventsOf(mms({ m_type: 130, m_id: "null" }, [], [[ANN, 137]]), damaged);
    expect(events.map(({ kind, gap }) => [kind, gap?.why])).toEqual([
      ["gap", "An MMS was announced to the phone and had not been fetched by it"],
      ["message", undefined],
      ["gap", "attachment damaged in the backup"],
    ]);
  });

  it("reads data that a serialiser broke into lines", async () => {
    const sink = new RecordingSink();
    const data = Buffer.alloc(1_000, "tide ");
    const lines = data
      .toString("base64")
      .match(/.{1,76}/g)!
      .join("&#10;");
    const element = mms({}, [{ ct: "image/png", name: "a.png", data }], [[ANN, 137]]).replace(
      data.toString("base64"),
      lines,
    );
    await captured(supplied(backup(element), 7), { sink });
    expect([...sink.attachments.values()]).toEqual([data]);
  });

  it("adds of a later backup only what is new, and knows what became of a message since", async () => {
    const known = new Set<string>();
    const early = [
      sms({ body: "Yes" }),
      sms({ body: "Yes" }),
      sms({ type: 4, body: "Going out", status: -1 }),
    ];
    const first = await captured(supplied(backup(...early)), { known });
    const later = [
      sms({ body: "Yes", read: 0, contact_name: "Ann", readable_date: "13 May" }),
      sms({ body: "Yes", read: 0, contact_name: "Ann" }),
      sms({ type: 2, body: "Going out", status: 0 }),
      sms({ body: "New", date: 1_715_600_000_000 }),
    ];
    const second = await captured(supplied(backup(...later)), { known });

    expect(first).toHaveLength(3);
    expect(new Set(first.map(({ eventId }) => eventId)).size).toBe(3);
    expect(second.map(({ event }) => [event.kind, event.text])).toEqual([
      ["receipt", "delivered"],
      ["message", "New"],
    ]);
  });

  it("reads the same whatever pieces the file comes in", async () => {
    const text = fc.string({ unit: codePoint, maxLength: 40 }).map((one) => (one === "null" ? "" : one));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ body: text, contact: text, data: fc.uint8Array({ maxLength: 60 }) }), {
          maxLength: 3,
        }),
        fc.constantFrom(1, 3, 40, 4_096),
        async (messages, piece) => {
          const elements = messages.flatMap(({ body, contact, data }, n) => [
            sms({ body, contact_name: contact, date: 1_715_590_860_000 + n }),
            mms({ date: 1_715_690_860_000 + n }, [{ ct: "image/png", name: "a", data }], [[ANN, 137]]),
          ]);
          const content = `\ufeff${backup(...elements)}`;
          const sink = new RecordingSink();
          const events = await captured(supplied(content, piece), { sink });
          const whole = await captured(supplied(content));

          expect(events.map(({ event }) => event.text)).toEqual(
            messages.flatMap(({ body }) => [readable(body), undefined]),
          );
          expect([...sink.attachments.values()].map((one) => one.toString("hex"))).toEqual(
            messages.map(({ data }) => Buffer.from(data).toString("hex")),
          );
          const identities = (of: typeof events) =>
            of.map(({ eventId, event }) => [eventId, event.raw, event.source]);
          expect(identities(events)).toEqual(identities(whole));
          const raws = events.map(({ event }) => Buffer.from(event.raw, "base64").toString());
          expect(raws).toEqual(elements.map((one) => one.trim().replace(/data="[^"]*"/, 'data=""')));
        },
      ),
      { numRuns: 25 },
    );
  });
});

/** What is left of words that XML cannot hold. */
function readable(text: string): string | undefined {
  const shown = text.toWellFormed().replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, "\ufffd");
  return shown === "" ? undefined : shown;
}
