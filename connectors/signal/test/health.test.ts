import { cpSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { RecordingSink } from "@daybook/contract/testing";
import { Signal, SignalError } from "../src/index.ts";
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

it("goes on with the same account after it was linked again, on another device", async () => {
  const { phone, friend, device } = await linked();
  await phone.unlink(device);
  const again = await office.link(phone, [], "Olivia");
  expect(again.deviceId).not.toBe(device.deviceId);
  await friend.addSingleUseKey(again, await again.popSingleUseKey());
  await friend.sendText(again, "to the new device", { timestamp: Date.now(), sealed: true });
  expect(await office.event(({ text }) => text === "to the new device")).toMatchObject({
    account: phone.device.aci,
  });
  const accounts = new Set(office.sink.captured.map(({ event }) => event.account));
  expect([...accounts]).toEqual([phone.device.aci]);
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

it.each([403, 409, 411, 422, 429, 500])(
  "tells the official what to do when a link is refused with %s",
  async (status) => {
    office = await Office.open();
    const phone = await office.mock.server.createPrimaryDevice({ profileName: "Olivia" });
    const { Router } = createRequire(import.meta.url)("@signalapp/mock-server/src/server/ws/router.js") as {
      Router: { prototype: { run: (request: { path?: string }) => Promise<unknown> } };
    };
    const { run } = Router.prototype;
    Router.prototype.run = function (request) {
      if (request.path?.startsWith("/v1/devices/link"))
        return Promise.resolve({ status, message: "refused", headers: [], body: new Uint8Array() });
      return run.call(this, request);
    };
    try {
      const link = (async () => {
        for await (const step of office.signal.linker.link(
          { id: "o", name: "Olivia" },
          new AbortController().signal,
        )) {
          if (step.step !== "show") continue;
          void office.mock.server
            .waitForProvision()
            .then((pending) => pending.complete({ provisionURL: step.url, primaryDevice: phone }));
        }
      })();
      await expect(link).rejects.toMatchObject({ code: "link-refused" } satisfies Partial<SignalError>);
      expect(office.signal.health()).toEqual([]);
    } finally {
      Router.prototype.run = run;
    }
  },
);
