import { event, MAX_EVENT_BYTES, type SealedAttachment } from "@daybook/contract";
import {
  type CaptureContext,
  type Entry,
  identityOf,
  lineIdentity,
  toCaptured,
  warningLog,
  zoneReader,
} from "../src/index.ts";
import { codes, read } from "./reading.ts";

const LRM = "\u200e";

function context(over: Partial<CaptureContext> = {}): CaptureContext {
  return {
    account: "ann@office",
    custodian: { id: "c1", name: "Ann Smith" },
    conversation: { id: "conversation-1", title: "Budget", kind: "group" },
    fileSha256: "ab".repeat(32),
    ordinal: 0,
    log: warningLog(),
    ...over,
  };
}

async function first(text: string): Promise<Entry> {
  return (await read(text)).entries[0]!;
}

const valid = (captured: ReturnType<typeof toCaptured>) =>
  captured.map((each) => event.parse({ ...each.event, capturedAt: "2026-01-02T03:04:05.000Z" }));

describe("toCaptured", () => {
  it("makes a supplied message of a line, with its bytes and its place", async () => {
    const entry = await first("\ufeffnote\n25/03/2024, 15:04 - Ann: hi\nthere\n");
    const [captured, ...more] = toCaptured(entry, context());
    expect(more).toEqual([]);
    expect(valid([captured!])).toMatchObject([
      {
        kind: "message",
        network: "whatsapp",
        method: "export",
        provenance: "supplied",
        localTime: "2024-03-25T15:04:00",
        sender: { id: "Ann", name: "Ann" },
        text: "hi\nthere",
        raw: Buffer.from("25/03/2024, 15:04 - Ann: hi\nthere\n").toString("base64"),
        source: { sha256: "ab".repeat(32), line: 2, offsetBytes: 8 },
      },
    ]);
    expect(captured?.event).not.toHaveProperty("sentAt");
    expect(captured?.event).not.toHaveProperty("recipients");
  });

  it("gives one line one identity, from whatever phone, language or place in a file it comes", async () => {
    const texts = [
      "25/03/2024, 15:04 - Ann: hi\n",
      "25/03/2024, 10:00 - Bob: earlier\n25/03/2024, 15:04 - Ann: hi\n",
      "[3/25/24, 3:04:59\u202fPM] Ann: hi\r\n",
      "25/03/2024, 15:04 - \u202aAnn\u202c: hi <This message was edited>\n\n",
    ];
    const ids = new Set<string>();
    for (const text of texts) {
      const entry = (await read(text)).entries.at(-1)!;
      const [captured] = toCaptured(entry, context({ fileSha256: "cd".repeat(32) }));
      ids.add(`${captured!.eventId} ${captured!.stableDigest}`);
    }
    expect(ids.size).toBe(1);
  });

  it("gives the same placeholder and the same notice one identity in two languages", async () => {
    const same = async (one: string, other: string) => {
      const [a, b] = [
        await first(`25/03/2024, 15:04 - ${one}\n`),
        await first(`25.03.24, 15:04 - ${other}\n`),
      ];
      return lineIdentity(identityOf(a)) === lineIdentity(identityOf(b));
    };
    expect(await same("Ann: <Media omitted>", "Ann: <Medien ausgeschlossen>")).toBe(true);
    expect(await same("You added Bob", "Du hast Bob hinzugefügt.")).toBe(true);
    expect(await same("Ann: <Media omitted>", "Bob: <Medien ausgeschlossen>")).toBe(false);
  });

  it("tells equal lines, conversations, minutes and authors apart", async () => {
    const entry = await first("25/03/2024, 15:04 - Ann: hi\n");
    const other = { id: "conversation-2", title: "Budget", kind: "group" } as const;
    const ids = [
      toCaptured(entry, context()),
      toCaptured(entry, context({ ordinal: 1 })),
      toCaptured(entry, context({ conversation: other })),
      toCaptured(await first("25/03/2024, 15:05 - Ann: hi\n"), context()),
      toCaptured(await first("25/03/2024, 15:04 - Bob: hi\n"), context()),
    ].map(([captured]) => captured!.eventId);
    expect(new Set(ids).size).toBe(5);
  });

  it("does not take what somebody typed for what the app wrote", async () => {
    const [typed, written] = [
      await first("25/03/2024, 15:04 - Ann: deleted\n"),
      await first("25/03/2024, 15:04 - Ann: This message was deleted\n"),
    ];
    expect(typed.canonicalBody).not.toBe(written.canonicalBody);
  });

  it("keeps a deleted message as a message whose text is the placeholder", async () => {
    const [captured] = valid(
      toCaptured(await first("25/03/2024, 15:04 - Ann: This message was deleted\n"), context()),
    );
    expect(captured).toMatchObject({ kind: "message", text: "This message was deleted" });
  });

  it.each([
    ["Ann added Bob", "membership"],
    ["Ann left", "membership"],
    ["Missed voice call", "call"],
    ["Your security code with Ann changed.", "identity"],
    ["Ann turned off disappearing messages.", "timer"],
    ['You created group "X"', "notice"],
    ["Something new", "notice"],
  ])("gives the app's lines their kind: %s", async (line, kind) => {
    const [captured] = valid(toCaptured(await first(`25/03/2024, 15:04 - ${line}\n`), context()));
    expect(captured).toMatchObject({ kind, text: line });
    expect(captured).not.toHaveProperty("sender");
  });

  it("does not say that a group wrote the notice that iOS puts under its name", async () => {
    const entry = await first(`[25/03/2024, 15:04:00] Budget: ${LRM}Ann added Bob\n`);
    expect(valid(toCaptured(entry, context()))[0]).not.toHaveProperty("sender");
  });

  it("takes a sealed attachment along, and makes a gap of one that is missing", async () => {
    const entry = await first("25/03/2024, 15:04 - Ann: IMG-20240325-WA0001.jpg (file attached)\n");
    const sealed: SealedAttachment = {
      name: "IMG-20240325-WA0001.jpg",
      mediaType: "image/jpeg",
      sizeBytes: 3,
      sha256: "ab".repeat(32),
      sealed: "cd".repeat(32),
      sessionKey: `9:${"AB".repeat(32)}`,
    };
    expect(toCaptured(entry, context({ attachment: sealed }))).toMatchObject([{ attachments: [sealed] }]);
    const captured = toCaptured(entry, context({ missing: "attachment named but not in the export" }));
    expect(valid(captured)).toMatchObject([
      { kind: "message" },
      {
        kind: "gap",
        gap: { why: "attachment named but not in the export", about: "IMG-20240325-WA0001.jpg" },
        localTime: "2024-03-25T15:04:00",
        raw: "",
      },
    ]);
    expect(new Set(captured.map(({ eventId }) => eventId)).size).toBe(2);
  });

  it.each(["x", "\u0000", "é", "😀", '"'])(
    "fits the longest record of %j into an event",
    async (character) => {
      const text = `25/03/2024, 15:04 - Ann: ${character.repeat(1_200_000)}\n`;
      const { entries } = await read(text, { chunkBytes: 262_144 });
      const log = warningLog();
      const [made] = valid(toCaptured(entries[0]!, context({ log })));
      expect(Buffer.byteLength(JSON.stringify(made))).toBeLessThan(MAX_EVENT_BYTES);
      expect(made?.text?.isWellFormed()).toBe(true);
      expect(codes({ warnings: log.list() }).includes("text-cut")).toBe(["\u0000", '"'].includes(character));
    },
  );
});

