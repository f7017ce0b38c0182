import type { Device, PrimaryDevice } from "@signalapp/mock-server";
import { RecordingSink } from "@daybook/contract/testing";
import { call, type Content, content, data, edit, sync } from "./support/contents.ts";
import { mock, Proto } from "./support/mock-signal.ts";
import { Office } from "./support/office.ts";

let office: Office;
let phone: PrimaryDevice;
let friend: PrimaryDevice;
let device: Device;
let at = Date.now();

beforeAll(async () => {
  office = await Office.open();
  friend = await office.mock.server.createPrimaryDevice({ profileName: "Fred" });
  phone = await office.mock.server.createPrimaryDevice({ profileName: "Olivia", contacts: [friend] });
  device = await office.link(phone, [friend]);
});
afterAll(() => office.close());

/** Sends a content under a time of its own, which names it. */
async function sends(from: PrimaryDevice, what: Content): Promise<number> {
  at += 1;
  await from.sendRaw(device, what, { timestamp: at, sealed: from !== phone });
  return at;
}
const captured = (timestamp: number) =>
  office.event(({ sentAt }) => sentAt === new Date(timestamp).toISOString());

it("records a message, sealed, with its sender, its conversation and its own bytes", async () => {
  const timestamp = await sends(friend, data({ body: "The minister agreed", timestamp: 1n }));
  const event = await captured(timestamp);
  expect(event).toMatchObject({
    kind: "message",
    network: "signal",
    method: "linked-device",
    provenance: "captured",
    account: phone.device.aci,
    custodian: { id: "id-Olivia", name: "Olivia" },
    conversation: { id: friend.device.aci, kind: "direct" },
    sender: { id: friend.device.aci },
    recipients: [{ id: phone.device.aci, name: "Olivia" }],
    direction: "incoming",
    text: "The minister agreed",
    networkId: `${friend.device.aci}:${timestamp}`,
  });
  expect(
    Proto.Content.decode(new Uint8Array(Buffer.from(event.raw, "base64"))).content?.dataMessage?.body,
  ).toBe("The minister agreed");
});

it("records a message that was not sealed, and one that came to the phone number", async () => {
  await friend.sendText(device, "not sealed", { timestamp: (at += 1) });
  expect(await captured(at)).toMatchObject({ text: "not sealed" });
  await friend.addSingleUseKey(device, await device.popSingleUseKey("PNI" as never), "PNI" as never);
  await friend.sendText(device, "to the number", { timestamp: (at += 1), serviceIdKind: "PNI" as never });
  expect(await captured(at)).toMatchObject({ text: "to the number" });
});

it("records an edit, an edit of it, a delete and the delete of a message never seen as events of their own", async () => {
  const said = await sends(friend, data({ body: "first" }));
  const once = await sends(friend, edit(said, "second"));
  const twice = await sends(friend, edit(once, "third"));
  const gone = await sends(friend, data({ delete: { targetSentTimestamp: BigInt(said) } }));
  const never = await sends(friend, data({ delete: { targetSentTimestamp: 5n } }));
  const id = (timestamp: number) => `${friend.device.aci}:${timestamp}`;
  expect(await captured(once)).toMatchObject({
    kind: "edit",
    text: "second",
    target: id(said),
    networkId: id(once),
  });
  expect(await captured(twice)).toMatchObject({ kind: "edit", text: "third", target: id(once) });
  expect(await captured(gone)).toMatchObject({ kind: "delete", target: id(said) });
  expect(await captured(never)).toMatchObject({ kind: "delete", target: id(5) });
  expect(await captured(said)).toMatchObject({ text: "first" });
});

it("records a reaction, its removal, a quote, a mention, a timer, a poll, a vote and a contact", async () => {
  const reaction = (remove: boolean) =>
    data({
      reaction: {
        emoji: "👍",
        remove,
        targetAuthorAci: null,
        targetAuthorAciBinary: phone.device.aciRawUuid,
        targetSentTimestamp: 77n,
      },
    });
  const liked = await sends(friend, reaction(false));
  const unliked = await sends(friend, reaction(true));
  const quoted = await sends(
    friend,
    data({
      body: "\ufffc please",
      bodyRanges: [{ start: 0, length: 1, associatedValue: { mentionAciBinary: phone.device.aciRawUuid } }],
      quote: {
        id: 77n,
        authorAci: null,
        authorAciBinary: phone.device.aciRawUuid,
        text: "x",
        attachments: null,
        bodyRanges: null,
        type: null,
      },
      expireTimer: 60,
    }),
  );
  const timer = await sends(friend, data({ flags: 2, expireTimer: 3600, expireTimerVersion: 2 }));
  const poll = await sends(
    friend,
    data({ pollCreate: { question: "When?", allowMultiple: false, options: ["Monday", "Tuesday"] } }),
  );
  const vote = await sends(
    friend,
    data({
      pollVote: {
        targetAuthorAciBinary: friend.device.aciRawUuid,
        targetSentTimestamp: BigInt(poll),
        optionIndexes: [1],
        voteCount: 1,
      },
    }),
  );
  const target = `${phone.device.aci}:77`;
  expect(await captured(liked)).toMatchObject({ kind: "reaction", text: "👍", target });
  expect(await captured(unliked)).toMatchObject({ kind: "reaction", text: "", target });
  expect(await captured(quoted)).toMatchObject({
    text: "@Olivia please",
    replyTo: target,
    expiresAfterSeconds: 60,
  });
  expect(await captured(timer)).toMatchObject({ kind: "timer", expiresAfterSeconds: 3600 });
  expect(await captured(poll)).toMatchObject({ kind: "message", text: "When?\n- Monday\n- Tuesday" });
  expect(await captured(vote)).toMatchObject({
    kind: "notice",
    text: "Voted: 2",
    target: `${friend.device.aci}:${poll}`,
  });
});

