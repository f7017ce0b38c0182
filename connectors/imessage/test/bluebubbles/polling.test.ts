import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Captured } from "@daybook/contract";
import { RecordingSink } from "@daybook/contract/testing";
import {
  at,
  ChatDb,
  FERGUS,
  guidOf,
  nanoseconds,
  putAttachment,
} from "../../../../test/fakes/imessage/index.ts";
import { ACCOUNT, openMac, records, texts } from "./support/mac.ts";
import { numbered, talk } from "./support/talk.ts";

describe("what BlueBubbles posts", () => {
  it.each(["once", "twice", "dropped", "reversed"] as const)(
    "loses and repeats nothing where it is posted %s",
    async (posting) => {
      const mac = await openMac();
      const { say } = talk(mac.db);
      mac.server.posting = posting;
      await mac.server.look();
      for (const text of numbered(0, 5)) say(text);
      await mac.server.look();

      expect(texts(await mac.settled())).toEqual(numbered(0, 5));
    },
  );

  it("asks for a poll, and is believed nothing", async () => {
    const mac = await openMac({ pollMs: 3_600_000 });
    const { say } = talk(mac.db);
    await mac.until(() => mac.connector.health()[0]?.status === "live");
    say("true");
    const data = { guid: guidOf("false"), text: "false", originalROWID: 900 };
    // One that comes while a poll ends may ask for that one.
    while (texts(mac.sink.captured).length === 0) await mac.server.post({ type: "new-message", data });

    expect(texts(mac.sink.captured)).toEqual(["true"]);
  });

  it.each([
    ["another address", (url: string) => url.replace(/[^/]*$/, "guessed"), { method: "POST" }, 404],
    ["no secret", (url: string) => url.replace(/[^/]*$/, ""), { method: "POST" }, 404],
    ["a read", (url: string) => url, { method: "GET" }, 405],
    ["a body of any size", (url: string) => url, { method: "POST", body: "x".repeat(3_000_000) }, 204],
  ])("is answered, at %s", async (_, to, init, status) => {
    const mac = await openMac();

    await expect(fetch(to(mac.server.webhook!), init).then((answer) => answer.status)).resolves.toBe(status);
  });

  it("does not matter after a restart of the Mac, of which nothing is posted", async () => {
    const mac = await openMac();
    const { say } = talk(mac.db);
    await mac.server.look();
    mac.server.forget();
    say("while it started");
    await mac.server.look();

    expect(texts(await mac.settled())).toEqual(["while it started"]);
  });
});

