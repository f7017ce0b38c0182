import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Device, PrimaryDevice } from "@signalapp/mock-server";
import { AccountFile } from "../src/store/account-file.ts";
import { befriend, KEY, Office } from "./support/office.ts";
import { startStatusServer } from "./support/status-server.ts";

let office: Office;
afterEach(() => office.close());

async function opened() {
  office = await Office.open();
  const { server } = office.mock;
  const friend = await server.createPrimaryDevice({ profileName: "Fred" });
  const phone = await server.createPrimaryDevice({ profileName: "Olivia", contacts: [friend] });
  return { server, friend, phone };
}

const gaps = (prefix: string) =>
  office.sink.captured
    .filter(({ eventId }) => eventId.startsWith(`gap:${prefix}:`))
    .map(({ event }) => event);
const intervals = () => office.sink.captured.flatMap(({ event }) => (event.coverage ? [event.coverage] : []));
const accountFiles = () => readdirSync(office.dir).filter((name) => name.endsWith(".account"));

async function hears(friend: PrimaryDevice, device: Device, text: string) {
  await befriend(friend, device);
  await friend.sendText(device, text, { timestamp: Date.now(), sealed: true });
  return office.event((event) => event.text === text);
}

it("has the start of coverage and the gap before it on record, once", async () => {
  const { phone } = await opened();
  await office.link(phone);
  const link = office.linkOf(phone)!.link;
  await office.until(() => gaps("before-link").length > 0);
  await office.stop();
  office.start();
  await office.until(() => office.linkOf(phone)?.status === "live");
  await office.until(() => intervals().length > 1);

  expect(gaps("before-link")).toMatchObject([
    { kind: "gap", account: phone.device.aci, gap: { to: link.since.toISOString() } },
  ]);
  expect(gaps("before-link")[0]?.gap).not.toHaveProperty("from");
  expect(intervals()[0]?.from).toBe(link.since.toISOString());
  expect(office.linkOf(phone)?.link).toEqual({ since: link.since });
});

it("goes on with the same account on another device, with the interval between on record, and no old session", async () => {
  const { phone, friend } = await opened();
  const device = await office.link(phone);
  await hears(friend, device, "to the old device");
  await phone.unlink(device);
  const again = await office.link(phone);
  expect(again.deviceId).not.toBe(device.deviceId);
  await office.until(() => gaps("device-change").length > 0);

  const { since, heardUntil } = office.linkOf(phone)!.link;
  expect(gaps("device-change")).toMatchObject([
    { gap: { from: heardUntil!.toISOString(), to: since.toISOString() } },
  ]);
  expect(gaps("before-link")).toHaveLength(1);
  await office.stop();
  const file = AccountFile.open(join(office.dir, accountFiles()[0]!), KEY);
  expect(file.get("session", `aci/${friend.device.aci}.1`)).toBeUndefined();
  expect(file.get("devices", `aci/${friend.device.aci}`)).toBeUndefined();
  file.close();
  office.start();
  await office.until(() => office.linkOf(phone)?.status === "live");

  await hears(friend, again, "to the new device");
  const accounts = new Set(office.sink.captured.map(({ event }) => event.account));
  expect([...accounts]).toEqual([phone.device.aci]);
  for (const [i, { from }] of intervals().entries()) if (i > 0) expect(from).toBe(intervals()[i - 1]!.to);
});

it("goes on after the account's file was lost, and says that it knows nothing of before", async () => {
  const { phone, friend } = await opened();
  await office.link(phone);
  await office.until(() => gaps("before-link").length === 1);
  await office.stop();
  for (const name of readdirSync(office.dir)) rmSync(join(office.dir, name));
  office.start();
  const again = await office.link(phone);

  expect(await hears(friend, again, "to the new file")).toMatchObject({ account: phone.device.aci });
  expect(gaps("before-link").map(({ gap }) => gap?.to)).toHaveLength(2);
  expect(office.linkOf(phone)?.link.heardUntil).toBeUndefined();
});

it("sets a file aside that cannot be read, and links the account all the same", async () => {
  const { phone, friend } = await opened();
  await office.link(phone);
  await office.stop();
  const [name] = accountFiles();
  for (const part of readdirSync(office.dir)) rmSync(join(office.dir, part));
  writeFileSync(join(office.dir, name!), "damaged");
  office.start();
  const again = await office.link(phone);

  expect(await hears(friend, again, "to the new file")).toMatchObject({ account: phone.device.aci });
  expect(readdirSync(office.dir).filter((one) => one.includes(".unreadable"))).toHaveLength(1);
});

it("goes on under the account when the official's number is another by the next link", async () => {
  const { phone, friend } = await opened();
  const device = await office.link(phone);
  await phone.unlink(device);
  await office.stop();
  await phone.changeNumber();
  office.start();
  const again = await office.link(phone);

  const text = `The account's phone number is ${phone.device.number} now`;
  expect(await office.event((event) => event.text === text)).toMatchObject({ kind: "notice" });
  expect(await hears(friend, again, "to the new number")).toMatchObject({ account: phone.device.aci });
});

it.each([
  { status: 403, says: "scan a new one" },
  { status: 409, says: "upgrade Daybook, then scan a new code" },
  { status: 411, says: "remove one on the phone (Settings, Linked devices)" },
  { status: 422, says: "did not accept the keys of this device: scan a new code" },
  { status: 429, says: "asks to wait some minutes" },
  { status: 429, headers: ["Retry-After: 240"], says: "asks to wait 4 minutes" },
  { status: 500, says: "(500): try again with a new code" },
])("tells the official what to do when a link is refused with $status $headers", async (refused) => {
  const { phone } = await opened();
  const { Router } = createRequire(import.meta.url)("@signalapp/mock-server/src/server/ws/router.js") as {
    Router: { prototype: { run: (request: { path?: string }) => Promise<unknown> } };
  };
  const { run } = Router.prototype;
  Router.prototype.run = function (request) {
    if (!request.path?.startsWith("/v1/devices/link")) return run.call(this, request);
    const { status, headers = [] } = refused;
    return Promise.resolve({ status, message: "refused", headers, body: new Uint8Array() });
  };
  try {
    await expect(office.link(phone)).rejects.toMatchObject({
      code: "link-refused",
      message: expect.stringContaining(refused.says) as string,
    });
    expect(office.signal.health()).toEqual([]);
  } finally {
    Router.prototype.run = run;
  }
});

it.each([
  { status: 429, headers: { "retry-after": "90" }, says: "asks to wait 90 seconds" },
  { status: 499, headers: {}, says: "upgrade Daybook" },
  { status: 503, headers: {}, says: "does not answer" },
])("says what stands in the way when Signal answers $status before there is a code", async (refused) => {
  await opened();
  const refusing = await startStatusServer(refused.status, refused.headers);
  const elsewhere = await Office.open({ servers: { ...office.mock.servers, chat: refusing.chat } });
  const steps = elsewhere.signal.linker.link({ id: "o", name: "Olivia" }, new AbortController().signal);
  const first = steps[Symbol.asyncIterator]().next();
  await expect(first).rejects.toMatchObject({
    code: "network-unavailable",
    message: expect.stringContaining(refused.says) as string,
  });
  await elsewhere.close();
  await refusing.close();
});