it("records receipts, one for each message that they name, also those of the server", async () => {
  await friend.sendReceipt(device, {
    type: "Read" as never,
    messageTimestamps: [11, 12],
    timestamp: (at += 1),
  });
  await office.until(() => office.events.filter(({ kind }) => kind === "receipt").length === 2);
  const targets = office.events
    .filter(({ kind }) => kind === "receipt")
    .map(({ target, text }) => [target, text]);
  expect(targets).toEqual([
    [`${phone.device.aci}:11`, "read"],
    [`${phone.device.aci}:12`, "read"],
  ]);
  await friend.sendUnencryptedReceipt(device, { messageTimestamp: 13, timestamp: (at += 1) });
  const server = await office.event(({ target }) => target === `${phone.device.aci}:13`);
  expect(server).toMatchObject({ kind: "receipt", text: "delivered", raw: "" });
});

it("records what the official sent and read on the phone", async () => {
  const sent = (at += 1);
  await office.mock.server.send(
    device,
    await phone.encryptSyncSent(device, "From my phone", {
      timestamp: sent,
      destinationServiceId: friend.device.aci,
    }),
  );
  expect(await captured(sent)).toMatchObject({
    kind: "message",
    direction: "outgoing",
    text: "From my phone",
    sender: { id: phone.device.aci },
    conversation: { id: friend.device.aci },
    recipients: [{ id: friend.device.aci }],
    networkId: `${phone.device.aci}:${sent}`,
  });
  const read = (at += 1);
  await office.mock.server.send(
    device,
    await phone.encryptSyncRead(device, {
      timestamp: read,
      messages: [{ senderAci: friend.device.aci, timestamp: 21 }],
    }),
  );
  expect(await captured(read)).toMatchObject({
    kind: "receipt",
    text: "read",
    target: `${friend.device.aci}:21`,
  });
});

it("records calls, stories and what it does not know, and no word of typing", async () => {
  const offered = await sends(
    friend,
    call({ offer: { id: 1n, type: Proto.CallMessage.Offer.Type.OFFER_VIDEO_CALL, opaque: null } }),
  );
  const over = await sends(
    friend,
    call({ hangup: { id: 1n, type: Proto.CallMessage.Hangup.Type.HANGUP_NORMAL, deviceId: 1 } }),
  );
  const typing = await sends(
    friend,
    content({ typingMessage: { timestamp: 1n, action: Proto.TypingMessage.Action.STARTED, groupId: null } }),
  );
  const story = await sends(
    friend,
    content({
      storyMessage: {
        profileKey: null,
        group: null,
        attachment: {
          textAttachment: {
            text: "My day",
            textStyle: null,
            textForegroundColor: null,
            textBackgroundColor: null,
            preview: null,
            background: { color: 1 },
          },
        },
        allowsReplies: true,
        bodyRanges: null,
      },
    }),
  );
  // A field that no version has yet: 15 of DataMessage's hundreds.
  const unknown = await sends(friend, {
    ...data({}),
    content: { dataMessage: { ...mock.EMPTY_DATA_MESSAGE, $unknown: [new Uint8Array([0xc2, 0x3e, 1, 65])] } },
  });
  expect(await captured(unknown)).toMatchObject({ kind: "notice" });
  expect(await captured(story)).toMatchObject({
    kind: "message",
    text: "My day",
    conversation: { kind: "channel" },
  });
  expect(await captured(offered)).toMatchObject({ kind: "call", text: "Video call offered" });
  expect(await captured(over)).toMatchObject({ kind: "call", text: "Call ended" });
  expect(office.events.filter(({ sentAt }) => sentAt === new Date(typing).toISOString())).toEqual([]);
});

it("lets nobody else speak as the official's phone, and keeps no keys of the account in a record", async () => {
  const forged = await sends(
    friend,
    sync({ content: { fetchLatest: { type: Proto.SyncMessage.FetchLatest.Type.STORAGE_MANIFEST } } }),
  );
  expect(await captured(forged)).toMatchObject({
    kind: "notice",
    text: "Somebody else claimed to be the account's phone",
  });
  await sends(
    phone,
    sync({
      content: { keys: { master: null, accountEntropyPool: "secret-pool", mediaRootBackupKey: null } },
    }),
  );
  const after = await sends(friend, data({ body: "after the keys" }));
  await captured(after);
  const pool = Buffer.from("secret-pool");
  expect(office.events.filter(({ raw }) => Buffer.from(raw, "base64").includes(pool))).toEqual([]);
});

it("drains what waited while it was away, once and in order, and keeps account of the interval", async () => {
  await office.stop();
  const said: string[] = [];
  for (let i = 0; i < 20; i += 1) {
    said.push(`while away ${i}`);
    const options = { timestamp: (at += 1), sealed: i % 2 === 0 };
    // Resolves only when it is delivered.
    void office.mock.server.send(device, await friend.encryptText(device, said[i]!, options));
  }
  office.start(new RecordingSink());
  await office.until(() => office.events.length >= said.length);
  expect(office.events.map(({ text }) => text)).toEqual(said);
  const intervals = () =>
    office.sink.captured.flatMap(({ event }) => (event.coverage ? [event.coverage] : []));
  await office.until(() => intervals().some(({ state }) => state === "catching-up"));
  const ends = intervals();
  expect(ends.map(({ state }) => state)).toEqual(expect.arrayContaining(["down", "catching-up"]));
  for (const [i, { from }] of ends.entries()) if (i > 0) expect(from).toBe(ends[i - 1]!.to);
});