describe("polling", () => {
  it("captures each once through failures, slowness and answers that are cut off", async () => {
    const mac = await openMac({ pageRows: 10 });
    const { say } = talk(mac.db);
    for (const text of numbered(0, 35)) say(text);
    mac.server.faults.push("5xx", "cut", "gone", "slow", "cut", "5xx", "gone", "cut", "cut", "slow", "5xx");
    await mac.until((all) => texts(all).length === 35 && mac.server.faults.length === 0);

    expect(texts(await mac.settled())).toEqual(numbered(0, 35));
    expect(mac.connector.health()[0]).toMatchObject({ account: ACCOUNT, status: "live" });
  });

  it("has every edit, unsending and reading of an earlier message once, as it comes", async () => {
    const mac = await openMac();
    const { say } = talk(mac.db);
    const [edited, unsent, read] = ["edited", "unsent", "read"].map((text) => say(text));
    await mac.settled();
    mac.db.edit(edited!, [
      { at: at(1), text: "edited" },
      { at: at(61), text: "edited once" },
    ]);
    await mac.settled();
    mac.db.edit(edited!, [
      { at: at(1), text: "edited" },
      { at: at(61), text: "edited once" },
      { at: at(62), text: "edited twice" },
    ]);
    mac.db.unsend(unsent!, at(63));
    mac.db.update("message", read!, { date_read: nanoseconds(at(64)), is_read: 1 });
    const captured = records(await mac.settled());

    expect(captured.map(({ event }) => [event.kind, event.text])).toEqual([
      ["message", "edited"],
      ["message", "unsent"],
      ["message", "read"],
      ["edit", "edited once"],
      ["edit", "edited twice"],
      ["delete", "Unsent by its sender"],
      ["receipt", "Read"],
    ]);
  });

  it("goes on after a restart with what came meanwhile, and with what changed", async () => {
    const mac = await openMac();
    const { say } = talk(mac.db);
    const row = say("before");
    await mac.settled();
    await mac.stop();
    say("meanwhile");
    mac.db.edit(row, [
      { at: at(1), text: "before" },
      { at: at(3), text: "edited meanwhile" },
    ]);
    const again = await mac.restart();

    expect(records(await again.settled()).map(({ event }) => event.text)).toEqual([
      "before",
      "meanwhile",
      "edited meanwhile",
    ]);
  });

  it.each(["lost", "kept"])("hands over again what the stream may not have: %s", async (how) => {
    const sink = new RecordingSink({ failures: 3, keep: how === "kept" });
    const mac = await openMac({ sink });
    const { say } = talk(mac.db);
    for (const text of numbered(0, 3)) say(text);

    expect(texts(await mac.settled())).toEqual(numbered(0, 3));
  });

  it.each(["lost", "kept"])(
    "fetches the files of what the stream did not answer for at first: %s",
    async (how) => {
      const write = (dir: string) => {
        putAttachment(dir, "aa/00/early.jpg", Buffer.from("early"));
        const db = new ChatDb(dir);
        db.attachment(talk(db).say("look"), "at_0_early", "~/Library/Messages/Attachments/aa/00/early.jpg");
        return db;
      };
      const mac = await openMac({ write, sink: new RecordingSink({ failures: 1, keep: how === "kept" }) });
      await mac.until((all) => all.some(({ attachments }) => attachments?.length === 1));
      await mac.until((all) => texts(all).includes("look"));

      expect(texts(await mac.settled())).toEqual(["look"]);
    },
  );

  it("fetches an attachment that comes to the Mac later", async () => {
    const mac = await openMac();
    const { say } = talk(mac.db);
    const row = say("look");
    mac.db.attachment(row, "at_0_late", "~/Library/Messages/Attachments/aa/00/late.jpg");
    await mac.settled();
    expect(mac.sink.attachments.size).toBe(0);
    mkdirSync(join(mac.dir, "Attachments"), { recursive: true });
    putAttachment(mac.dir, "aa/00/late.jpg", Buffer.from("came late"));
    await mac.until((all) => all.some(({ attachments }) => attachments?.length === 1));

    expect([...mac.sink.attachments.values()].map(String)).toContain("came late");
  });

  it("has each file that Messages joins to its message later, once, in whatever order, over restarts", async () => {
    const mac = await openMac();
    const { say } = talk(mac.db);
    const file = (name: string) => `~/Library/Messages/Attachments/aa/00/${name}.jpg`;
    const put = (name: string) => putAttachment(mac.dir, `aa/00/${name}.jpg`, Buffer.from(name));
    for (const name of ["first", "second", "third", "other", "down"]) put(name);
    const row = say("two files");
    const other = say("one file");
    await mac.settled();
    mac.db.attachment(row, "at_0_first", file("first"));
    await mac.settled();
    // Its number is given before that of a file which is seen first.
    const second = mac.db.insert("attachment", {
      ...{ guid: "at_0_second", original_guid: "at_0_second", filename: file("second") },
      ...{ mime_type: "image/jpeg", transfer_name: "second.jpg", transfer_state: 5 },
    });
    mac.db.attachment(other, "at_0_other", file("other"));
    await mac.settled();
    mac.db.insert("message_attachment_join", { message_id: row, attachment_id: second });
    await mac.settled();
    await mac.stop();
    mac.db.attachment(row, "at_0_down", file("down"));
    const again = await mac.restart();
    const notices = (all: readonly Captured[]) => records(all).filter(({ event }) => event.kind === "notice");
    await again.until((all) => notices(all).length >= 4);
    const found = notices(await again.settled()).map(({ event, attachments }) => [
      event.target,
      attachments?.map(({ name }) => name),
    ]);

    expect(found).toEqual([
      [guidOf("two files"), ["first.jpg"]],
      [guidOf("one file"), ["other.jpg"]],
      [guidOf("two files"), ["second.jpg"]],
      [guidOf("two files"), ["down.jpg"]],
    ]);
  });

  it("keeps by its bytes what has another form than a message", async () => {
    const mac = await openMac();
    const { say } = talk(mac.db);
    const row = say("odd");
    mac.db.run(`UPDATE message SET group_title = zeroblob(8) WHERE ROWID = ${String(row)}`);
    const captured = records(await mac.settled());

    expect(captured.map(({ event }) => event.kind)).toEqual(["notice"]);
    expect(Buffer.from(captured[0]!.event.raw, "base64").toString()).toContain(guidOf("odd"));
  });

  it("has when BlueBubbles was heard, and when nobody was", async () => {
    const mac = await openMac();
    await mac.until(() => mac.connector.health()[0]?.status === "live");
    mac.server.faults.push(...Array.from({ length: 5 }, () => "gone" as const));
    const intervals = () => mac.sink.captured.flatMap(({ event }) => event.coverage ?? []);
    const live = () => intervals().find(({ state }) => state === "live");
    await mac.until(() => intervals().some(({ state, from }) => state === "down" && from === live()?.to));

    await mac.until(() => mac.connector.health()[0]?.status === "live");
  });
});

describe("what is private", () => {
  it("is not captured where one of its conversations is left out", async () => {
    const sink = Object.assign(new RecordingSink(), {
      excludes: ({ conversation }: { conversation?: { id: string } | undefined }) =>
        Promise.resolve(conversation?.id === "iMessage;+;chat7"),
    });
    const mac = await openMac({ sink });
    const { say, from } = talk(mac.db);
    const family = mac.db.chat("chat7", [from], { title: "Family" });
    const row = say("in both");
    mac.db.attachment(row, "at_0_private", "~/Library/Messages/Attachments/aa/00/private.jpg");
    putAttachment(mac.dir, "aa/00/private.jpg", Buffer.from("private"));
    mac.db.insert("chat_message_join", {
      chat_id: family,
      message_id: row,
      message_date: nanoseconds(at(1)),
    });
    say("in one");
    const captured = records(await mac.settled());

    // The sink leaves out, and counts, what is handed to it as of that conversation.
    expect(captured.map(({ event }) => event.conversation?.id)).toEqual([
      "iMessage;+;chat7",
      `iMessage;-;${FERGUS}`,
    ]);
    expect(sink.attachments.size).toBe(0);
  });

  it("is the password: it is refused where others could listen, and is in no log", async () => {
    await expect(openMac({ url: "http://192.0.2.1:1234" })).rejects.toMatchObject({ code: "malformed" });
    const password = "wrong, made up";
    const mac = await openMac({ password: () => password });
    await mac.until(() => mac.connector.health()[0]?.status === "refused");

    expect(mac.connector.health()[0]?.problem).toMatch(/password/);
    expect(JSON.stringify(mac.logged)).not.toMatch(/wrong|password=/);
  });
});
