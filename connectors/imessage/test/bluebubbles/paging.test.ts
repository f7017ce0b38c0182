import type { Captured } from "@daybook/contract";
import { at, nanoseconds } from "../../../../test/fakes/imessage/index.ts";
import { openMac, records, texts } from "./support/mac.ts";
import { numbered, talk } from "./support/talk.ts";

describe("what BlueBubbles serves in pieces", () => {
  it("misses no row of an old date among more than fit an answer, which BlueBubbles sorts by date", async () => {
    const mac = await openMac({ pageRows: 5 });
    const { say } = talk(mac.db);
    // The later the row, the older its date: by date, the first answer holds the last rows.
    for (const [i, text] of numbered(0, 23).entries()) say(text, { minute: 500 - i });

    expect(texts(await mac.settled())).toEqual(numbered(0, 23));
  });

  it("walks on where ROWIDs have holes", async () => {
    const mac = await openMac({ pageRows: 3 });
    const { say } = talk(mac.db);
    const ids = [1, 2, 3, 700, 701, 9_000, 9_001, 9_002, 9_003, 80_000];
    for (const [i, id] of ids.entries()) say(`message ${String(i)}`, { id });

    expect(texts(await mac.settled())).toEqual(numbered(0, ids.length));
  });

  it("cuts no message off where BlueBubbles counts its files and conversations as rows", async () => {
    const mac = await openMac({ pageRows: 5, settleMs: 60_000 });
    const { say, from } = talk(mac.db);
    const family = mac.db.chat("chat7", [from], { title: "Family" });
    mac.db.run("BEGIN");
    for (const text of numbered(0, 8)) {
      const row = say(text);
      mac.db.insert("chat_message_join", { chat_id: family, message_id: row, message_date: 0 });
      for (const n of [1, 2, 3]) mac.db.attachment(row, `at_${n}_${text}`, null);
    }
    mac.db.run("COMMIT");
    const captured = records(await mac.settled());
    const files = ({ event }: Captured) =>
      (JSON.parse(Buffer.from(event.raw, "base64").toString()) as { attachments: unknown[] }).attachments;

    expect(texts(captured)).toEqual(numbered(0, 8));
    expect(captured.filter(({ event }) => event.kind === "message").map((one) => files(one).length)).toEqual(
      Array.from({ length: 8 }, () => 3),
    );
    expect(captured.filter(({ event }) => event.kind === "gap")).toEqual([]);
  });

  it("counts the files of what has another form than a message, too", async () => {
    const mac = await openMac({ pageRows: 5 });
    const { say } = talk(mac.db);
    mac.db.run("BEGIN");
    const odd = say("odd");
    mac.db.run(`UPDATE message SET group_title = zeroblob(8) WHERE ROWID = ${String(odd)}`);
    for (const n of [1, 2, 3]) mac.db.attachment(odd, `at_${n}_odd`, null);
    say("cut off", { minute: 500 });
    say("second");
    say("third");
    mac.db.run("COMMIT");
    const captured = records(await mac.settled());

    expect(texts(captured)).toEqual(["cut off", "second", "third"]);
    expect(captured.filter(({ event }) => event.kind === "gap")).toEqual([]);
  });

  it("is not asked for without end where every piece is the first: what is new comes all the same", async () => {
    const mac = await openMac({ pageRows: 3 });
    const { say } = talk(mac.db);
    const rows = numbered(0, 6).map((text) => say(text));
    await mac.settled();
    mac.server.isOffsetIgnored = true;
    for (const row of rows) mac.db.update("message", row, { date_read: nanoseconds(at(64)), is_read: 1 });
    await mac.until((all) => all.some(({ event }) => event.kind === "receipt"));
    say("afterwards");
    await mac.until((all) => texts(all).includes("afterwards"));
    mac.server.isOffsetIgnored = false;
    const receipts = (all: readonly Captured[]) =>
      records(all).filter(({ event }) => event.kind === "receipt");
    await mac.until((all) => receipts(all).length === 6);
  });
});
