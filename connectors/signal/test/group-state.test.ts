import type { Device, Group, PrimaryDevice } from "@signalapp/mock-server";
import { changeGroup, onServer, say, titled } from "./support/groups.ts";
import { Office } from "./support/office.ts";
import { type Gate, startStorageGate } from "./support/storage-gate.ts";

let office: Office;
let phone: PrimaryDevice;
let fred: PrimaryDevice;
let gina: PrimaryDevice;
let device: Device;
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
});
afterEach(() => {
  gate.state = { is: "open" };
});
afterAll(async () => {
  await office.close();
  await gate.close();
});

const make = (title: string) => fred.createGroup({ title, members: [fred, phone, gina] });
const inGroup = ({ id }: Group) => office.events.filter(({ conversation }) => conversation?.id === id);
const seen = ({ id }: Group) =>
  office.event(({ kind, conversation }) => kind === "membership" && conversation?.id === id);
const party = (who: PrimaryDevice, name: string) => ({ id: who.device.aci, name });

/** A group that Daybook knows at revision 0. */
async function known(title: string): Promise<Group> {
  const group = await make(title);
  await say(fred, device, group, "first");
  await seen(group);
  return group;
}

it("learns a group's title and members beside the first message, and has them in what follows", async () => {
  const group = await make("Budget");
  await say(fred, device, group, "before");
  expect(await seen(group)).toMatchObject({
    text: 'The group "Budget" at revision 0, as Signal\'s storage service has it: 3 members',
    conversation: { title: "Budget", kind: "group" },
    recipients: [party(fred, "Fred"), party(phone, "Olivia"), party(gina, "Gina")],
  });
  await say(fred, device, group, "after");
  expect(await office.event(({ text }) => text === "after")).toMatchObject({
    conversation: { id: group.id, title: "Budget", kind: "group" },
    recipients: [party(phone, "Olivia"), party(gina, "Gina")],
  });
});

it("records the changes that no message told of, from the group's log", async () => {
  const group = await known("First");
  await changeGroup(office.mock, group, fred, { modifyTitle: { title: titled(group, "Second") } });
  await changeGroup(office.mock, group, fred, { modifyTitle: { title: titled(group, "Third") } });
  const gone = { deletedUserId: new Uint8Array(group.encryptServiceId(gina.device.aci)) };
  const revision = await changeGroup(office.mock, group, fred, { deleteMembers: [gone] });
  await say(fred, device, group, "a message of the newest revision", revision);

  await office.event(({ text }) => text?.startsWith("Fred removed Gina") === true);
  const from = " (learned from the group's log at Signal)";
  expect(inGroup(group).slice(-3)).toMatchObject([
    { kind: "notice", text: `Fred changed the group's title from "First" to "Second"${from}` },
    { kind: "notice", text: `Fred changed the group's title from "Second" to "Third"${from}` },
    { kind: "membership", text: `Fred removed Gina${from}`, sender: { id: fred.device.aci } },
  ]);
  for (const { raw } of inGroup(group).slice(-3)) expect(raw).not.toBe("");
  await say(fred, device, group, "who is here now", revision);
  expect(await office.event(({ text }) => text === "who is here now")).toMatchObject({
    conversation: { title: "Third" },
    recipients: [party(phone, "Olivia")],
  });
});

it("does not take from the log what a message told", async () => {
  const group = await known("Quiet");
  const now = await fred.modifyGroupDisappearingMessageTimer(group, 60, {
    timestamp: Date.now(),
    sendUpdateTo: [{ device }],
  });
  await office.event(({ kind, conversation }) => kind === "timer" && conversation?.id === group.id);
  await changeGroup(office.mock, now, fred, { modifyTitle: { title: titled(group, "Quieter") } });
  await say(fred, device, group, "and on", 2);
  await office.event(({ text }) => text?.includes('to "Quieter"') === true);
  expect(inGroup(group).filter(({ kind }) => kind === "timer")).toHaveLength(1);
});

it("says what is other where the log does not tell how it came so", async () => {
  const group = await known("Hidden");
  const { changes } = await onServer(office.mock.server, group);
  const revision = await changeGroup(office.mock, group, fred, {
    modifyTitle: { title: titled(group, "Shown") },
  });
  // As for somebody who left and joined again: the log begins where they did.
  const { groupState } = changes.groupChanges!.at(-1)!;
  for (const one of groupState!.members!) one.joinedAtVersion = revision + 1;
  await say(fred, device, group, "later", revision);
  const event = await office.event(({ text }) => text?.includes("no log tells") === true);
  expect(event).toMatchObject({
    kind: "membership",
    conversation: { id: group.id, title: "Shown" },
    text: 'The group "Shown" at revision 1, as Signal\'s storage service has it: 3 members. What changed since revision 0 no log tells: title from "Hidden" to "Shown"',
  });
});

it("reads a log that comes in pages", async () => {
  const group = await known("Long");
  gate.state = { is: "paging", size: 2 };
  const titles = ["A", "B", "C", "D", "E"];
  for (const title of titles)
    await changeGroup(office.mock, group, fred, { modifyTitle: { title: titled(group, title) } });
  await say(fred, device, group, "at last", 5);
  await office.event(({ text }) => text?.includes('from "D" to "E"') === true);
  const read = inGroup(group).flatMap(({ text }) => /to "(.)"/.exec(text ?? "")?.[1] ?? []);
  expect(read).toEqual(titles);
});

it.each<{ name: string; state: Gate }>([
  { name: "refuses", state: { is: "refusing", status: 403 } },
  { name: "breaks", state: { is: "refusing", status: 503 } },
  { name: "asks to wait", state: { is: "refusing", status: 429, headers: { "retry-after": "1" } } },
  { name: "says nothing", state: { is: "hanging" } },
])("holds up no message while the storage service $name", async ({ name, state }) => {
  const group = await make(name);
  gate.state = state;
  const before = gate.asked.length;
  const bodies = Array.from({ length: 20 }, (_, n) => `${name} ${n}`);
  for (const body of bodies) await say(fred, device, group, body);
  await office.event(({ text }) => text === bodies.at(-1));
  expect(inGroup(group).map(({ text }) => text)).toEqual(bodies);
  expect(inGroup(group)[0]).toMatchObject({ conversation: { title: "" } });
  await office.until(() => office.linkOf(phone)?.unsent === 0);
  expect(office.linkOf(phone)).toMatchObject({ status: "live", quarantined: 0 });
  // Not asked for each message again.
  expect(gate.asked.length - before).toBeLessThan(bodies.length);
  gate.hangUp();
});

it("learns of a group once the storage service answers again", async () => {
  const group = await make("Later");
  gate.state = { is: "refusing", status: 503 };
  const before = gate.asked.length;
  await say(fred, device, group, "meanwhile");
  await office.event(({ text }) => text === "meanwhile");
  const talk = await office.signal.relay.conversation(phone.device.aci, group.id);
  expect(talk).toEqual({ id: group.id, title: "", kind: "group" });
  await office.until(() => gate.asked.length >= before + 2);
  gate.state = { is: "open" };
  expect(await seen(group)).toMatchObject({ conversation: { title: "Later" } });
});

it("knows its groups after a restart, and looks at those again that it does not know", async () => {
  const group = await known("Kept");
  await office.stop();
  office.start();
  await office.until(() => office.linkOf(phone)?.status === "live");
  await say(fred, device, group, "after the restart");
  expect(await office.event(({ text }) => text === "after the restart")).toMatchObject({
    conversation: { title: "Kept" },
  });
});
