import { randomUUID } from "node:crypto";
import type { Outbound } from "@daybook/contract";
import type { Device, PrimaryDevice } from "@signalapp/mock-server";
import { answering } from "./support/answers.ts";
import { befriend, Office } from "./support/office.ts";
import { envelopesOf, reinstall } from "./support/reinstall.ts";

let office: Office;
let phone: PrimaryDevice;
let friend: PrimaryDevice;
let device: Device;

beforeEach(async () => {
  office = await Office.open();
  friend = await office.mock.server.createPrimaryDevice({ profileName: "Fred" });
  phone = await office.mock.server.createPrimaryDevice({ profileName: "Olivia", contacts: [friend] });
  device = await office.link(phone, [friend]);
});
afterEach(() => office.close());

function message(text: string, over: Partial<Outbound> = {}): Outbound {
  return {
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
    ...over,
  };
}

const send = (one: Outbound) => office.signal.relay.send(one, new AbortController().signal);

/** Somebody whose profile key is known can be written to under a seal. */
async function shareProfile() {
  await friend.sendText(device, "hello", { timestamp: Date.now(), sealed: true, withProfileKey: true });
  await office.event(({ text }) => text === "hello");
}

it("seals what it sends to somebody whose profile key is known", async () => {
  const kinds = envelopesOf(friend);
  expect(await send(message("in the open"))).toMatchObject({ state: "sent" });
  await shareProfile();
  expect(await send(message("sealed"))).toMatchObject({ state: "sent" });
  expect(await send(message("sealed again"))).toMatchObject({ state: "sent" });
  const texts = [];
  for (const _ of [1, 2, 3]) texts.push((await friend.waitForMessage()).body);
  expect(texts).toEqual(["in the open", "sealed", "sealed again"]);
  expect(kinds.map((kind) => kind === "SealedSender")).toEqual([false, true, true]);
});

it("sends in the open to somebody who takes no sealed messages from it, and learns their devices sealed", async () => {
  await shareProfile();
  const kinds = envelopesOf(friend);
  await office.mock.server.createSecondaryDevice(friend);
  expect(await send(message("to both devices"))).toMatchObject({ state: "sent" });
  friend.device.accessKey = Buffer.alloc(16, 1);
  expect(await send(message("refused under a seal"))).toMatchObject({ state: "sent" });
  await friend.waitForMessage();
  expect((await friend.waitForMessage()).body).toBe("refused under a seal");
  expect(kinds.map((kind) => kind === "SealedSender")).toEqual([true, false]);
});

it("sends nothing to a new safety number that it meets, until somebody has confirmed it", async () => {
  await send(message("before"));
  await friend.waitForMessage();
  await reinstall(friend);
  const kinds = envelopesOf(friend);
  const refused = message("to whom?");
  const outcome = await send(refused);
  expect(outcome).toMatchObject({ state: "failed", code: "identity-changed" });
  expect(outcome).toHaveProperty("why", expect.stringMatching(/has a new safety number since .* confirm it/));
  expect(await send(refused)).toEqual(outcome);
  expect(await send(message("again"))).toMatchObject({ code: "identity-changed" });
  expect(await office.event(({ kind }) => kind === "identity")).toMatchObject({
    sender: { id: friend.device.aci },
  });

  // It stays so over a restart.
  await office.stop();
  office.start();
  await office.until(() => office.linkOf(phone)?.status === "live");
  expect(await send(message("and again"))).toMatchObject({ code: "identity-changed" });
  expect(kinds).toEqual([]);
  expect(await send(message("confirmed", { acceptsNewIdentity: true }))).toMatchObject({ state: "sent" });
  expect(await send(message("and as before"))).toMatchObject({ state: "sent" });
  expect((await friend.waitForMessage()).body).toBe("confirmed");
  expect((await friend.waitForMessage()).body).toBe("and as before");
});

it("sends nothing to a new safety number that it was written to from; a confirmation is of what was known", async () => {
  await send(message("before"));
  await friend.waitForMessage();
  const early = message("confirmed too early", { acceptsNewIdentity: true });
  await new Promise((resolve) => setTimeout(resolve, 5));
  await reinstall(friend);
  await befriend(friend, device);
  await friend.sendText(device, "my new phone", { timestamp: Date.now() });
  await office.event(({ text }) => text === "my new phone");
  expect(await send(early)).toMatchObject({ state: "failed", code: "identity-changed" });
  expect(await send(message("now", { acceptsNewIdentity: true }))).toMatchObject({ state: "sent" });
  expect((await friend.waitForMessage()).body).toBe("now");
});

it.each(["/v2/keys/", "/v1/messages/"])(
  "says how long Signal asks to wait at %s, and asks once",
  async (path) => {
    let asked = 0;
    const end = answering((request) => {
      if (!request.path?.startsWith(path + friend.device.aci)) return undefined;
      asked += 1;
      return { status: 429, headers: ["retry-after:17"] };
    });
    try {
      const limited = message("too many");
      const outcome = await send(limited);
      expect(outcome).toEqual({
        state: "failed",
        code: "rate-limited",
        why: "Signal asks to wait 17 seconds",
      });
      expect(await send(limited)).toEqual(outcome);
      expect(asked).toBe(1);
    } finally {
      end();
    }
    expect(await send(message("later"))).toMatchObject({ state: "sent" });
  },
);

it("records as sent what reached the other person, though the phone could not be told", async () => {
  await send(message("before"));
  let refused = 0;
  const end = answering(({ path }) => {
    if (!path?.startsWith(`/v1/messages/${phone.device.aci}`)) return undefined;
    refused += 1;
    return { status: 429, headers: ["retry-after:17"] };
  });
  const asked = message("once");
  try {
    expect(await send(asked)).toMatchObject({ state: "sent" });
  } finally {
    end();
  }
  expect(refused).toBe(1);
  expect(await office.event(({ relay }) => relay?.id === asked.id)).toMatchObject({ text: "once" });
});

it("sends once what the phone could not be told of at first, and tells it later", async () => {
  await send(message("before"));
  await phone.waitForSyncMessage(({ syncMessage: one }) => one.content?.sent != null);
  let failures = 2;
  const end = answering(({ path }) => {
    if (!path?.startsWith(`/v1/messages/${phone.device.aci}`) || failures === 0) return undefined;
    failures -= 1;
    return { status: 503 };
  });
  const kinds = envelopesOf(friend);
  const asked = message("once and told");
  try {
    await expect(send(asked)).rejects.toMatchObject({ code: "network-unavailable" });
    await expect(send(asked)).rejects.toMatchObject({ code: "network-unavailable" });
    expect(await send(asked)).toMatchObject({ state: "sent" });
  } finally {
    end();
  }
  expect(kinds).toHaveLength(1);
  const { syncMessage } = await phone.waitForSyncMessage(({ syncMessage: one }) => one.content?.sent != null);
  expect(syncMessage.content?.sent?.message?.body).toBe("once and told");
});
