import { randomUUID } from "node:crypto";
import type { Outbound } from "@daybook/contract";
import type { PrimaryDevice } from "@signalapp/mock-server";
import { Office } from "./support/office.ts";

let office: Office;
let phone: PrimaryDevice;
let friend: PrimaryDevice;

beforeAll(async () => {
  office = await Office.open();
  friend = await office.mock.server.createPrimaryDevice({ profileName: "Fred" });
  phone = await office.mock.server.createPrimaryDevice({ profileName: "Olivia", contacts: [friend] });
  await office.link(phone, [friend]);
});
afterAll(() => office.close());

const BY = { id: "office-1", name: "Private office" };

function message(text: string, over: Partial<Outbound> = {}): Outbound {
  return {
    v: 1,
    id: randomUUID(),
    network: "signal",
    account: phone.device.aci,
    custodian: { id: "id-Olivia", name: "Olivia" },
    conversation: friend.device.aci,
    text,
    by: BY,
    requestedAt: new Date().toISOString(),
    expiresAt: new Date(Date.now() + 60_000).toISOString(),
    ...over,
  };
}

const send = (one: Outbound) => office.signal.relay.send(one, new AbortController().signal);

it("sends a reply that the other person and the official's phone both get, once, and records it as sent", async () => {
  const asked = message("The office will answer by Friday");
  const outcome = await send(asked);
  expect((await friend.waitForMessage()).body).toBe(asked.text);
  const { syncMessage } = await phone.waitForSyncMessage(({ syncMessage: one }) => one.content?.sent != null);
  expect(syncMessage.content?.sent?.message?.body).toBe(asked.text);
  expect(outcome).toEqual({ state: "sent", networkId: expect.any(String) as unknown });
  expect(await send(asked)).toEqual(outcome);

  const { networkId } = outcome as { networkId: string };
  expect(await office.event((event) => event.networkId === networkId)).toMatchObject({
    kind: "message",
    direction: "outgoing",
    text: asked.text,
    conversation: { id: friend.device.aci },
    sender: { id: phone.device.aci },
    relay: { id: asked.id, state: "sent", by: BY },
  });
  const next = message("and no more");
  await send(next);
  expect((await friend.waitForMessage()).body).toBe(next.text);
});

it("knows what it sent after a restart", async () => {
  const asked = message("before the restart");
  const outcome = await send(asked);
  expect((await friend.waitForMessage()).body).toBe(asked.text);
  await office.stop();
  office.start();
  await office.until(() => office.linkOf(phone)?.status === "live");

  expect(await send(asked)).toEqual(outcome);
  const next = message("after it");
  await send(next);
  expect((await friend.waitForMessage()).body).toBe(next.text);
});

it("follows a person to the devices that they have now", async () => {
  await office.mock.server.createSecondaryDevice(friend);
  expect(await send(message("and again"))).toMatchObject({ state: "sent" });
  expect((await friend.waitForMessage()).body).toBe("and again");
});

it("tells who a conversation is with, and knows no others", async () => {
  const { relay } = office.signal;
  expect(await relay.conversation(phone.device.aci, friend.device.aci)).toMatchObject({ kind: "direct" });
  expect(await relay.conversation(phone.device.aci, "a group")).toBeUndefined();
  expect(await relay.conversation(phone.device.aci, phone.device.aci)).toBeUndefined();
  expect(await relay.conversation(randomUUID(), friend.device.aci)).toBeUndefined();
});

it("does not send what is late, or cannot be sent", async () => {
  const late = { expiresAt: new Date(Date.now() - 1).toISOString() };
  expect(await send(message("late", late))).toMatchObject({ state: "failed", code: "offline" });
  expect(await send(message("x", { conversation: "a group" }))).toMatchObject({
    code: "no-such-conversation",
  });
  expect(await send(message("\u00e9".repeat(1_001)))).toMatchObject({ code: "too-long" });
  expect(await send(message("x", { account: randomUUID() }))).toMatchObject({ code: "unlinked" });
});

it("says what stands in the way, and loops on none of it", async () => {
  const { server } = office.mock;
  const pair = { source: phone.device.aci, target: friend.device.aci };
  server.rateLimit(pair);
  const limited = message("too many");
  expect(await send(limited)).toMatchObject({ state: "failed", code: "challenge" });
  server.stopRateLimiting(pair);
  expect(await send(limited)).toMatchObject({ state: "failed", code: "challenge" });
  server.unregister(friend);

  expect(await send(message("too late"))).toMatchObject({ state: "failed", code: "no-such-recipient" });
});
