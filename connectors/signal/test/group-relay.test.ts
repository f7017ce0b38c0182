import { randomUUID } from "node:crypto";
import type { Outbound } from "@daybook/contract";
import type { Device, Group, PrimaryDevice, Proto } from "@signalapp/mock-server";
import { changeGroup, onServer, say, tick } from "./support/groups.ts";
import { CiphertextMessageType, DecryptionErrorMessage } from "../src/libsignal.ts";
import { content } from "./support/contents.ts";
import { answering } from "./support/answers.ts";
import { failing, sealsOf } from "./support/group-sends.ts";
import { Office } from "./support/office.ts";
import { reinstall } from "./support/reinstall.ts";
import { startStorageGate } from "./support/storage-gate.ts";

let office: Office;
let phone: PrimaryDevice;
let fred: PrimaryDevice;
let gina: PrimaryDevice;
let device: Device;
let group: Group;
let gate: Awaited<ReturnType<typeof startStorageGate>>;

beforeAll(async () => {
  office = await Office.open({}, async (mock) => {
    gate = await startStorageGate(mock);
    return { servers: { ...mock.servers, storage: gate.storage } };
  });
  const { server } = office.mock;
  fred = await server.createPrimaryDevice({ profileName: "Fred" });
  gina = await server.createPrimaryDevice({ profileName: "Gina" });
  phone = await server.createPrimaryDevice({ profileName: "Olivia", contacts: [fred, gina] });
  device = await office.link(phone, [fred]);
  await office.knows(phone, gina, "Gina");
  group = await fred.createGroup({ title: "Budget", members: [phone, fred, gina] });
  await say(fred, device, group, "first");
  await office.event(({ kind }) => kind === "membership");
});
afterAll(async () => {
  await office.close();
  await gate.close();
});

const BY = { id: "office-1", name: "Private office" };

function message(text: string, over: Partial<Outbound> = {}): Outbound {
  return {
    v: 1,
    id: randomUUID(),
    network: "signal",
    account: phone.device.aci,
    custodian: { id: "id-Olivia", name: "Olivia" },
    conversation: group.id,
    text,
    by: BY,
    requestedAt: new Date().toISOString(),
    expiresAt: new Date(Date.now() + 60_000).toISOString(),
    ...over,
  };
}

const send = (one: Outbound) => office.signal.relay.send(one, new AbortController().signal);

it("sends a reply to every member of a group and to the official's phone, once, and records it", async () => {
  const asked = message("The office will answer all of you");
  const outcome = await send(asked);
  expect(outcome).toEqual({ state: "sent", networkId: expect.any(String) as unknown });
  for (const one of [fred, gina]) {
    const got = await one.waitForMessage();
    expect(got.body).toBe(asked.text);
    expect(got.dataMessage.groupV2).toMatchObject({ revision: 0 });
  }
  const { syncMessage } = await phone.waitForSyncMessage(({ syncMessage: one }) => one.content?.sent != null);
  expect(syncMessage.content?.sent?.message?.body).toBe(asked.text);
  expect(syncMessage.content?.sent?.unidentifiedStatus).toHaveLength(2);
  expect(await send(asked)).toEqual(outcome);

  const { networkId } = outcome as { networkId: string };
  expect(await office.event((event) => event.networkId === networkId)).toMatchObject({
    kind: "message",
    direction: "outgoing",
    text: asked.text,
    conversation: { id: group.id, title: "Budget", kind: "group" },
    recipients: [{ name: "Fred" }, { name: "Gina" }],
    relay: { id: asked.id, state: "sent", by: BY },
  });
});

/** What a member gets from the next message, and how it was sealed: alone, or for all at once. */
async function gotBy(one: PrimaryDevice, asked: Outbound): Promise<void> {
  expect((await one.waitForMessage()).body).toBe(asked.text);
}

