import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ConnectorError } from "@daybook/contract";
import { RecordingSink } from "@daybook/contract/testing";
import type { Device, PrimaryDevice } from "@signalapp/mock-server";
import { data, edit } from "./support/contents.ts";
import { describeServers } from "./support/describe-servers.ts";
import { Proto } from "./support/mock-signal.ts";
import { Office } from "./support/office.ts";

// The steps of the prototype's scenario that no other file walks: death at the two dangerous moments, and what a timer,
// an outage or a delete would take away.
const DYING = join(import.meta.dirname, "children", "dying-capturer.ts");
const QUEUE = 5_000;

let office: Office;
let phone: PrimaryDevice;
let friend: PrimaryDevice;
let device: Device;
let at = Date.now();

beforeEach(async () => {
  office = await Office.open();
  friend = await office.mock.server.createPrimaryDevice({ profileName: "Fred" });
  phone = await office.mock.server.createPrimaryDevice({ profileName: "Olivia", contacts: [friend] });
  device = await office.link(phone, [friend]);
});
afterEach(() => office.close());

/** Starts a capturer that dies at that moment of the next message. Resolves when it is live. */
async function mortal(moment: "before-commit" | "after-commit"): Promise<ChildProcess> {
  const args = [DYING, office.dir, describeServers(office), join(office.dir, "stream"), moment];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  for await (const line of child.stdout) if (String(line).includes("live")) break;
  return child;
}

it.each(["before-commit", "after-commit"] as const)(
  "has a message once, and goes on in its session, when it is killed %s",
  async (moment) => {
    await friend.sendText(device, "before", { timestamp: (at += 1), sealed: true });
    await office.event(({ text }) => text === "before");
    await office.stop();
    const child = await mortal(moment);
    const died = once(child, "close");
    const sending = friend.sendText(device, "in between", { timestamp: (at += 1), sealed: true });
    const [, signal] = (await died) as [number | null, NodeJS.Signals | null];
    expect(signal).toBe("SIGKILL");

    office.start(new RecordingSink());
    await sending;
    await friend.sendText(device, "after", { timestamp: (at += 1), sealed: true });
    await office.event(({ text }) => text === "after");
    // Delivered a second time, and known: were its ratchet alone asked, it would be a message that does not decrypt.
    expect(office.events.map(({ kind, text }) => [kind, text])).toEqual([
      ["message", "in between"],
      ["message", "after"],
    ]);
    expect(office.linkOf(phone)).toMatchObject({ quarantined: 0, unsent: 0 });
  },
);

it.each([true, false])("takes one message that comes in two envelopes once, sealed: %s", async (sealed) => {
  const first = await friend.encryptText(device, "once", { timestamp: (at += 1), sealed });
  await office.mock.server.send(device, first);
  await office.event(({ text }) => text === "once");
  const other = { ...Proto.Envelope.decode(first), serverGuid: randomUUID() };
  await office.mock.server.send(device, Buffer.from(Proto.Envelope.encode(other)));
  await friend.sendText(device, "after", { timestamp: (at += 1), sealed });
  await office.event(({ text }) => text === "after");

  expect(office.events.map(({ text }) => text)).toEqual(["once", "after"]);
  expect(office.linkOf(phone)).toMatchObject({ quarantined: 0 });
});

it("keeps a message whose time ran out before it was archived, and what was edited and deleted meanwhile", async () => {
  // The stream takes nothing while it happens.
  const closed = { yet: true };
  class ClosedSink extends RecordingSink {
    override async capture(events: Parameters<RecordingSink["capture"]>[0]): Promise<void> {
      if (closed.yet) throw new ConnectorError("stream-unavailable", "closed");
      return super.capture(events);
    }
  }
  await office.stop();
  office.start(new ClosedSink());
  await office.until(() => office.linkOf(phone)?.status === "live");
  const says = async (what: Parameters<PrimaryDevice["sendRaw"]>[1]) => {
    await friend.sendRaw(device, what, { timestamp: (at += 1), sealed: true });
    return at;
  };
  const secret = await says(data({ body: "gone in a second", expireTimer: 1 }));
  const first = await says(data({ body: "one" }));
  const second = await says(edit(first, "two"));
  await says(edit(second, "three"));
  await says(data({ delete: { targetSentTimestamp: BigInt(first) } }));
  await sleep(1_100);
  closed.yet = false;
  await office.event(({ kind }) => kind === "delete");
  const told = office.events.map(({ kind, text, expiresAfterSeconds, target }) => [
    kind,
    text,
    expiresAfterSeconds,
    target,
  ]);
  const id = (timestamp: number) => `${friend.device.aci}:${timestamp}`;
  expect(told).toEqual([
    ["message", "gone in a second", 1, undefined],
    ["message", "one", undefined, undefined],
    ["edit", "two", undefined, id(first)],
    ["edit", "three", undefined, id(second)],
    ["delete", undefined, undefined, id(first)],
  ]);
  expect(office.events[0]?.networkId).toBe(id(secret));
});

it(`drains ${QUEUE} messages that waited, each once and in order, and says that it was away`, async () => {
  await office.stop();
  const said: string[] = [];
  for (let i = 0; i < QUEUE; i += 1) {
    said.push(`while away ${i}`);
    const options = { timestamp: (at += 1), sealed: i % 2 === 0 };
    // Resolves only when it is delivered.
    void office.mock.server.send(device, await friend.encryptText(device, said[i]!, options));
  }
  office.start(new RecordingSink());
  await office.until(() => office.linkOf(phone)?.status === "live" && office.events.length >= QUEUE);
  expect(office.events.map(({ text }) => text)).toEqual(said);
  expect(office.linkOf(phone)).toMatchObject({ quarantined: 0, coverage: { state: "live" } });
}, 600_000);
