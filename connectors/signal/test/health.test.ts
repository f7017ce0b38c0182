import { cpSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { RecordingSink } from "@daybook/contract/testing";
import { Signal } from "../src/index.ts";
import { KEY, Office, silent } from "./support/office.ts";
import { startStatusServer } from "./support/status-server.ts";

let office: Office;
afterEach(() => office.close());

async function linked() {
  office = await Office.open();
  const { server } = office.mock;
  const friend = await server.createPrimaryDevice({ profileName: "Fred" });
  const phone = await server.createPrimaryDevice({ profileName: "Olivia", contacts: [friend] });
  const device = await office.link(phone, [friend]);
  return { server, friend, phone, device };
}

it.each([
  { status: 403, headers: {}, becomes: "unlinked", says: "link it again" },
  { status: 499, headers: {}, becomes: "expired", says: "upgrade Daybook" },
  { status: 429, headers: { "retry-after": "17" }, becomes: "backing-off", says: "asks to wait" },
  { status: 503, headers: {}, becomes: "backing-off", says: "does not answer" },
])("says $becomes when Signal answers $status", async ({ status, headers, becomes, says }) => {
  const { phone } = await linked();
  await office.stop();
  const refusing = await startStatusServer(status, headers);
  const stopping = new AbortController();
  const signal = new Signal({
    dir: office.dir,
    key: KEY,
    servers: { ...office.mock.servers, chat: refusing.chat },
    deviceName: "Daybook",
    userAgent: "Daybook/0.1",
    log: silent,
  });
  const running = signal.run(new RecordingSink(), stopping.signal);
  const health = () => signal.health().find(({ account }) => account === phone.device.aci);
  while (health()?.status !== becomes) await sleep(5);
  expect(health()).toMatchObject({
    problem: expect.stringContaining(says) as string,
    coverage: { state: "down" },
  });
  const ended = becomes === "unlinked" || becomes === "expired";
  const { attempts } = refusing;
  await sleep(ended ? 100 : 0);
  if (ended) expect(refusing.attempts).toBe(attempts);
  stopping.abort();
  await running;
  await signal.close();
  await refusing.close();
  office.start();
});

it("stops, and does not fight, when another process connects as the same device", async () => {
  const { phone } = await linked();
  const other = await Office.open({ servers: office.mock.servers });
  rmSync(other.dir, { recursive: true });
  await other.stop();
  // As a copy of the disk that is run beside the original.
  await office.stop();
  cpSync(office.dir, other.dir, { recursive: true });
  office.start();
  await office.until(() => office.linkOf(phone)?.status === "live");
  other.start();
  await office.until(() => office.linkOf(phone)?.status === "displaced");
  expect(other.linkOf(phone)?.status).not.toBe("displaced");
  await other.close();
});

it("lets one process alone have an account", async () => {
  const { phone } = await linked();
  const second = new Signal({
    dir: office.dir,
    key: KEY,
    servers: office.mock.servers,
    deviceName: "Daybook",
    userAgent: "Daybook/0.1",
    log: silent,
  });
  const stopping = new AbortController();
  const running = second.run(new RecordingSink(), stopping.signal);
  expect(second.health()).toEqual([]);
  stopping.abort();
  await running;
  await second.close();
  expect(office.linkOf(phone)?.status).toBe("live");
});

it("captures many accounts, of which a broken one harms no other", async () => {
  const { friend, phone, server } = await linked();
  const colleague = await server.createPrimaryDevice({ profileName: "Carl", contacts: [friend] });
  const theirs = await office.link(colleague, [friend], "Carl");
  await office.stop();
  writeFileSync(join(office.dir, "broken.account"), "no account");
  office.start();
  await office.until(() => office.linkOf(colleague)?.status === "live");
  await friend.sendText(theirs, "hello Carl", { timestamp: Date.now(), sealed: true });
  expect(await office.event(({ text }) => text === "hello Carl")).toMatchObject({
    account: colleague.device.aci,
  });
  await office.until(() => office.linkOf(phone)?.status === "live");
  expect(readdirSync(office.dir)).toContain("broken.account");
});
