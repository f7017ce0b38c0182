import * as say from "./changes.ts";
import { describeWithChromium } from "./chromium.ts";
import { linkedClient, makeProfile, type RealClient } from "./client.ts";
import * as make from "./messages.ts";
import { WhatsAppWebServer } from "./server.ts";
import type { WireEvent } from "./wire.ts";

const ANNA = "15550002000@c.us";
const BORIS = "15550003000@c.us";
const GROUP = "120363000000000001@g.us";
const anna = { from: ANNA };
const inGroup = { chat: GROUP, from: ANNA };

interface Told {
  readonly id: { readonly id: string };
  readonly type: string;
  readonly body: string;
}

describeWithChromium("what whatsapp-web.js tells of the fake WhatsApp Web", (chromium) => {
  let server: WhatsAppWebServer;
  let profile: Awaited<ReturnType<typeof makeProfile>>;
  let real: RealClient;

  beforeAll(async () => {
    server = await WhatsAppWebServer.start();
    profile = await makeProfile();
    real = await linkedClient(server, profile.dir, chromium);
  });
  afterAll(async () => {
    await real.stop();
    await server.stop();
    await profile.remove();
  });

  /** Lets events happen, and answers what the client told under a name because of them. */
  async function told(name: string, events: readonly WireEvent[], count = 1): Promise<readonly unknown[][]> {
    const before = real.argumentsOf(name).length;
    server.deliverMany(events);
    await real.heard(name, before + count);
    return real.argumentsOf(name).slice(before);
  }

  it("tells of messages of every type", async () => {
    const media = (type: "image" | "video" | "ptt" | "document" | "sticker") =>
      make.attachment(anna, server.media.add(type, Buffer.from(type)));
    const events = [
      make.text(anna, "hello"),
      make.text({ chat: ANNA, fromMe: true }, "from the phone"),
      media("image"),
      media("video"),
      media("ptt"),
      media("document"),
      media("sticker"),
      make.location(anna, { lat: 52, lng: 4 }),
      make.vcard(anna, "BEGIN:VCARD\nEND:VCARD", "Somebody"),
      make.poll(anna, "When?", ["now", "later"]),
      make.timer(anna, 86_400),
      make.numberChange(anna, BORIS),
      make.securityChange(anna),
      make.callLog(anna),
      make.protocol(anna, "message_edit"),
    ];

    const created = await told("message_create", events, events.length);

    expect(created.map(([message]) => (message as Told).type)).toEqual(
      events.map(({ message }) => message.type),
    );
    expect(created.map(([message]) => (message as Told).id.id)).toEqual(
      events.map(({ message }) => message.id.id),
    );
  });

  it("tells 5,000 messages in their order", async () => {
    const events = Array.from({ length: 5_000 }, (_, n) => make.text({ from: BORIS }, `number ${n}`));

    const created = await told("message_create", events, events.length);
    await server.received();

    expect(created.map(([message]) => (message as Told).body)).toEqual(
      events.map(({ message }) => message.body),
    );
  });

  it("tells of an edit with the text of before", async () => {
    const said = make.text(anna, "at nine");
    const [edited] = await told("message_edit", [said, say.edit(said, "at ten")]);

    expect(edited!.slice(1)).toEqual(["at ten", "at nine"]);
  });

  it("tells of an edited caption", async () => {
    const said = make.attachment(anna, server.media.add("image", Buffer.from("x")), { caption: "before" });
    const [edited] = await told("message_edit", [said, say.edit(said, "after")]);

    expect(edited!.slice(1)).toEqual(["after", "before"]);
  });

  it("tells of a deletion, with the original only where it was the last that changed", async () => {
    const [first, second] = [make.text(anna, "first"), make.text(anna, "second")];
    const [gone] = await told("message_revoke_everyone", [first, second, say.revoke(first)]);
    expect(gone![0]).toMatchObject({ type: "revoked", body: "" });
    expect(gone![1]).toBeUndefined();

    const [known] = await told("message_revoke_everyone", [say.ack(second, 2), say.revoke(second)]);
    expect(known![1]).toMatchObject({ body: "second" });
  });

  it("shows that there was a message which never came and is deleted", async () => {
    const [[shown]] = (await told("message_create", [say.revoke(make.text(anna, "unseen"))])) as [[Told]];

    expect(shown).toMatchObject({ type: "revoked", body: "" });
  });

  it("tells of a message that is deleted for the account alone", async () => {
    const said = make.text(anna, "for nobody");
    const [[gone]] = (await told("message_revoke_me", [said, say.deleteForMe(said)])) as [[Told]];

    expect(gone.body).toBe("for nobody");
  });

  it("tells of receipts, and of reactions that come and go", async () => {
    const said = make.text({ chat: ANNA, fromMe: true }, "read this");
    const acks = await told("message_ack", [said, say.ack(said, 2), say.ack(said, 3)], 2);
    expect(acks.map(([, level]) => level)).toEqual([2, 3]);

    const reactions = [say.reaction(said, ANNA, "👍"), say.reaction(said, ANNA, "")];
    const events = await told("message_reaction", reactions, 2);
    expect(events.map(([reaction]) => reaction)).toMatchObject([
      { reaction: "👍", senderId: ANNA, msgId: { id: said.message.id.id } },
      { reaction: "" },
    ]);
  });

  it("tells of votes by the names of what was chosen", async () => {
    const asked = make.poll(inGroup, "When?", ["now", "later"]);
    const [[vote]] = (await told("vote_update", [asked, say.vote(asked, BORIS, [1])])) as [[object]];

    expect(vote).toMatchObject({ selectedOptions: [{ name: "later", localId: 1 }] });
  });

  it("tells of a vote on a poll that has left memory", async () => {
    const asked = server.deliver(make.poll(anna, "Where?", ["here", "there"]));
    await server.received();
    server.forget(asked);
    const [[vote]] = (await told("vote_update", [say.vote(asked, ANNA, [0])])) as [[object]];

    expect(vote).toMatchObject({ selectedOptions: [{ name: "here" }] });
  });

  it("tells of a ciphertext, and of its text as a message and as an edit of nothing", async () => {
    const unread = make.ciphertext(anna);
    await told("message_ciphertext", [unread]);
    const edits = real.of("message_edit").length;
    const decrypted = say.decrypt(unread, { type: "chat", body: "readable" });
    const [[message]] = (await told("message_create", [decrypted])) as [[Told]];

    expect(message).toMatchObject({ type: "chat", body: "readable" });
    await real.heard("message_edit", edits + 1);
    expect(real.argumentsOf("message_edit")[edits]!.slice(1)).toEqual(["readable", null]);
  });

  it("tells of a view-once message that only the phone has, and never of its text", async () => {
    const unread = make.ciphertext(anna, "view_once_unavailable_fanout");
    const created = real.of("message_create").length;
    await told("message_ciphertext", [unread]);
    await told("message_edit", [say.decrypt(unread, { type: "chat", body: "readable" })]);

    expect(real.of("message_create")).toHaveLength(created);
  });

  it("tells of calls", async () => {
    const [[rung]] = (await told("call", [say.call(ANNA, { isVideo: true })])) as [[object]];

    expect(rung).toMatchObject({ isVideo: true, from: { _serialized: ANNA } });
  });

  it("tells of a group's members and settings, and has them", async () => {
    server.deliver(say.chat({ id: GROUP, name: "Office", participants: [{ id: ANNA, isAdmin: true }] }));
    const who = { recipients: [BORIS] };
    await told("group_join", [make.groupChange(inGroup, "add", who)]);
    await told("group_admin_changed", [make.groupChange(inGroup, "promote", who)]);
    await told("group_update", [make.groupChange(inGroup, "subject", { body: "New office" })]);
    await told("group_update", [make.groupChange(inGroup, "announce", { body: "on" })]);
    const chat = await real.client.getChatById(GROUP);
    expect(chat).toMatchObject({ name: "New office", isGroup: true, isReadOnly: true });
    expect(chat).toMatchObject({
      groupMetadata: {
        participants: [
          { id: { _serialized: ANNA }, isAdmin: true },
          { id: { _serialized: BORIS }, isAdmin: true },
        ],
      },
    });

    const [[left]] = (await told("group_leave", [make.groupChange(inGroup, "remove", who)])) as [[object]];
    expect(left).toMatchObject({ chatId: GROUP, author: ANNA, recipientIds: [BORIS], type: "remove" });
    const { groupMetadata } = (await real.client.getChatById(GROUP)) as unknown as {
      groupMetadata: { participants: unknown[] };
    };
    expect(groupMetadata.participants).toHaveLength(1);
  });

  it("tells of chats that are archived and removed", async () => {
    const [archived] = await told("chat_archived", [say.chat({ id: BORIS, archive: true })]);
    expect(archived!.slice(1)).toEqual([true, false]);
    await told("chat_removed", [say.chatRemoved(BORIS)]);
  });

  it("tells who is behind a hidden id once WhatsApp told", async () => {
    const hidden = "880001@lid";
    const phoneOf = () =>
      real.client.pupPage!.evaluate(`(() => {
        const wid = window.require("WAWebWidFactory").createWid("${hidden}");
        return window.require("WAWebApiContact").getPhoneNumber(wid)?._serialized ?? null;
      })()`);
    await told("message_create", [make.text({ from: hidden }, "who am I?")]);
    expect(await phoneOf()).toBeNull();

    server.introduce({
      contacts: [
        { id: hidden, pushname: "Anna" },
        { id: ANNA, name: "Anna Saved" },
      ],
      mapping: [[hidden, ANNA]],
    });
    await told("message_create", [make.text({ from: hidden }, "and now?")]);

    expect(await phoneOf()).toBe(ANNA);
    expect(await real.client.getContactById(hidden)).toMatchObject({
      pushname: "Anna",
      id: { _serialized: ANNA },
    });
    expect(await real.client.getContactById(ANNA)).toMatchObject({ name: "Anna Saved", isMyContact: true });
  });
});
