import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  at,
  type ChatDb,
  FERGUS,
  guidOf,
  MAIRI,
  UNSENT,
  writeStory,
} from "../../../test/fakes/imessage/index.ts";
import type { Entry } from "../src/reading/entry.ts";
import { entriesOf, folders, refusalOf } from "./reading.ts";

const folder = folders();
let db: ChatDb;
let all: Entry[];

beforeAll(async () => {
  db = writeStory(await folder());
  const copy = await folder();
  db.copyTo(copy);
  all = entriesOf(readFileSync(join(copy, "chat.db")), readFileSync(join(copy, "chat.db-wal")));
});
afterAll(() => {
  db.close();
});

const of = (name: string) => all.filter(({ eventId }) => eventId.startsWith(guidOf(name)));
const said = (entries: readonly Entry[]) => entries.map(({ kind, text }) => [kind, text]);

describe("a database of which all is in its log", () => {
  it("has what Messages shows, with the words of the typedstream", () => {
    expect(of("ask")).toMatchObject([
      {
        kind: "message",
        network: "imessage",
        text: "Can the ferry sail on Friday? 🚢",
        sender: { id: FERGUS },
        recipients: [{ id: "+447700900001" }],
        direction: "incoming",
        sentAt: at(0).toISOString(),
        conversation: { id: `iMessage;-;${FERGUS}`, title: FERGUS, kind: "direct" },
      },
    ]);
  });

  it("has nothing without the log", async () => {
    const copy = await folder();
    db.copyTo(copy);

    const bytes = readFileSync(join(copy, "chat.db"));
    expect(refusalOf(bytes)).toBe("not-an-export");
  });

  it("reads the same once the log is moved into the file", async () => {
    const copy = await folder();
    db.checkpoint();
    db.copyTo(copy);
    const again = entriesOf(readFileSync(join(copy, "chat.db")), readFileSync(join(copy, "chat.db-wal")));

    expect(again.map(({ eventId, stableDigest }) => [eventId, stableDigest])).toEqual(
      all.map(({ eventId, stableDigest }) => [eventId, stableDigest]),
    );
  });

  it("tells when the other has read a message", () => {
    expect(of("answer")[1]).toMatchObject({
      kind: "receipt",
      sender: { id: FERGUS },
      sentAt: at(2).toISOString(),
      target: guidOf("answer"),
    });
  });

  it("has every wording of an edited message, the first as it was sent", () => {
    expect(said(of("edited"))).toEqual([
      ["message", "The pilot is il."],
      ["edit", "The pilot is ill."],
      ["edit", "The pilot is very ill."],
    ]);
    expect(of("edited").map(({ sentAt, target }) => [sentAt, target])).toEqual([
      [at(3).toISOString(), undefined],
      [at(4).toISOString(), guidOf("edited")],
      [at(5).toISOString(), guidOf("edited")],
    ]);
  });

  it("tells of an unsent message that it is gone, and makes none up", () => {
    expect(of(UNSENT)).toMatchObject([
      { kind: "delete", sender: { id: FERGUS }, sentAt: at(7).toISOString() },
    ]);
  });

  it("has tapbacks, also one that is taken back, by what they are on", () => {
    expect(of("liked")).toMatchObject([{ kind: "reaction", text: "👍", target: guidOf("answer") }]);
    expect(of("unliked")).toMatchObject([{ kind: "reaction", text: "", target: guidOf("answer") }]);
    expect(of("sailed")).toMatchObject([{ kind: "reaction", text: "⛵", target: guidOf("ask") }]);
  });

  it("knows what a reply answers", () => {
    expect(of("reply")).toMatchObject([{ replyTo: guidOf("ask") }]);
  });

  it("names the attachments of a message by their place below Attachments", () => {
    expect(of("photo")).toMatchObject([
      {
        text: "The pier",
        files: [
          { name: "pier.jpg", mediaType: "image/jpeg", path: "ab/11/at_0_photo/pier.jpg", isOutside: false },
        ],
      },
    ]);
  });

  it("has what lies in Recently Deleted, in its conversation, and that it was deleted", () => {
    expect(said(of("binned"))).toEqual([
      ["message", "Tell nobody of the lightship."],
      ["delete", "Deleted by the custodian: in Recently Deleted"],
    ]);
    expect(of("binned").map(({ conversation }) => conversation?.title)).toEqual([FERGUS, FERGUS]);
  });

  it("tells of a message of which only the id was left", () => {
    expect(of("long ago")).toMatchObject([{ kind: "delete", target: guidOf("long ago") }]);
  });

  it("has who named, joined and left a group", () => {
    expect(["named", "added", "left"].flatMap(of)).toMatchObject([
      { kind: "membership", text: 'Named the conversation "Ferries"', sender: { id: FERGUS } },
      { kind: "membership", text: `Added ${MAIRI}`, sender: { id: FERGUS } },
      { kind: "membership", text: "Left the conversation", sender: { id: MAIRI } },
    ]);
    expect(of("hello")).toMatchObject([
      {
        conversation: { title: "Ferries", kind: "group" },
        recipients: [{ id: "+447700900001" }, { id: FERGUS }],
      },
    ]);
  });

  it("says of a text message that the phone passed on which network it came by", () => {
    expect(of("sms")).toMatchObject([{ network: "sms", conversation: { id: `SMS;-;${FERGUS}` } }]);
  });

  it("keeps the whole row as evidence, with blobs, and numbers beyond 2^53", () => {
    const [{ raw } = { raw: Buffer.alloc(0) }] = of("ask");
    const { message, handles, chats } = JSON.parse(raw.toString()) as {
      message: Record<string, unknown>;
      handles: { id: string }[];
      chats: { guid: string }[];
    };

    expect(Object.keys(message).length).toBeGreaterThan(80);
    expect(message).toMatchObject({
      guid: guidOf("ask"),
      date: { integer: "794307600000000000" },
      text: null,
      is_from_me: 0,
    });
    expect(
      Buffer.from((message["attributedBody"] as { base64: string }).base64, "base64").toString(),
    ).toContain("streamtyped");
    expect([handles, chats]).toMatchObject([[{ id: FERGUS }], [{ guid: `iMessage;-;${FERGUS}` }]]);
  });
});
