import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zip } from "../../../connectors/exports/test/zip-bytes.ts";
import {
  at as minute,
  ChatDb,
  FERGUS,
  guidOf,
  PHOTO,
  writeStory,
} from "../../../test/fakes/imessage/index.ts";
import { scopeHash } from "../src/scope.ts";
import { SCOPE_KEY } from "./support/capture.ts";
import { importing } from "./support/importing.ts";

const at = importing();

let dir: string;
let db: ChatDb;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "daybook-messages-"));
  db = writeStory(join(dir, "mac"));
});
afterEach(() => {
  db.close();
  rmSync(dir, { recursive: true, force: true });
});

const NAME = { name: "Messages.zip", custodian: "Olivia" };

/** What the command line sends of the folder now. */
function sent({
  photo = true,
  more = [],
}: { photo?: boolean; more?: { name: string; data: Buffer }[] } = {}): Buffer {
  const copy = join(dir, "copy");
  db.copyTo(copy);
  return zip([
    { name: "chat.db", data: readFileSync(join(copy, "chat.db")) },
    { name: "chat.db-wal", data: readFileSync(join(copy, "chat.db-wal")) },
    ...(photo ? [{ name: "Attachments/ab/11/at_0_photo/pier.jpg", data: PHOTO }] : []),
    ...more,
  ]);
}

