import { macMessagesReader } from "@daybook/imessage";
import { scopeHash, type ScopeRules } from "../../src/scope.ts";
import { at, FERGUS, guidOf, PHOTO, putAttachment } from "../../../../test/fakes/imessage/index.ts";
import { SCOPE_KEY } from "../support/capture.ts";
import { Mac, simple } from "./mac.ts";
import { Intake, until } from "./support.ts";

const PRIVATE = "+447700900999";
const stage = new Intake("mac-imessage");
beforeAll(() => stage.start({ readers: [macMessagesReader] }), 240_000);
afterAll(() => stage.stop(), 120_000);

const scoped = (effect: "include" | "exclude", conversation: string): ScopeRules => ({
  version: 1,
  rules: [{ id: effect, effect, conversation: scopeHash(SCOPE_KEY, "imessage", conversation) }],
});

it.each([
  ["scope leaves out", scoped("exclude", PRIVATE)],
  ["scope does not take", scoped("include", FERGUS)],
])(
  "stores nothing of a message that lies in a conversation that %s, whichever else it lies in",
  async (_, rules) => {
    const mac = new Mac(stage);
    const { db, chat, from } = simple(mac);
    const hidden = db.chat(PRIVATE, [db.handle(PRIVATE)]);
    const say = (name: string) => db.message({ chat, from, at: at(1), name, runs: [{ text: name }] });
    await mac.enrol();
    stage.rig.registry.rules = rules;
    const before = stage.rig.publisher.published.length;
    mac.start();
    db.run("BEGIN");
    const [both, late, gone] = ["in both", "with a file", "soon gone"].map(say);
    for (const row of [both, late, gone])
      db.insert("chat_message_join", { chat_id: hidden, message_id: row!, message_date: 0 });
    db.attachment(late!, "late", "~/Library/Messages/Attachments/ab/late.jpg", { total_bytes: PHOTO.length });
    db.run("COMMIT");
    say("in one");
    await mac.untilRecorded("message", 1);
    db.edit(both!, [
      { at: at(1), text: "in both" },
      { at: at(2), text: "in both, and better" },
    ]);
    putAttachment(mac.messages, "ab/late.jpg", PHOTO);
    mac.time += 60_000;
    db.run(`DELETE FROM message WHERE ROWID = ${gone}`);
    say("after it");
    const messages = await mac.untilRecorded("message", 2);
    // A start looks at everything again, and counts once all of it is answered.
    await mac.stop();
    mac.log.length = 0;
    mac.start();
    await until(() => mac.log.join("").includes("the server has all of them"));
    await mac.stop();
    expect(messages.map(({ networkId }) => networkId)).toEqual(["in one", "after it"].map(guidOf));
    expect(stage.rig.publisher.published.length).toBe(before + 2);
    stage.rig.registry.rules = { version: 2, rules: [] };
    db.close();
  },
  120_000,
);