describe("toCaptured in a stated zone", () => {
  it.each([
    ["Europe/Berlin", "25/03/2024, 15:04", "2024-03-25T14:04:00.000Z", []],
    ["Europe/Berlin", "25/07/2024, 00:04", "2024-07-24T22:04:00.000Z", []],
    ["Asia/Kathmandu", "25/03/2024, 15:04", "2024-03-25T09:19:00.000Z", []],
    ["America/St_Johns", "25/03/2024, 15:04", "2024-03-25T17:34:00.000Z", []],
    ["Pacific/Apia", "25/03/2024, 15:04", "2024-03-25T02:04:00.000Z", []],
    ["Europe/Berlin", "27/10/2024, 02:30", "2024-10-27T00:30:00.000Z", ["time-ambiguous"]],
    ["Europe/Berlin", "31/03/2024, 02:30", "2024-03-31T01:30:00.000Z", ["time-nonexistent"]],
    ["Europe/Berlin", "31/03/2024, 03:00", "2024-03-31T01:00:00.000Z", []],
    ["Europe/Berlin", "27/10/2024, 03:00", "2024-10-27T02:00:00.000Z", []],
    ["Australia/Lord_Howe", "07/04/2024, 01:45", "2024-04-06T14:45:00.000Z", ["time-ambiguous"]],
  ])("reads %s %s as %s", async (zone, header, sentAt, warnings) => {
    const log = warningLog();
    const [captured] = valid(
      toCaptured(await first(`${header} - Ann: hi\n`), context({ zone: zoneReader(zone), log })),
    );
    expect(captured?.sentAt).toBe(sentAt);
    expect(captured).not.toHaveProperty("localTime");
    expect(codes({ warnings: log.list() })).toEqual(warnings);
  });

  it("refuses a zone that does not exist", () => {
    expect(() => zoneReader("Europe/Atlantis")).toThrow(RangeError);
  });
});
