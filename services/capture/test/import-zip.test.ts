import { randomBytes } from "node:crypto";
import { readdirSync } from "node:fs";
import { zip } from "../../../connectors/exports/test/zip-bytes.ts";
import { scopeHash } from "../src/scope.ts";
import { SCOPE_KEY } from "./support/capture.ts";
import { android, importing } from "./support/importing.ts";

const at = importing();

const NAME = { name: "WhatsApp Chat with Bo.zip" };
const image = (n: number) => `IMG-20240513-WA000${n}.jpg`;
const names = (minute: number, n: number, caption = "") =>
  `13/05/2024, 10:0${minute} - Ann: ${image(n)} (file attached)${caption && `\n${caption}`}`;
const WRONG_CHECKSUM = { central: { crc: 1 }, local: { crc: 1 } };

describe("an import of a ZIP with media", () => {
  it("seals a file that a line names as that line's attachment, with its key in the envelope", async () => {
    const content = zip([
      { name: "_chat.txt", data: android(names(1, 1, "the harbour"), "13/05/2024, 10:02 - Bo: nice") },
      { name: image(1), data: "bytes of the first image", stored: true },
    ]);
    const { files, records } = await at.imported(content, NAME);

    expect({ files, records }).toMatchObject({ files: [{ messages: 2, attachments: 1 }], records: 3 });
    const [named, other] = at.records();
    expect(named!.event.attachments).toMatchObject([
      { name: image(1), mediaType: "image/jpeg", sizeBytes: "bytes of the first image".length },
    ]);
    expect(JSON.stringify(named!.event)).not.toContain(named!.keys[0]);
    expect((await at.opened(named!)).toString()).toBe("bytes of the first image");
    expect(other).toMatchObject({ keys: [] });
    expect(other!.event.attachments).toBeUndefined();
    expect((await at.opened(at.records("notice")[0]!)).equals(content)).toBe(true);
    for (const { body } of at.rig.records.objects.values()) expect(body.includes("first image")).toBe(false);
    expect(readdirSync(at.rig.dir)).toEqual([]);
  });

  it("seals a file that two lines name twice, each under a key of its own", async () => {
    await at.imported(
      zip([
        { name: "_chat.txt", data: android(names(1, 1), names(2, 1)) },
        { name: image(1), data: "shared bytes" },
      ]),
      NAME,
    );
    const [first, second] = at.records();

    expect(first!.event.attachments![0]!.sha256).toBe(second!.event.attachments![0]!.sha256);
    expect(first!.event.attachments![0]!.sealed).not.toBe(second!.event.attachments![0]!.sealed);
    expect(first!.keys[0]).not.toBe(second!.keys[0]);
    expect([(await at.opened(first!)).toString(), (await at.opened(second!)).toString()]).toEqual([
      "shared bytes",
      "shared bytes",
    ]);
  });

  it("makes gaps of a file that is damaged and of one that is not there, and keeps the messages", async () => {
    const { files } = await at.imported(
      zip([
        {
          name: "_chat.txt",
          data: android(names(1, 1, "damaged"), names(2, 2, "gone"), names(3, 3, "here")),
        },
        { name: image(1), data: "not what the checksum says", ...WRONG_CHECKSUM },
        { name: image(3), data: "whole" },
      ]),
      NAME,
    );

    expect(files).toMatchObject([{ messages: 3, attachments: 3 }]);
    expect(at.records("gap").map(({ event }) => event.gap)).toMatchObject([
      { why: "attachment damaged in the export", about: image(1) },
      { why: "attachment named but not in the export", about: image(2) },
    ]);
    const [damaged, gone, here] = at.records();
    expect([damaged!.keys, gone!.keys]).toEqual([[], []]);
    expect((await at.opened(here!)).toString()).toBe("whole");
    // The ZIP itself and the one whole file: nothing of the damaged one.
    expect(at.rig.records.objects.size).toBe(2);
    expect(readdirSync(at.rig.dir)).toEqual([]);
  });

  it("makes a gap of a file that is larger than is kept, and keeps the message", async () => {
    const large = Buffer.concat([randomBytes(5_000_000), Buffer.alloc(5_000_001)]);
    const { files } = await at.imported(
      zip([
        { name: "_chat.txt", data: android(names(1, 1, "large"), names(2, 2, "small")) },
        { name: image(1), data: large },
        { name: image(2), data: "small" },
      ]),
      NAME,
    );

    expect(files).toMatchObject([{ messages: 2, attachments: 2 }]);
    expect(at.records("gap").map(({ event }) => event.gap)).toMatchObject([
      { why: "attachment larger than is kept", about: image(1) },
    ]);
    expect(at.records().map(({ keys }) => keys.length)).toEqual([0, 1]);
    expect(readdirSync(at.rig.dir)).toEqual([]);
  });

  it("seals nothing again of what it has recorded, from the same ZIP or a longer one", async () => {
    const media = { name: image(1), data: "bytes" };
    const rows = [names(1, 1), "13/05/2024, 10:02 - Bo: two", "13/05/2024, 10:03 - Ann: three"];
    const content = zip([{ name: "_chat.txt", data: android(...rows) }, media]);
    await at.imported(content, NAME);
    expect(await at.imported(content, NAME)).toMatchObject({ records: 0, files: [{ duplicates: 3 }] });
    expect(at.rig.records.objects.size).toBe(2);

    const longer = zip([{ name: "_chat.txt", data: android(...rows, names(4, 2)) }, media]);
    expect(await at.imported(longer, NAME)).toMatchObject({ files: [{ duplicates: 3 }] });
    expect(at.texts()).toHaveLength(4);
    // The second ZIP is kept too, and nothing else.
    expect(at.rig.records.objects.size).toBe(3);
  });
});

