import type { Device, PrimaryDevice } from "@signalapp/mock-server";
import { fetchRemoteConfig } from "../src/transport/remote-config.ts";
import { answering } from "./support/answers.ts";
import { sync } from "./support/contents.ts";
import { endProvisioning, mock } from "./support/mock-signal.ts";
import { befriend, Office } from "./support/office.ts";

const { ACI, PNI } = mock.ServiceIdKind;
const DAY_MS = 86_400_000;

let office: Office;
let phone: PrimaryDevice;
let friend: PrimaryDevice;
let device: Device;
let shiftMs = 0;
const now = () => new Date(Date.now() + shiftMs);

beforeEach(async () => {
  shiftMs = 0;
  office = await Office.open({ now });
  friend = await office.mock.server.createPrimaryDevice({ profileName: "Fred" });
  phone = await office.mock.server.createPrimaryDevice({ profileName: "Olivia", contacts: [friend] });
  device = await office.link(phone, [friend]);
  endProvisioning(office.mock.server);
});
afterEach(() => office.close());

/** As a process that starts again when some days are over. */
async function startAfter(days: number): Promise<void> {
  await office.stop();
  shiftMs += days * DAY_MS;
  office.start();
  await office.until(() => office.linkOf(phone)?.status === "live");
}

async function signedIds(): Promise<(number | undefined)[]> {
  const keys = await Promise.all([device.popSingleUseKey(ACI), device.popSingleUseKey(PNI)]);
  return keys.map(({ signedPreKey }) => signedPreKey.keyId);
}

async function hasReplaced(before: readonly unknown[]): Promise<void> {
  for (;;) {
    const ids = await signedIds();
    const counts = await Promise.all([device.getPreKeyCount(ACI), device.getPreKeyCount(PNI)]);
    if (ids.every((id, n) => id !== before[n]) && counts.every((count) => count > 50)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const write = (from: PrimaryDevice, text: string, serviceIdKind = ACI) =>
  from.sendText(device, text, { timestamp: now().getTime(), serviceIdKind });

it("replaces keys that are old, takes what comes under them meanwhile, and forgets them when nothing can come any more", async () => {
  const { server } = office.mock;
  const [early, late] = await Promise.all([
    server.createPrimaryDevice({ profileName: "Early" }),
    server.createPrimaryDevice({ profileName: "Late" }),
  ]);
  // Both have fetched a key of this device, and do not write yet.
  await befriend(early, device);
  await befriend(late, device);
  const first = await signedIds();
  await startAfter(1);
  await write(friend, "a day later");
  await office.event(({ text }) => text === "a day later");
  expect(await signedIds()).toEqual(first);

  await startAfter(2);
  await hasReplaced(first);
  await write(early, "under the old key");
  expect(await office.event(({ text }) => text === "under the old key")).toMatchObject({ kind: "message" });

  const second = await signedIds();
  await startAfter(61);
  await hasReplaced(second);
  await write(late, "under a key that is gone");
  await office.event(({ kind, sender }) => kind === "gap" && sender?.id === late.device.aci);
});

it("makes one-time keys when few are left", async () => {
  for (const kind of [ACI, PNI])
    while ((await device.getPreKeyCount(kind)) > 5) await device.popSingleUseKey(kind);
  await startAfter(0);
  for (const kind of [ACI, PNI]) {
    while ((await device.getPreKeyCount(kind)) < 100) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await device.getKyberPreKeyCount(kind)).toBeGreaterThanOrEqual(100);
  }
});

it("tells of keys that it cannot renew, and captures all the same", async () => {
  const first = await signedIds();
  const end = answering(({ verb, path }) =>
    verb === "PUT" && path?.startsWith("/v2/keys") ? { status: 503 } : undefined,
  );
  try {
    await startAfter(3);
    await office.until(() => office.linkOf(phone)?.alerts.includes("prekeys-not-renewed") ?? false);
    await write(friend, "still heard");
    await office.event(({ text }) => text === "still heard");
  } finally {
    end();
  }
  await startAfter(0);
  await hasReplaced(first);
  expect(office.linkOf(phone)?.alerts).toEqual([]);
});

it("takes a new phone number with its identity and keys, as a whole or not at all", async () => {
  const half = { identityKeyPair: null, signedPreKey: null, lastResortKyberPreKey: null };
  const change = { ...half, registrationId: 7, newE164: "+14155550000" };
  await phone.sendRaw(device, sync({ content: { pniChangeNumber: change } }), { timestamp: now().getTime() });
  await office.event(({ kind, sender }) => kind === "gap" && sender === undefined);
  await friend.addSingleUseKey(device, await device.popSingleUseKey(PNI), PNI);
  await write(friend, "to the old number", PNI);
  await office.event(({ text }) => text === "to the old number");

  await phone.changeNumber({ timestamp: now().getTime() });
  while ((await device.getPreKeyCount(PNI)) < 100) await new Promise((resolve) => setTimeout(resolve, 20));
  const colleague = await office.mock.server.createPrimaryDevice({ profileName: "Carl" });
  await colleague.addSingleUseKey(device, await device.popSingleUseKey(PNI), PNI);
  await write(colleague, "to the new number", PNI);
  expect(await office.event(({ text }) => text === "to the new number")).toMatchObject({
    sender: { id: colleague.device.aci },
  });
});

it("does not mind what the server says of settings, nor that it says nothing", async () => {
  let asked = 0;
  const end = answering(({ path }) => {
    if (path !== "/v2/config") return undefined;
    asked += 1;
    return { status: 200, body: "no settings" };
  });
  try {
    await startAfter(1);
    await write(friend, "heard");
    await office.event(({ text }) => text === "heard");
    await office.until(() => asked > 0);
  } finally {
    end();
  }
});

it("hands the library those settings that are its own, and are on", async () => {
  const config = {
    "desktop.libsignalNet.grpc.MessagesSendMessage": "ws",
    "desktop.libsignalNet.bare": null,
    "desktop.libsignalNet.off": "false",
    "android.libsignal.other": "true",
    "desktop.calling": "true",
  };
  const body = new Uint8Array(Buffer.from(JSON.stringify({ config })));
  const chat = { fetch: () => Promise.resolve({ status: 200, message: "", headers: [], body }) };
  expect([...(await fetchRemoteConfig(chat))]).toEqual([
    ["grpc.MessagesSendMessage", "ws"],
    ["bare", ""],
  ]);
});
