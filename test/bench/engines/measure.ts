import { TOPICS } from "@daybook/contract";
import type { ServiceProcess } from "../../deployment/service-process.ts";
import { cpuSeconds } from "./cpu.ts";
import { type Load, send } from "./load.ts";
import type { PlainPeer } from "./plain-peer.ts";
import type { Stand } from "./stand.ts";

/** What archiving took, seconds: by the clock, and of each part's processors. */
export interface Taken {
  readonly records: number;
  readonly seconds: number;
  readonly ours: number;
  readonly postgres: number;
  readonly kafka: number;
  readonly store: number;
}

export const NOTHING: Taken = { records: 0, seconds: 0, ours: 0, postgres: 0, kafka: 0, store: 0 };

export function plus(a: Taken, b: Taken): Taken {
  return {
    records: a.records + b.records,
    seconds: a.seconds + b.seconds,
    ours: a.ours + b.ours,
    postgres: a.postgres + b.postgres,
    kafka: a.kafka + b.kafka,
    store: a.store + b.store,
  };
}

export function perSecond({ records, seconds }: Taken): number {
  return records / seconds;
}

/** Microseconds a record. */
export function micros(of: Taken, part: "ours" | "postgres" | "kafka" | "store"): number {
  return (of[part] / of.records) * 1e6;
}

/** Archives a load that lies on the stream before the first of it is read. @throws {Error} when an archiver ends */
export async function archive(
  stand: Stand,
  archivers: readonly ServiceProcess[],
  { sealed, count }: Load,
): Promise<Taken> {
  // Shorter than a session of the group: nobody loses a shard over it.
  for (const one of archivers) one.signal("SIGSTOP");
  const ends = await send(stand.stream, TOPICS.events, sealed);
  const took = await taken(stand, archivers, count, async () => {
    for (const one of archivers) one.signal("SIGCONT");
    await stand.archived(ends, archivers);
  });
  // What it had used by then would be missing.
  const ended = archivers.find((one) => !one.isRunning);
  if (ended) throw new Error(`${ended.place.name} ended by itself: ${ended.output.slice(-1_000)}`);
  return took;
}

/** The same for the bare consumer. @param before records that it has put so far */
export async function sink(stand: Stand, peer: PlainPeer, load: Load, before: number): Promise<Taken> {
  peer.signal("SIGSTOP");
  await send(stand.stream, peer.topic, load.plain);
  return taken(stand, [peer], load.count, async () => {
    peer.signal("SIGCONT");
    await peer.stored(before + load.count);
  });
}

async function taken(
  { deployment: { engines } }: Stand,
  processes: readonly { readonly pid: number }[],
  records: number,
  work: () => Promise<void>,
): Promise<Taken> {
  const look = () => ({
    seconds: performance.now() / 1_000,
    ours: processes.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0),
    postgres: cpuSeconds(engines.postgres.pid),
    kafka: cpuSeconds(engines.kafka.pid),
    store: cpuSeconds(engines.store.pid),
  });
  const before = look();
  await work();
  const after = look();
  return {
    records,
    seconds: after.seconds - before.seconds,
    ours: after.ours - before.ours,
    postgres: after.postgres - before.postgres,
    kafka: after.kafka - before.kafka,
    store: after.store - before.store,
  };
}
