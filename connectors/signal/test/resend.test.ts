import { randomUUID } from "node:crypto";
import { create, toBinary } from "@bufbuild/protobuf";
import type { Outbound } from "@daybook/contract";
import type { Device, PrimaryDevice } from "@signalapp/mock-server";
import { CiphertextMessageType, DecryptionErrorMessage, plain, PlaintextContent } from "../src/libsignal.ts";
import { Envelope_Type, EnvelopeSchema } from "../src/protocol/gen/envelope_pb.ts";
import { Changes } from "../src/store/changes.ts";
import { forgetHolder, readGroupKey, writeGroupKey } from "../src/store/group-keys.ts";
import { logSent, takeToResend } from "../src/store/sent-log.ts";
import { answering } from "./support/answers.ts";
import { content } from "./support/contents.ts";
import { befriend, Office } from "./support/office.ts";

let office: Office;
let phone: PrimaryDevice;
let friend: PrimaryDevice;
let device: Device;
let came: { readonly kind: string; readonly bytes: Buffer }[];
let at = Date.now();

beforeEach(async () => {
  office = await Office.open();
  friend = await office.mock.server.createPrimaryDevice({ profileName: "Fred" });
  phone = await office.mock.server.createPrimaryDevice({ profileName: "Olivia", contacts: [friend] });
  device = await office.link(phone, [friend]);
  came = [];
  const handle = friend.handleEnvelope.bind(friend);
  friend.handleEnvelope = (...envelope) => {
    came.push({ kind: envelope[2], bytes: Buffer.from(envelope[3]) });
    return handle(...envelope);
  };
  // From then on there is a session, and no message names a prekey.
  await say("hello");
});
afterEach(() => office.close());

async function say(text: string, from = friend): Promise<void> {
  await from.sendText(device, text, { timestamp: (at += 1) });
  await office.event((event) => event.text === text);
}

async function relay(text: string): Promise<number> {
  const message: Outbound = {
    v: 1,
    id: randomUUID(),
    network: "signal",
    account: phone.device.aci,
    custodian: { id: "id-Olivia", name: "Olivia" },
    conversation: friend.device.aci,
    text,
    by: { id: "office-1", name: "Private office" },
    requestedAt: new Date().toISOString(),
    expiresAt: new Date(Date.now() + 60_000).toISOString(),
  };
  const outcome = await office.signal.relay.send(message, new AbortController().signal);
  expect(outcome).toMatchObject({ state: "sent" });
  return Number((outcome as { networkId: string }).networkId.split(":").at(-1));
}

/** Tells the account that a message could not be decrypted, as somebody's app does. */
async function askFor(timestamp: number, from = friend, of = device.deviceId): Promise<void> {
  const { bytes } = came.find(({ kind }) => kind === "CipherText")!;
  const { Whisper } = CiphertextMessageType;
  const message = DecryptionErrorMessage.forOriginal(plain(new Uint8Array(bytes)), Whisper, timestamp, of);
  await tell(PlaintextContent.from(message).serialize(), from);
}

/** As word of a failed decryption comes: unencrypted, so that no ratchet moves. */
async function tell(plaintext: Uint8Array, from: PrimaryDevice): Promise<void> {
  const envelope = create(EnvelopeSchema, {
    type: Envelope_Type.PLAINTEXT_CONTENT,
    sourceServiceId: from.device.aci,
    sourceDeviceId: from.device.deviceId,
    clientTimestamp: BigInt((at += 1)),
    serverGuid: randomUUID(),
    content: plaintext,
  });
  await office.mock.server.send(device, Buffer.from(toBinary(EnvelopeSchema, envelope)));
}

it("sends again what somebody could not decrypt, in a new session and under its own time, a few times at most", async () => {
  const timestamp = await relay("lost");
  expect((await friend.waitForMessage()).body).toBe("lost");
  expect(came.map(({ kind }) => kind)).toEqual(["CipherText"]);
  await askFor(timestamp);
  const again = await friend.waitForMessage();
  expect([again.body, Number(again.dataMessage.timestamp)]).toEqual(["lost", timestamp]);
  expect(came.at(-1)?.kind).toBe("PreKey");

  for (const n of [2, 3, 4, 5]) {
    await askFor(timestamp);
    await say(`asked ${n} times`);
  }
  await relay("the end");
  const texts: (string | null | undefined)[] = [];
  while (texts.at(-1) !== "the end") texts.push((await friend.waitForMessage()).body);
  expect(texts).toEqual(["lost", "lost", "the end"]);
});

it("sends nothing again to whom it was not for, nor for another device, nor for what nobody sent", async () => {
  const stranger = await office.mock.server.createPrimaryDevice({ profileName: "Eve" });
  await befriend(stranger, device);
  const timestamp = await relay("for Fred alone");
  await friend.waitForMessage();
  await askFor(timestamp, stranger);
  await askFor(timestamp, friend, (device.deviceId + 1) as typeof device.deviceId);
  await askFor(timestamp + 1);
  const error = content({ decryptionErrorMessage: Buffer.from("no message") });
  await friend.sendRaw(device, error, { timestamp: (at += 1) });
  await say("after that");
  await relay("the end");

  expect((await friend.waitForMessage()).body).toBe("the end");
  expect(stranger.getMessageQueueSize()).toBe(0);
});

it("answers after a restart who asked while Signal did not take the answer", async () => {
  const timestamp = await relay("lost");
  await friend.waitForMessage();
  let refused = 0;
  const end = answering(({ verb, path }) => {
    if (verb !== "PUT" || !path?.startsWith(`/v1/messages/${friend.device.aci}`)) return undefined;
    refused += 1;
    return { status: 503 };
  });
  try {
    await askFor(timestamp);
    await office.until(() => refused > 0);
    await office.stop();
  } finally {
    end();
  }
  office.start();

  expect((await friend.waitForMessage()).body).toBe("lost");
});

it("keeps what it sent for two weeks, and no more than a thousand of them", () => {
  const values = new Changes({ get: () => undefined });
  const day = 86_400_000;
  const take = (timestamp: number) =>
    takeToResend(values, { timestamp, toSelf: false }, { account: "a", device: "a.1" });
  const log = (timestamp: number, now: number) =>
    logSent(values, { timestamp, toSelf: false }, { to: ["a"], content: "" }, now);
  for (let n = 0; n < 1_002; n += 1) log(n, n);
  expect([0, 1, 2].map((n) => take(n) !== undefined)).toEqual([false, false, true]);
  log(5_000, 15 * day);
  expect([500, 1_001, 5_000].map((n) => take(n) !== undefined)).toEqual([false, false, true]);
});

it("gives a group's key again to a device that has lost it", () => {
  const values = new Changes({ get: () => undefined });
  const held = [1, 2].map((one) => ({ device: one, registration: 7 }));
  writeGroupKey(values, "g", { distributionId: randomUUID(), madeAt: 0, holders: { a: held, b: held } });
  forgetHolder(values, "g", "a", 2);

  expect(readGroupKey(values, "g")?.holders).toEqual({ a: [held[0]], b: held });
});
