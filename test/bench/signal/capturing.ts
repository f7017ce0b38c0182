import type { Device, PrimaryDevice } from "@signalapp/mock-server";
import { type Bench, figure } from "../figure.ts";
import { ConnectorProcess, type Mark } from "./connector-process.ts";
import { SignalStand } from "./stand.ts";

const LIVE = 3_000;
const WARM_UP = 500;
const QUEUED = 5_000;
/** As many as a server keeps in flight for one device. */
const IN_FLIGHT = 200;
const TEXT =
  "Can the ferry sail on Friday? The pilot says that the harbour is closed until the wind drops. ".repeat(2);

/**
 * What a sealed message costs the connector, from the socket until it is durable, handed on and acknowledged: while it is
 * live, and when many waited; beside the mock's own client, which decrypts as many in memory, without a network.
 */
export const capturing: Bench = async ({ scale, dir, say }) => {
  await using open = new AsyncDisposableStack();
  const stand = await SignalStand.open(dir);
  open.defer(() => stand.close());
  const friend = await stand.phone("Fred");
  const phone = await stand.phone("Olivia", [friend]);
  const [linked] = await stand.link(`${dir}/accounts`, [phone]);
  const { device } = linked!;
  await friend.addSingleUseKey(device, await device.popSingleUseKey());
  let at = Date.now();
  const letters = (to: Device, count: number): Promise<Buffer<ArrayBuffer>[]> =>
    each(count, () => friend.encryptText(to, TEXT, { timestamp: (at += 1), sealed: true }));

  const counts = { live: Math.round(LIVE * scale), queued: Math.round(QUEUED * scale) };
  say("live");
  const live = await ConnectorProcess.start(`${dir}/accounts`, stand.description);
  live.go();
  await sendAll(stand, device, await letters(device, WARM_UP), live.mark(WARM_UP));
  const before = await live.mark(WARM_UP);
  const ofLive = await letters(device, counts.live);
  const after = await sendAll(stand, device, ofLive, live.mark(WARM_UP + counts.live));
  await live.kill();

  say("queued");
  const ofQueue = await letters(device, counts.queued);
  const sent = ofQueue.map((letter) => stand.mock.server.send(device, letter));
  const draining = await ConnectorProcess.start(`${dir}/accounts`, stand.description);
  const begun = await draining.mark(0);
  draining.go();
  const end = await draining.mark(counts.queued);
  await Promise.all(sent);
  await draining.kill();

  say("the mock's own client");
  const client = await clientRate(stand, friend, letters, counts.queued);
  const drained = rate(begun, end, counts.queued);
  return [
    figure({
      figure: "messages captured per second of the connector's processor time, live",
      value: rate(before, after, counts.live),
      unit: "/s",
      aim: "1,000",
      met: (value) => value >= 1_000,
    }),
    figure({
      figure: `messages drained per second of processor time, of ${counts.queued.toLocaleString("en-GB")} that waited`,
      value: drained,
      unit: "/s",
      baseline: { name: "the mock's own client, in memory, without a network", value: client },
      aim: "0.5 x",
      met: (_, ratio) => ratio >= 0.5,
    }),
    figure({
      figure: "messages drained per second, of the same",
      value: counts.queued / ((end.at - begun.at) / 1_000),
      unit: "/s",
      aim: "said apart",
      met: () => true,
    }),
  ];
};

function rate(from: Mark, to: Mark, count: number): number {
  return count / (to.cpuSeconds - from.cpuSeconds);
}

/** Sends so many at a time as a server does, and waits until they are captured. */
async function sendAll(
  stand: SignalStand,
  device: Device,
  letters: readonly Buffer<ArrayBuffer>[],
  captured: Promise<Mark>,
): Promise<Mark> {
  for (let first = 0; first < letters.length; first += IN_FLIGHT) {
    const some = letters.slice(first, first + IN_FLIGHT);
    await Promise.all(some.map((letter) => stand.mock.server.send(device, letter)));
  }
  return captured;
}

/** What the mock's own client decrypts per second of this process's time: as many, from the same sender, sealed. */
async function clientRate(
  stand: SignalStand,
  friend: PrimaryDevice,
  letters: (to: Device, count: number) => Promise<Buffer<ArrayBuffer>[]>,
  count: number,
): Promise<number> {
  const peer = await stand.phone("Peter");
  await friend.addSingleUseKey(peer.device, await peer.device.popSingleUseKey());
  const waiting = await letters(peer.device, WARM_UP + count);
  for (const letter of waiting.splice(0, WARM_UP)) await peer.receive(friend.device, letter);
  const before = process.cpuUsage();
  for (const letter of waiting) await peer.receive(friend.device, letter);
  const { user, system } = process.cpuUsage(before);
  return count / ((user + system) / 1e6);
}

async function each<Value>(count: number, make: () => Promise<Value>): Promise<Value[]> {
  const made: Value[] = [];
  for (let i = 0; i < count; i += 1) made.push(await make());
  return made;
}