it("encrypts once for all, and gives its key to each member's devices once", async () => {
  const seals = sealsOf(office.mock.server);
  const asked = message("once for all");
  expect(await send(asked)).toMatchObject({ state: "sent" });
  for (const one of [fred, gina]) await gotBy(one, asked);
  expect(seals.of(fred)).toEqual(["all"]);
  expect(seals.of(gina)).toEqual(["all"]);

  // A device that was linked since has to be given it.
  await office.mock.server.createSecondaryDevice(fred);
  const next = message("and for the new device");
  expect(await send(next)).toMatchObject({ state: "sent" });
  for (const one of [fred, gina]) await gotBy(one, next);
  expect(seals.of(fred).filter((how) => how === "all")).toHaveLength(3);
  expect(seals.of(fred).filter((how) => how === "one").length).toBeGreaterThan(0);
  expect(seals.of(gina)).toEqual(["all", "all"]);
  seals.end();
});

it("gives its key again to a device that could not read", async () => {
  const seals = sealsOf(office.mock.server);
  const asked = message("unreadable for Fred");
  const { networkId } = (await send(asked)) as { networkId: string };
  for (const one of [fred, gina]) await gotBy(one, asked);
  const at = Number(networkId.split(":")[1]);
  const { SenderKey } = CiphertextMessageType;
  const error = DecryptionErrorMessage.forOriginal(new Uint8Array(1), SenderKey, at, device.deviceId);
  await fred.sendRaw(device, content({ decryptionErrorMessage: error.serialize() }), { timestamp: tick() });
  await say(fred, device, group, "word of it");
  await office.event(({ text }) => text === "word of it");
  // What they could not read comes once more, for them alone.
  await gotBy(fred, asked);
  const [before, others] = [seals.of(fred).length, seals.of(gina).length];

  const next = message("readable again");
  expect(await send(next)).toMatchObject({ state: "sent" });
  for (const one of [fred, gina]) await gotBy(one, next);
  expect(seals.of(fred).slice(before)).toEqual(expect.arrayContaining(["one", "all"]));
  expect(seals.of(gina).slice(others)).toEqual(["all"]);
  seals.end();
});

it.each(["lost", "kept"] as const)("sends it once more where the answer to it was %s", async (how) => {
  const seals = sealsOf(office.mock.server);
  const asked = message(`answer ${how}`);
  const mend = failing(office.mock.server, how);
  await expect(send(asked)).rejects.toMatchObject({ code: "network-unavailable", retryable: true });
  mend();
  const outcome = await send(asked);
  expect(outcome).toMatchObject({ state: "sent" });
  await gotBy(gina, asked);
  await gotBy(fred, asked);
  if (how === "kept") {
    // The same message, by which its recipients know it for one.
    const [first, again] = [await gina.waitForMessage(), await fred.waitForMessage()];
    const { networkId } = outcome as { networkId: string };
    for (const { dataMessage } of [first, again])
      expect(networkId).toBe(`${phone.device.aci}:${dataMessage.timestamp}`);
  }
  await office.event(({ text }) => text === asked.text);
  expect(office.events.filter(({ text }) => text === asked.text)).toHaveLength(1);
  seals.end();
});

it("writes to one member after another where the storage service does not answer", async () => {
  const seals = sealsOf(office.mock.server);
  gate.state = { is: "refusing", status: 503 };
  const asked = message("one after another");
  expect(await send(asked)).toEqual({ state: "sent", networkId: expect.any(String) as unknown });
  gate.state = { is: "open" };
  for (const one of [fred, gina]) await gotBy(one, asked);
  expect(seals.of(gina)).toEqual(["one"]);
  seals.end();
});

it("says how many it did not reach where somebody has left Signal, and loops on none of it", async () => {
  office.mock.server.unregister(gina);
  const asked = message("without Gina");
  const why = "It did not reach 1 of 2 members: 1 no longer on Signal";
  const outcome = await send(asked);
  office.mock.server.register(gina);
  expect(outcome).toMatchObject({ state: "sent", why });
  expect(await send(asked)).toEqual(outcome);
  await gotBy(fred, asked);
  expect(await office.event(({ text }) => text === asked.text)).toMatchObject({
    relay: { state: "sent", why },
  });
});

