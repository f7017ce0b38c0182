import { backup, mms, sms } from "../../../test/fakes/sms-backup.ts";
import { scopeHash } from "../src/scope.ts";
import { SCOPE_KEY } from "./support/capture.ts";
import { importing } from "./support/importing.ts";

const at = importing();

const NAME = { name: "sms-20240513.xml", custodian: "Olivia" };
const ANN = "+447700900001";
const BO = "+447700900002";
const PHOTO = Buffer.from("a photo of the pier");
const SHIP = "\u{1f6a2}";
const FIRST = [
  sms({ contact_name: "Ann Lee" }),
  sms({ type: 2, body: `At ten ${SHIP}`, date: 1_715_590_900_000, status: -1 }),
  mms(
    { address: `${ANN}~${BO}`, contact_name: "Ann Lee, Bo" },
    [{ ct: "image/jpeg", name: "pier.jpg", data: PHOTO }],
    [
      [BO, 137],
      [ANN, 151],
    ],
  ),
];

describe("an import of a backup of text messages", () => {
  it("records each message once, as supplied, with its picture, and the file itself", async () => {
    const content = backup(...FIRST);
    const { files, records } = await at.imported(content, NAME);

    expect(files).toMatchObject([
      {
        file: "sms-20240513.xml",
        network: "sms",
        messages: 3,
        attachments: 1,
        authors: ["Ann Lee", "Olivia", "+447700900002"],
        first: "2024-05-13T09:00:58",
        order: null,
      },
    ]);
    expect(records).toBe(4);
    expect(at.texts()).toEqual(["Can the ferry sail on Friday?", `At ten ${SHIP}`, undefined]);
    expect((await at.opened(at.records()[2]!)).equals(PHOTO)).toBe(true);
    const [notice] = at.records("notice");
    expect((await at.opened(notice!)).toString()).toBe(content);
    expect(at.records()[1]!.event.source).toMatchObject({ sha256: notice!.event.source!.sha256, line: 7 });
  });

  it("has nothing new in the same file, and in a later backup only what is new", async () => {
    await at.imported(backup(...FIRST), NAME);
    expect(await at.imported(backup(...FIRST), NAME)).toMatchObject({ records: 0 });

    const before = at.rig.publisher.records.length;
    const later = [
      FIRST[0]!.replace('read="1"', 'read="0"'),
      FIRST[1]!.replace('status="-1"', 'status="0"'),
      FIRST[2]!,
      sms({ body: "On Monday, then", date: 1_715_700_000_000 }),
    ];
    expect(await at.imported(backup(...later), NAME)).toMatchObject({ records: 3 });
    expect(
      at.rig.publisher.records.slice(before).map(({ event }) => [event.kind, event.text?.slice(0, 8)]),
    ).toEqual([
      ["receipt", "delivere"],
      ["message", "On Monda"],
      ["notice", "Imported"],
    ]);
  });

  it("leaves out a conversation that scope leaves out, with its photos, and then the file too", async () => {
    at.rig.registry.rules = {
      version: 1,
      rules: [
        {
          id: "r1",
          effect: "exclude",
          network: "sms",
          conversation: scopeHash(SCOPE_KEY, "sms", `group:${ANN}, ${BO}`),
        },
      ],
    };
    await at.imported(backup(...FIRST), NAME);

    expect(at.texts()).toEqual(["Can the ferry sail on Friday?", `At ten ${SHIP}`]);
    expect(at.rig.publisher.records.flatMap(({ keys }) => keys)).toEqual([]);
    expect(at.records("coverage")[0]?.event.coverage?.excluded).toBe(1);
  });

  it("keeps what a phone wrote before its disk was full, and a gap, with the file", async () => {
    const content = backup(...FIRST).slice(0, -200);
    await at.imported(content, NAME);

    expect(at.texts()).toEqual(["Can the ferry sail on Friday?", `At ten ${SHIP}`]);
    expect(at.records("gap")[0]?.event.gap?.why).toContain("the file ends in the middle");
    expect((await at.opened(at.records("notice")[0]!)).toString()).toBe(content);
  });

  it("records nothing of a file that is no XML from its beginning", async () => {
    const content = `<!DOCTYPE smses [<!ENTITY a "a">]>${backup(...FIRST).replace(/^<\?[^>]*>/, "")}`;
    await expect(at.imported(content, NAME)).rejects.toMatchObject({ code: "not-an-export" });
    const within = backup(...FIRST).replace(">\n  <sms", ">\n<!DOCTYPE a><sms");
    await expect(
      at.imported(within.replace(/<smses count[^>]*>/, '<smses a="1" a="2">'), NAME),
    ).rejects.toMatchObject({
      code: "malformed",
    });
    expect(at.rig.publisher.records).toEqual([]);
  });
});
