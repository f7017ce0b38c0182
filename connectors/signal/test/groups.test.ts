import type { Device, PrimaryDevice } from "@signalapp/mock-server";
import { groupIdOf } from "../src/protocol/group-id.ts";
import { befriend, Office } from "./support/office.ts";

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

it("records a group's messages, sealed once for all its members, under the group", async () => {
  const group = await friend.createGroup({ title: "Budget", members: [phone, friend] });
  const distributionId = await friend.sendSenderKey(device, { timestamp: (at += 1) });
  await friend.sendText(device, "for the group", {
    timestamp: (at += 1),
    sealed: true,
    group,
    distributionId,
  });
  const event = await office.event(({ text }) => text === "for the group");
  expect(event).toMatchObject({
    kind: "message",
    conversation: { id: groupIdOf(group.masterKey), kind: "group" },
    sender: { id: friend.device.aci },
    networkId: `${friend.device.aci}:${at}`,
  });
});

it("keeps what it cannot decrypt as a gap, asks for it again, and closes the gap when the key comes", async () => {
  const group = await friend.createGroup({ title: "Secret budget", members: [phone, friend] });
  const distributionId = await friend.sendSenderKey(device, { skipSkdmSend: true });
  const envelope = await friend.encryptText(device, "too early", {
    timestamp: (at += 1),
    sealed: true,
    group,
    distributionId,
  });
  const said = at;
  await office.mock.server.send(device, envelope);
  const about = `${friend.device.aci}:${said}`;
  const gap = await office.event(({ kind, sender }) => kind === "gap" && sender !== undefined);
  expect(gap).toMatchObject({ gap: { about }, sender: { id: friend.device.aci }, raw: "" });
  expect((await friend.waitForDecryptionError()).timestamp).toBe(said);
  expect(office.linkOf(phone)?.quarantined).toBe(1);

  // Sent again, as a sender does who is asked.
  await befriend(friend, device);
  await friend.sendText(device, "too early", { timestamp: said, sealed: true });
  const closed = await office.event(({ kind, target }) => kind === "notice" && target === about);
  expect(closed.text).toContain("its gap is closed");
  expect(await office.event(({ networkId }) => networkId === about)).toMatchObject({ text: "too early" });
  expect(office.linkOf(phone)?.quarantined).toBe(0);
});

it("goes on after envelopes of every malformed kind, each of them a gap", async () => {
  const before = office.events.filter(({ kind }) => kind === "gap").length;
  const good = await friend.encryptText(device, "x", { timestamp: (at += 1), sealed: true });
  const broken = [
    Buffer.from([0xff, 0xff, 0xff]),
    Buffer.alloc(0),
    good.subarray(0, good.length - 20),
    Buffer.concat([good.subarray(0, 60), Buffer.from([good[60]! ^ 1]), good.subarray(61)]),
  ];
  for (const bytes of broken) await office.mock.server.send(device, bytes);
  await friend.sendText(device, "still here", { timestamp: (at += 1), sealed: true });
  await office.event(({ text }) => text === "still here");
  expect(office.events.filter(({ kind }) => kind === "gap")).toHaveLength(before + broken.length);
});
