import { at, type ChatDb, nanoseconds } from "../../../../test/fakes/imessage/index.ts";
import { openMac, records, texts } from "./support/mac.ts";
import { numbered, talk } from "./support/talk.ts";

/** Takes a row out of its conversation. @returns it */
function alone(db: ChatDb, row: ReturnType<ReturnType<typeof talk>["say"]>) {
  db.run(`DELETE FROM chat_message_join WHERE message_id = ${String(row)}`);
  return row;
}

describe("a row in no conversation", () => {
  it("records what is counted and not served as a gap, with the count for evidence", async () => {
    const mac = await openMac();
    const { say } = talk(mac.db);
    alone(mac.db, say("in no conversation"));
    say("after it");
    const captured = records(await mac.settled());
    const [gap] = captured.filter(({ event }) => event.kind === "gap");

    expect(gap?.event.gap?.why).toBe(
      "The provider has 2 messages of this interval, of which 1 was not captured",
    );
    expect(Buffer.from(gap!.event.raw, "base64").toString()).toContain('"total":2');
    expect(texts(captured)).toEqual(["after it"]);
  });

  it("waits for a row that is in its conversation a moment later", async () => {
    const mac = await openMac({ settleMs: 3_600_000 });
    const { say, chat } = talk(mac.db);
    const late = alone(mac.db, say("late"));
    say("after it");
    await mac.until((all) => texts(all).includes("after it"));
    mac.db.insert("chat_message_join", { chat_id: chat, message_id: late, message_date: nanoseconds(at(1)) });

    expect(texts(await mac.settled()).sort()).toEqual(["after it", "late"]);
    expect(mac.sink.captured.some(({ event }) => event.kind === "gap")).toBe(false);
  });

  it("waits once for rows in no conversation, however many pieces they are in", async () => {
    const clock = { time: at(60).getTime() };
    const mac = await openMac({ pageRows: 3, settleMs: 120_000, now: () => new Date(clock.time) });
    const { say } = talk(mac.db);
    say("message 0");
    await mac.settled();
    mac.db.run("BEGIN");
    for (const text of numbered(1, 12)) {
      alone(mac.db, say(`${text} in none`));
      say(text);
    }
    mac.db.run("COMMIT");
    await mac.settled();
    clock.time += 120_000;

    expect(texts(await mac.settled())).toEqual(numbered(0, 12));
  });

  it("looks back, and waits no longer, where its clock is set back", async () => {
    const clock = { time: at(60).getTime() };
    const mac = await openMac({ settleMs: 120_000, now: () => new Date(clock.time) });
    const { say } = talk(mac.db);
    say("before");
    await mac.settled();
    alone(mac.db, say("in none"));
    say("after it");
    await mac.settled();
    const looks = () => mac.server.requests.filter(({ path }) => path.endsWith("chat/query")).length;
    const before = looks();
    clock.time -= 86_400_000;
    await mac.until((all) => all.some(({ event }) => event.kind === "gap"));
    await mac.until(() => looks() > before);
  });

  it("gives up none with those that it waited for before", async () => {
    const clock = { time: at(60).getTime() };
    const mac = await openMac({ settleMs: 120_000, now: () => new Date(clock.time) });
    const { say, chat } = talk(mac.db);
    say("before");
    await mac.settled();
    alone(mac.db, say("in none"));
    say("after it");
    await mac.settled();
    clock.time += 119_000;
    const late = alone(mac.db, say("late"));
    say("after that");
    await mac.settled();
    clock.time += 1_000;
    await mac.settled();
    mac.db.insert("chat_message_join", { chat_id: chat, message_id: late, message_date: nanoseconds(at(1)) });
    const captured = records(await mac.settled());

    expect(texts(captured).sort()).toEqual(["after it", "after that", "before", "late"]);
    expect(captured.flatMap(({ event }) => event.gap?.why ?? [])).toEqual([
      "The provider has 2 messages of this interval, of which 1 was not captured",
    ]);
  });
});

describe("the database", () => {
  it("captures a database that was made anew, and has more rows by now than the one before had", async () => {
    const mac = await openMac();
    const { say } = talk(mac.db);
    for (const text of numbered(0, 4)) say(text);
    await mac.settled();
    mac.db.run("BEGIN; DELETE FROM message; DELETE FROM chat_message_join; DELETE FROM sqlite_sequence");
    for (const text of numbered(4, 40)) say(text);
    mac.db.run("COMMIT");
    const captured = records(await mac.settled());

    expect(texts(captured).sort()).toEqual(numbered(0, 40).sort());
    expect(captured.filter(({ event }) => event.kind === "gap")).toHaveLength(1);
  });

  it("knows the database where its last rows are larger together than is read", async () => {
    const mac = await openMac();
    const { say } = talk(mac.db);
    for (const text of numbered(0, 4)) say(text);
    await mac.settled();
    await mac.stop();
    // What a start asks for: the conversations, then the last rows.
    mac.server.faults.push("none", "large");
    const again = await mac.restart();
    say("after it");

    expect(texts(await again.settled())).toEqual([...numbered(0, 4), "after it"]);
    expect(again.sink.captured.filter(({ event }) => event.kind === "gap")).toEqual([]);
  });

  it("captures a database that was made anew from its beginning, and says so", async () => {
    const mac = await openMac();
    const { say } = talk(mac.db);
    for (const text of numbered(0, 4)) say(text);
    await mac.settled();
    await mac.stop();
    mac.db.run("DELETE FROM message; DELETE FROM chat_message_join; DELETE FROM sqlite_sequence");
    say("of the new database");
    const again = await mac.restart();
    const captured = records(await again.settled());

    expect(texts(captured)).toEqual([...numbered(0, 4), "of the new database"]);
    expect(captured.filter(({ event }) => event.kind === "gap")).toHaveLength(1);
  });
});
