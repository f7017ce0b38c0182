import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Device, PrimaryDevice } from "@signalapp/mock-server";
import { mountSmallDisk, type SmallDisk } from "../../../test/faults/small-disk.ts";
import type { SignalOptions } from "../src/index.ts";
import { endProvisioning } from "./support/mock-signal.ts";
import { Office } from "./support/office.ts";
import { startStatusServer } from "./support/status-server.ts";

const DAY_MS = 86_400_000;
const dir = mkdtempSync(join(tmpdir(), "daybook-signal-disk-"));
const disk: SmallDisk | undefined = mountSmallDisk(join(dir, "disk"), 6);
if (!disk) console.warn("cannot mount a tmpfs here: a full disk was not tried. Run as root on Linux.");
const onSmallDisk = disk ? it : it.skip;

let office: Office;
let phone: PrimaryDevice;
let friend: PrimaryDevice;
let device: Device;
let shiftMs = 0;

afterEach(() => office.close());
afterAll(() => {
  disk?.unmount();
  rmSync(dir, { recursive: true });
});

async function linked(options: Partial<SignalOptions> = {}): Promise<void> {
  shiftMs = 0;
  office = await Office.open({ now: () => new Date(Date.now() + shiftMs), ...options });
  friend = await office.mock.server.createPrimaryDevice({ profileName: "Fred" });
  phone = await office.mock.server.createPrimaryDevice({ profileName: "Olivia", contacts: [friend] });
  device = await office.link(phone, [friend]);
  endProvisioning(office.mock.server);
}

it("passes on that Signal is about to unlink a phone that nobody opens", async () => {
  await linked();
  await office.stop();
  office.mock.server.setWebsocketUpgradeResponseHeaders({ "x-signal-alert": "idle-primary-device" });
  office.start();
  await office.until(() => office.linkOf(phone)?.alerts.includes("idle-primary-device") ?? false);
  await office.until(() => office.linkOf(phone)?.status === "live");
});

it("says when nothing has come through for 3 days, and for as long as Signal keeps messages", async () => {
  await linked();
  await office.stop();
  const refusing = await startStatusServer(503);
  const servers = { ...office.mock.servers, chat: refusing.chat };
  const { mock } = office;
  office.with({ servers });
  for (const [days, alerts, says] of [
    [2, [], /does not answer$/],
    [4, ["down-3-days"], /does not answer; .* 3 days/],
    [31, ["down-30-days"], /does not answer; .* 45 days/],
  ] as const) {
    shiftMs = days * DAY_MS;
    office.start();
    await office.until(() => office.linkOf(phone)?.status === "backing-off");
    expect(office.linkOf(phone)).toMatchObject({ alerts, problem: expect.stringMatching(says) as string });
    await office.stop();
  }
  await refusing.close();
  office.with({ servers: mock.servers }).start();
  await office.until(() => office.linkOf(phone)?.status === "live");
  expect(office.linkOf(phone)).toMatchObject({ alerts: [] });
  expect(office.linkOf(phone)?.downSince).toBeUndefined();
  await office.event(
    ({ kind, gap }) => kind === "gap" && gap?.why.includes("longer than Signal keeps") === true,
  );
});

onSmallDisk("says that the disk is full, acknowledges nothing, and goes on when there is room", async () => {
  await linked({ dir: join(disk!.path, "accounts") });
  disk!.fill();
  const texts = Array.from({ length: 60 }, (_, n) => `${n} ${"at some length ".repeat(4_000)}`);
  const at = Date.now();
  const sending = (async () => {
    for (const [n, text] of texts.entries())
      await friend.sendText(device, text, { timestamp: at + n, sealed: true });
  })();
  await office.until(() => office.linkOf(phone)?.status === "backing-off");
  expect(office.linkOf(phone)?.problem).toContain("no room");
  const heard = () => office.events.filter(({ kind }) => kind === "message").map(({ text }) => text);
  expect(heard().length).toBeLessThan(texts.length);

  await disk!.makeRoom();
  await office.until(() => heard().length >= texts.length);
  await sending;
  await office.until(() => office.linkOf(phone)?.status === "live");
  expect(heard()).toEqual(texts);
});