describe("an import of a messages database", () => {
  it("records each event once, as supplied, by the network it came by, with its attachment and a gap for one that is gone", async () => {
    const { files, records } = await at.imported(sent(), NAME);

    expect(files).toMatchObject([
      {
        file: "Messages.zip",
        network: "imessage",
        messages: 9,
        edited: 2,
        deleted: 3,
        attachments: 1,
        order: null,
      },
    ]);
    const all = at.rig.publisher.records.map(({ event }) => event);
    expect(records).toBe(all.length);
    expect(new Set(all.map(({ method, provenance }) => `${method} ${provenance}`))).toEqual(
      new Set(["export supplied"]),
    );
    expect(all.filter(({ network }) => network === "sms").map(({ text }) => text)).toEqual([
      "By text, for I have no signal",
    ]);
    const photo = at.records().find(({ event }) => event.text === "The pier");
    expect(photo?.event.attachments).toMatchObject([
      { name: "pier.jpg", mediaType: "image/jpeg", sizeBytes: PHOTO.length },
    ]);
    expect((await at.opened(photo!)).equals(PHOTO)).toBe(true);
    expect(at.records("gap").map(({ event }) => event.gap)).toEqual([
      { why: "attachment named but not in the import", about: "chart.jpg" },
    ]);
    expect(at.records().find(({ event }) => event.text === "I will ask the pilot.")?.event.sender).toEqual({
      id: "+447700900001",
      name: "Olivia",
    });
  });

  it("keeps the file with its notice, which the records cite by their row", async () => {
    const content = sent();
    await at.imported(content, NAME);
    const [notice] = at.records("notice");

    expect((await at.opened(notice!)).equals(content)).toBe(true);
    const [ask] = at.records();
    expect(ask?.event.source).toEqual({ sha256: notice?.event.source?.sha256, line: 1, offsetBytes: 0 });
  });

  it("has nothing new in the same file, and in a grown one only what is new", async () => {
    const content = sent();
    await at.imported(content, NAME);
    expect(await at.imported(content, NAME)).toMatchObject({ records: 0 });

    const before = at.rig.publisher.records.length;
    db.edit(1, [
      { at: minute(0), text: "Can the ferry sail on Friday? 🚢" },
      { at: minute(90), text: "Can it?" },
    ]);
    db.message({ chat: 1, at: minute(91), name: "new", runs: [{ text: "words" }] });
    expect(await at.imported(sent(), NAME)).toMatchObject({ records: 3 });
    expect(
      at.rig.publisher.records.slice(before).map(({ event }) => [event.kind, event.text?.slice(0, 8)]),
    ).toEqual([
      ["edit", "Can it?"],
      ["message", "words"],
      ["notice", "Imported"],
    ]);
  });

  it.each(["lost", "kept"] as const)(
    "supplies a file that an import before did not have, or that was joined since, once, also where the disk fails: %s",
    async (fault) => {
      await at.imported(sent({ photo: false }), NAME);
      expect(
        at
          .records("gap")
          .map(({ event }) => event.gap?.about)
          .sort(),
      ).toEqual(["chart.jpg", "pier.jpg"]);
      expect(await at.imported(sent({ photo: false }), NAME)).toMatchObject({ records: 0 });

      db.attachment(1, "joined since", "~/Library/Messages/Attachments/ab/12/since.jpg");
      db.attachment(1, "never", "~/Library/Messages/Attachments/ab/12/never.jpg");
      const more = [{ name: "Attachments/ab/12/since.jpg", data: Buffer.from("since, made up") }];
      at.rig.publisher.faults.push(fault);
      await expect(at.imported(sent({ more }), NAME)).rejects.toMatchObject({ code: "unavailable" });
      await at.imported(sent({ more }), NAME);
      expect(await at.imported(sent({ more }), NAME)).toMatchObject({ records: 0 });
      // The notice of that file, and nothing else: what is there no longer is no gap.
      expect(await at.imported(sent({ photo: false }), NAME)).toMatchObject({ records: 1 });

      const later = at.records("notice").filter(({ event }) => event.target !== undefined);
      expect(later.map(({ event }) => [event.target, event.attachments?.[0]?.name])).toEqual([
        [guidOf("ask"), "since.jpg"],
        [guidOf("photo"), "pier.jpg"],
      ]);
      expect((await at.opened(later[1]!)).equals(PHOTO)).toBe(true);
      expect(later[1]?.event).toMatchObject({ provenance: "supplied", conversation: { title: FERGUS } });
      expect(
        at
          .records("gap")
          .map(({ event }) => event.gap?.about)
          .sort(),
      ).toEqual(["chart.jpg", "never.jpg", "pier.jpg"]);
      expect(at.records().filter(({ event }) => event.text === "The pier")).toHaveLength(1);
    },
  );

  it("reads a bare database, whatever it is called", async () => {
    db.checkpoint();
    db.copyTo(join(dir, "copy"));
    const { files } = await at.imported(readFileSync(join(dir, "copy/chat.db")), {
      ...NAME,
      name: "copy.bin",
    });

    expect(files).toMatchObject([{ network: "imessage", messages: 9 }]);
    expect(at.records("gap")).toHaveLength(2);
  });

  it("says that a database is damaged, and keeps what stands before the damage", async () => {
    const mac = new ChatDb(join(dir, "damaged"));
    const chat = mac.chat(FERGUS, [mac.handle(FERGUS)]);
    mac.run("BEGIN");
    for (let i = 0; i < 1_000; i += 1)
      mac.message({ chat, at: minute(i), name: `d${i}`, runs: [{ text: `Row ${i}` }] });
    mac.run("COMMIT");
    mac.close();
    const bytes = readFileSync(mac.path);
    const last = bytes.lastIndexOf("Row 999");
    bytes.fill(0xff, last - 2_000, last);

    await expect(at.imported(bytes, { ...NAME, name: "chat.db" })).rejects.toMatchObject({
      code: "malformed",
    });
    expect(at.records("message").length).toBeGreaterThan(100);
  });

  it("leaves out a message of which one conversation is left out, though another is not", async () => {
    const other = db.chat("chat7", [1], { title: "Family" });
    db.insert("chat_message_join", { chat_id: other, message_id: 1, message_date: 0 });
    at.rig.registry.rules = {
      version: 1,
      rules: [
        {
          ...{ id: "r1", effect: "exclude", network: "imessage" },
          conversation: scopeHash(SCOPE_KEY, "imessage", "Family"),
        },
      ],
    };
    await at.imported(sent(), NAME);

    const texts = at.rig.publisher.records.map(({ event }) => event.text);
    expect(texts.some((text) => text?.startsWith("Can the ferry"))).toBe(false);
    expect(texts).toContain("I will ask the pilot.");
    expect(at.records("coverage").map(({ event }) => event.coverage?.excluded)).toEqual([1]);
  });

  it("leaves out a conversation that scope leaves out, with its photos, and then the file too", async () => {
    at.rig.registry.rules = {
      version: 1,
      rules: [
        {
          id: "r1",
          effect: "exclude",
          network: "imessage",
          conversation: scopeHash(SCOPE_KEY, "imessage", `iMessage;-;${FERGUS}`),
        },
      ],
    };
    await at.imported(sent(), NAME);

    const all = at.rig.publisher.records;
    expect(JSON.stringify(all)).not.toContain(guidOf("ask"));
    expect(all.some(({ event }) => event.text === "Good morning, harbour office here.")).toBe(true);
    expect(all.flatMap(({ keys }) => keys)).toEqual([]);
    expect(at.records("coverage")[0]?.event.coverage?.excluded).toBeGreaterThan(10);
  });

  it.each([
    [
      "a damaged database",
      () => zip([{ name: "chat.db", data: "SQLite format 3\u0000 and nothing" }]),
      "malformed",
    ],
    ["an empty folder of one", () => zip([{ name: "Attachments/a.jpg", data: "a" }]), "not-an-export"],
    ["another database", () => zip([{ name: "sms.db", data: "words" }]), "malformed"],
  ])("records nothing of %s", async (_, content, code) => {
    await expect(at.imported(content(), NAME)).rejects.toMatchObject({ code });
    expect(at.rig.publisher.records).toEqual([]);
  });
});
