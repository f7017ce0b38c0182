import { randomUUID } from "node:crypto";
import type { PrimaryDevice } from "@signalapp/mock-server";
import { say, tick } from "./support/groups.ts";
import { befriend, Office } from "./support/office.ts";

let office: Office;

beforeEach(async () => {
  office = await Office.open();
});
afterEach(() => office.close());

const person = (profileName: string) => office.mock.server.createPrimaryDevice({ profileName });

it("records each message of a group of 50 once, under sender keys, with its title and members", async () => {
  const friends: PrimaryDevice[] = [];
  while (friends.length < 49) friends.push(await person(`Friend ${friends.length}`));
  const phone = await office.mock.server.createPrimaryDevice({ profileName: "Olivia", contacts: friends });
  const device = await office.link(phone, friends);
  await office.knows(phone, friends.at(-1)!, "Friend 48");
  const group = await friends[0]!.createGroup({ title: "Everybody", members: [phone, ...friends] });
  await say(friends[0]!, device, group, "first");
  const state = await office.event(({ kind }) => kind === "membership");
  expect(state.recipients).toHaveLength(50);

  const said = new Map<string, PrimaryDevice>();
  for (const friend of friends) {
    const distributionId = await friend.sendSenderKey(device, { timestamp: tick() });
    const timestamp = tick();
    await friend.sendText(device, `of ${timestamp}`, { timestamp, sealed: true, group, distributionId });
    said.set(`${friend.device.aci}:${timestamp}`, friend);
  }
  const own = {
    v: 1 as const,
    id: randomUUID(),
    network: "signal" as const,
    account: phone.device.aci,
    custodian: { id: "id-Olivia", name: "Olivia" },
    conversation: group.id,
    text: "from the fiftieth",
    by: { id: "office-1", name: "Private office" },
    requestedAt: new Date().toISOString(),
    expiresAt: new Date(Date.now() + 60_000).toISOString(),
  };
  const outcome = await office.signal.relay.send(own, new AbortController().signal);
  expect(outcome).toEqual({ state: "sent", networkId: expect.any(String) as unknown });
  for (const friend of friends) expect((await friend.waitForMessage()).body).toBe(own.text);
  said.set((outcome as { networkId: string }).networkId, phone);

  await office.until(() => office.linkOf(phone)?.unsent === 0 && messages().length >= 51);
  const recorded = messages().filter(({ text }) => text !== "first");
  expect(recorded.map(({ networkId }) => networkId).sort()).toEqual([...said.keys()].sort());
  for (const { conversation, sender, recipients, networkId } of recorded) {
    expect(conversation).toEqual({ id: group.id, title: "Everybody", kind: "group" });
    expect(sender?.id).toBe(said.get(networkId!)!.device.aci);
    expect(recipients).toHaveLength(49);
    for (const { id, name } of recipients!) expect(name).not.toBe(id);
  }
  expect(office.linkOf(phone)?.quarantined).toBe(0);
});

it("records the same message for each of two accounts of a group, in one conversation", async () => {
  const fred = await person("Fred");
  const phones = [
    await office.mock.server.createPrimaryDevice({ profileName: "Olivia", contacts: [fred] }),
    await office.mock.server.createPrimaryDevice({ profileName: "Oscar", contacts: [fred] }),
  ] as const;
  const [olivia, oscar] = phones;
  const devices = [await office.link(olivia, [fred], "Olivia"), await office.link(oscar, [fred], "Oscar")];
  await befriend(olivia, devices[1]!);
  const group = await fred.createGroup({ title: "Shared", members: [fred, olivia, oscar] });
  for (const device of devices) await say(fred, device, group, "first");
  await office.until(() => office.events.filter(({ kind }) => kind === "membership").length === 2);

  // Said by somebody else: once, to both.
  const timestamp = tick();
  for (const device of devices) {
    const distributionId = await fred.sendSenderKey(device, { timestamp: tick() });
    await fred.sendText(device, "to both", { timestamp, sealed: true, group, distributionId });
  }
  await twins("to both", group.id, `${fred.device.aci}:${timestamp}`, ["incoming", "incoming"]);

  // Said by one of them: sent for one, received for the other.
  const asked = {
    v: 1 as const,
    id: randomUUID(),
    network: "signal" as const,
    account: olivia.device.aci,
    custodian: { id: "id-Olivia", name: "Olivia" },
    conversation: group.id,
    text: "from one of them",
    by: { id: "office-1", name: "Private office" },
    requestedAt: new Date().toISOString(),
    expiresAt: new Date(Date.now() + 60_000).toISOString(),
  };
  const outcome = await office.signal.relay.send(asked, new AbortController().signal);
  const { networkId } = outcome as { networkId: string };
  await twins(asked.text, group.id, networkId, ["outgoing", "incoming"]);

  async function twins(text: string, conversation: string, id: string, directions: string[]) {
    await office.until(() => messages().filter((event) => event.text === text).length === 2);
    const both = phones.map(({ device }) =>
      messages().find((event) => event.text === text && event.account === device.aci),
    );
    expect(both).toMatchObject(
      directions.map((direction) => ({
        direction,
        networkId: id,
        conversation: { id: conversation, title: "Shared", kind: "group" },
      })),
    );
  }
});

const messages = () => office.events.filter(({ kind }) => kind === "message");