it("leaves out whose safety number is new, until its writer has confirmed it", async () => {
  await reinstall(gina);
  const asked = message("to whoever is known");
  const outcome = await send(asked);
  expect(outcome).toMatchObject({
    state: "sent",
    why: "It did not reach 1 of 2 members: 1 with a new safety number that nobody has confirmed",
  });
  await gotBy(fred, asked);
  const confirmed = message("and confirmed", { acceptsNewIdentity: true });
  expect(await send(confirmed)).toEqual({ state: "sent", networkId: expect.any(String) as unknown });
  for (const one of [fred, gina]) await gotBy(one, confirmed);
});

it("does not wait for whom Signal takes no more for now", async () => {
  await office.mock.server.createSecondaryDevice(gina);
  const end = answering(({ verb, path = "" }) =>
    verb === "PUT" && path.startsWith(`/v1/messages/${gina.device.aci}`)
      ? { status: 429, headers: ["retry-after: 60"] }
      : undefined,
  );
  const asked = message("no more for Gina");
  const outcome = await send(asked);
  end();
  expect(outcome).toMatchObject({
    why: "It did not reach 1 of 2 members: 1 to whom Signal takes no more for now",
  });
  await gotBy(fred, asked);
});

it("takes a new key when somebody has left, who could read on with the old one", async () => {
  const seals = sealsOf(office.mock.server);
  const gone = { deletedUserId: new Uint8Array(group.encryptServiceId(gina.device.aci)) };
  await changeGroup(office.mock, group, fred, { deleteMembers: [gone] });
  const asked = message("among two");
  expect(await send(asked)).toEqual({ state: "sent", networkId: expect.any(String) as unknown });
  await gotBy(fred, asked);
  expect(seals.of(gina)).toEqual([]);
  expect(seals.of(fred)).toEqual(expect.arrayContaining(["one", "all"]));
  seals.end();
});

it("knows what it sent after a restart", async () => {
  const asked = message("before the restart");
  const outcome = await send(asked);
  await gotBy(fred, asked);
  await office.stop();
  office.start();
  await office.until(() => office.linkOf(phone)?.status === "live");
  expect(await send(asked)).toEqual(outcome);
  const next = message("after it");
  expect(await send(next)).toMatchObject({ state: "sent" });
  await gotBy(fred, next);
});

it.each<{ name: string; change: Partial<Proto.Group.Params>; why: string }>([
  {
    name: "only administrators may write",
    change: { announcementsOnly: true },
    why: "only administrators may write to that group",
  },
  { name: "nobody may", change: { terminated: true }, why: "the group was ended: nobody can write to it" },
])("does not write where $name", async ({ change, why }) => {
  const { state } = await onServer(office.mock.server, group);
  const before = { ...state };
  const members = state.members!.map((one) => ({ ...one, role: 1 }));
  Object.assign(state, change, { members });
  expect(await send(message("not for the likes of us"))).toEqual({ state: "failed", code: "refused", why });
  Object.assign(state, before);
});

it("does not send where the account may not", async () => {
  expect(await send(message("\u00e9".repeat(1_001)))).toMatchObject({ code: "too-long" });
  const { relay } = office.signal;
  expect(await relay.conversation(phone.device.aci, group.id)).toMatchObject({
    title: "Budget",
    kind: "group",
  });
  const self = { deletedUserId: new Uint8Array(group.encryptServiceId(phone.device.aci)) };
  await changeGroup(office.mock, group, fred, { deleteMembers: [self] });
  expect(await send(message("from outside"))).toMatchObject({
    state: "failed",
    code: "no-such-conversation",
  });
  expect(await relay.conversation(phone.device.aci, group.id)).toBeUndefined();
});