describe("an import of a ZIP with two chats", () => {
  const BO = "WhatsApp Chat with Bo.txt";
  const CY = "WhatsApp Chat with Cy.txt";
  const content = zip([
    { name: BO, data: android(names(1, 1), "13/05/2024, 10:02 - Bo: official words") },
    {
      name: CY,
      data: android(names(1, 2), "13/05/2024, 10:02 - Cy: private words", "13/05/2024, 10:03 - Cy: bye"),
    },
    { name: image(1), data: "official image" },
    { name: image(2), data: "private image" },
  ]);
  const conversation = (title: string) => scopeHash(SCOPE_KEY, "whatsapp", title);

  it("records both, as two conversations of one file", async () => {
    const { files, records } = await at.imported(content, { name: "chats.zip" });

    expect(files).toMatchObject([
      { file: BO, messages: 2, attachments: 1 },
      { file: CY, messages: 3, attachments: 1 },
    ]);
    expect(records).toBe(6);
    expect(at.conversations().size).toBe(2);
    expect(at.records("notice")).toHaveLength(1);
    expect(new Set(at.records().map(({ event }) => event.source!.sha256)).size).toBe(1);
  });

  it.each([
    { effect: "exclude" as const, title: "Cy" },
    { effect: "include" as const, title: "Bo" },
  ])("keeps nothing of the one that a scope rule leaves out ($effect), and counts it", async (rule) => {
    const { title, effect } = rule;
    at.rig.registry.rules = { version: 1, rules: [{ id: "r", effect, conversation: conversation(title) }] };
    const { records } = await at.imported(content, { name: "Bo and Cy.zip" });

    expect(records).toBe(3);
    expect(at.texts().at(-1)).toBe("official words");
    const published = at.rig.publisher.records.map(({ event: { raw, ...event } }) =>
      JSON.stringify([event, Buffer.from(raw, "base64").toString()]),
    );
    expect(published.join("\n")).not.toMatch(/\bCy\b|private|WA0002|bye|Bo and/);
    const [coverage, ...others] = at.records("coverage");
    expect([coverage!.event.coverage, others]).toMatchObject([{ excluded: 3 }, []]);
    // One attachment, of the chat that is kept; neither the ZIP nor what lies in it besides.
    expect([...at.rig.records.objects.keys()]).toEqual([
      `attachment/${at.records()[0]!.event.attachments![0]!.sealed}`,
    ]);
    expect(at.records("notice")[0]!.event.attachments).toBeUndefined();
    const { rows } = await at.pool.query("SELECT FROM capture.line");
    expect(rows).toHaveLength(2);
    expect(readdirSync(at.rig.dir)).toEqual([]);
  });

  it("takes what was left out when the rule has ended, and the rest not again", async () => {
    const rule = { id: "r", effect: "exclude" as const, conversation: conversation("Cy") };
    at.rig.registry.rules = { version: 1, rules: [rule] };
    await at.imported(content, { name: "chats.zip" });
    at.rig.registry.rules = { version: 2, rules: [] };
    const { files } = await at.imported(content, { name: "chats.zip" });

    expect(files).toMatchObject([{ duplicates: 2 }, { duplicates: 0 }]);
    expect(at.texts()).toHaveLength(5);
    expect(at.conversations().size).toBe(2);
    const kept = at.records("notice").at(-1)!;
    expect((await at.opened(kept)).equals(content)).toBe(true);
  });
});
