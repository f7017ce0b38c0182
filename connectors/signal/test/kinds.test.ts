import type { Device, PrimaryDevice, Proto as Codec } from "@signalapp/mock-server";
import { call, type Content, data, sync } from "./support/contents.ts";
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

/** What is recorded of a content that somebody sends, in order. */
async function recorded(from: PrimaryDevice, what: Content) {
  const timestamp = (at += 1);
  await from.sendRaw(device, what, { timestamp, sealed: from !== phone });
  const after = (at += 1);
  await friend.sendRaw(device, data({ body: `after ${after}` }), { timestamp: after, sealed: true });
  await office.event(({ text }) => text === `after ${after}`);
  return office.events.filter(({ sentAt }) => sentAt === new Date(timestamp).toISOString());
}
const says = (fields: Partial<Codec.DataMessage.Params>) => recorded(friend, data(fields));
const tells = (body: Codec.SyncMessage.Params["content"]) => recorded(phone, sync({ content: body }));

const bare = (fields: object) => fields as never;
const targeted = () => ({
  targetAuthorAciBinary: phone.device.aciRawUuid,
  targetSentTimestamp: 77n,
});
const target = () => `${phone.device.aci}:77`;

it("records that a view-once message came, though nothing of it can be had", async () => {
  expect(await says({ isViewOnce: true })).toMatchObject([{ kind: "message", viewOnce: true }]);
  const opened = { senderAci: null, senderAciBinary: friend.device.aciRawUuid, timestamp: 5n };
  expect(await tells({ viewOnceOpen: opened })).toMatchObject([
    { kind: "receipt", text: "viewed", target: `${friend.device.aci}:5` },
  ]);
});

it("records a sticker by what it says, a shared contact, and that payments were made", async () => {
  const sticker = bare({
    packId: new Uint8Array(16),
    packKey: new Uint8Array(32),
    stickerId: 3,
    data: null,
    emoji: "🦊",
  });
  expect(await says({ sticker })).toMatchObject([{ kind: "message", text: "🦊" }]);
  const contact = bare({
    name: {
      givenName: "Anna",
      familyName: "Berg",
      prefix: null,
      suffix: null,
      middleName: null,
      nickname: null,
    },
    number: [{ value: "+15550123", type: null, label: null }],
    email: null,
    address: null,
    avatar: null,
    organization: "Harbour office",
  });
  expect(await says({ contact: [contact] })).toMatchObject([
    { kind: "message", text: "Contact: Anna Berg Harbour office +15550123" },
  ]);
  const paid = bare({ Item: { notification: { note: "for lunch", Transaction: null } } });
  expect(await says({ payment: paid })).toMatchObject([{ kind: "message", text: "Payment: for lunch" }]);
  const activated = bare({ Item: { activation: { type: 1 } } });
  expect(await says({ payment: activated })).toMatchObject([{ text: "Payments were set up" }]);
});

it("records pins, a poll's end and what an administrator deleted, each with the message that it is about", async () => {
  expect(await says({ pinMessage: bare({ ...targeted(), pinDuration: null }) })).toMatchObject([
    { kind: "notice", text: "Pinned", target: target() },
  ]);
  expect(await says({ unpinMessage: bare(targeted()) })).toMatchObject([
    { kind: "notice", text: "Unpinned", target: target() },
  ]);
  expect(await says({ pollTerminate: { targetSentTimestamp: 9n } })).toMatchObject([
    { kind: "notice", text: "Poll ended", target: `${friend.device.aci}:9` },
  ]);
  expect(await says({ adminDelete: bare(targeted()) })).toMatchObject([{ kind: "delete", target: target() }]);
});

it("records what the official deleted on their own devices, and removes nothing", async () => {
  const conversation = bare({ identifier: { threadServiceIdBinary: friend.device.aciRawUuid } });
  const message = bare({
    author: { authorServiceIdBinary: friend.device.aciRawUuid },
    sentTimestamp: 31n,
  });
  const events = await tells({
    deleteForMe: bare({
      messageDeletes: [{ conversation, messages: [message] }],
      conversationDeletes: [
        { conversation, mostRecentMessages: null, mostRecentNonExpiringMessages: null, isFullDelete: true },
      ],
      localOnlyConversationDeletes: null,
      attachmentDeletes: null,
    }),
  });
  expect(events).toMatchObject([
    { kind: "delete", target: `${friend.device.aci}:31`, conversation: { id: friend.device.aci } },
    { kind: "delete", text: "Conversation deleted on the account's own devices" },
  ]);
});

it("records a call's answer, its end elsewhere, and what the phone's list says of it", async () => {
  expect(await recorded(friend, call({ answer: { id: 1n, opaque: null } }))).toMatchObject([
    { kind: "call", text: "Call answered" },
  ]);
  const declined = { id: 1n, type: Proto.CallMessage.Hangup.Type.HANGUP_DECLINED, deviceId: 1 };
  expect(await recorded(friend, call({ hangup: declined }))).toMatchObject([
    { kind: "call", text: "Call declined" },
  ]);
  const listed = bare({
    conversationId: friend.device.aciRawUuid,
    callId: 1n,
    timestamp: 1n,
    type: 2,
    direction: 1,
    event: 1,
  });
  expect(await tells({ callEvent: listed })).toMatchObject([
    { kind: "call", direction: "outgoing", text: "Video call: accepted" },
  ]);
});

it("records that the account's number changed, without the keys that came with it", async () => {
  const before = phone.device.number;
  await phone.changeNumber();
  const event = await office.event(
    ({ text }) => text?.startsWith("The account's phone number changed") ?? false,
  );
  expect(phone.device.number).not.toBe(before);
  expect(event).toMatchObject({ kind: "notice", account: phone.device.aci, raw: "" });
});

it("keeps the bytes of a kind and of a field that no version knows, and records them", async () => {
  // Field 99, which the mock's own codec does not write: alone, and in a message beside its words.
  const field = Buffer.from([0x9a, 0x06, 1, 65]);
  const words = Proto.DataMessage.encode({ ...mock.EMPTY_DATA_MESSAGE, body: "words" });
  const message = Buffer.concat([words, field]);
  const beside = Buffer.concat([Buffer.from([0x0a, message.length]), message]);
  const codec = Proto.Content as { encode: (params: Codec.Content.Params) => Uint8Array<ArrayBuffer> };
  const { encode } = codec;
  for (const [bytes, says] of [
    [field, { kind: "notice" }],
    [beside, { kind: "message", text: "words" }],
  ] as const) {
    codec.encode = () => {
      codec.encode = encode;
      return new Uint8Array(bytes);
    };
    const events = await recorded(friend, data({}));
    expect(events).toMatchObject([says]);
    expect(Buffer.from(events[0]!.raw, "base64")).toEqual(bytes);
  }
});
