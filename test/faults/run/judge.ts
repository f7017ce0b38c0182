import { setTimeout as sleep } from "node:timers/promises";
import type { Stores } from "@daybook/archive-core";
import type { Deployment } from "../../deployment/deployment.ts";
import type { ServiceProcess } from "../../deployment/service-process.ts";
import { inconsistent } from "../consistency.ts";
import { type Found, readArchive } from "./archive.ts";
import type { Network } from "./network.ts";
import type { Watcher } from "./watch.ts";

/** After the last fault is over: until every service says that it is ready, and until nothing waits any more. */
export const READY_MS = 30_000;
export const SETTLED_MS = 180_000;
const LOOK_MS = 500;
/** Of one kind, in a report. */
const MOST_NAMED = 5;

/** What was found at the end, and every promise that is broken. */
export interface Judgement {
  readonly broken: readonly string[];
  readonly readyAfterMs: number | undefined;
  readonly settledAfterMs: number | undefined;
  readonly records: number;
  readonly gaps: number;
  readonly checkpoints: number;
}

/** Waits until all is as it should be without faults, then looks whether every promise was kept. */
export async function judge(of: {
  deployment: Deployment;
  network: Network;
  watcher: Watcher;
  stores: Stores;
}): Promise<Judgement> {
  const { deployment, network, watcher, stores } = of;
  const broken: string[] = [];
  const waited = await recovered(deployment, network, broken);
  const { notes, seen } = watcher;
  broken.push(...unseen(seen));
  broken.push(...(await inconsistent(deployment.vkeys, stores, notes)).slice(0, MOST_NAMED));
  broken.push(...(await fsckProblems(deployment)));
  const found = await readArchive(deployment, stores);
  broken.push(...miscounted(network, found));
  broken.push(...misindexed(await catalogued(deployment), found));
  const gaps = found.others.get("gap") ?? 0;
  broken.push(...unexplained(gaps));
  const records = [...found.leaves.values()].reduce((sum, ids) => sum + ids.length, 0);
  return { broken, ...waited, records, gaps, checkpoints: notes.length };
}

async function recovered(
  deployment: Deployment,
  network: Network,
  broken: string[],
): Promise<Pick<Judgement, "readyAfterMs" | "settledAfterMs">> {
  const began = performance.now();
  const within = async (ms: number, isSo: () => Promise<string | undefined>) => {
    for (;;) {
      const reason = await isSo().catch((error: unknown) => messageOf(error));
      const afterMs = Math.round(performance.now() - began);
      if (reason === undefined) return afterMs;
      if (afterMs > ms) {
        broken.push(`${Math.round(ms / 1_000)} s after the last fault ${reason}`);
        return undefined;
      }
      await sleep(LOOK_MS);
    }
  };
  const readyAfterMs = await within(READY_MS, () => unready(deployment.services));
  const settledAfterMs = await within(SETTLED_MS, () => unsettled(deployment, network));
  return { readyAfterMs, settledAfterMs };
}

/** Which services are not ready. */
export async function unready(services: ReadonlyMap<string, Ready>): Promise<string | undefined> {
  const states = await Promise.all(
    [...services].map(async ([name, service]) => ((await service.isReady()) ? undefined : name)),
  );
  const names = states.filter((name) => name !== undefined);
  return names.length === 0 ? undefined : `${names.join(" and ")} is not ready`;
}

type Ready = Pick<ServiceProcess, "isReady">;

interface Status {
  readonly shards: readonly { shard: string; size: number; catalogued: number; lag: number }[];
  readonly parked: number;
}

/** What waits on its way from the network to the catalogue. */
export async function unsettled(
  deployment: Pick<Deployment, "json"> & {
    readonly services: ReadonlyMap<string, Pick<ServiceProcess, "metric">>;
  },
  network: Pick<Network, "waiting">,
): Promise<string | undefined> {
  if (network.waiting > 0) return `${network.waiting} events are not acknowledged`;
  const unsent = await deployment.services.get("capture")!.metric("daybook_spool_unsent_events");
  if (unsent !== 0) return `${unsent ?? "who knows how many"} events wait in the spool`;
  const { shards, parked } = await deployment.json<Status>(["status"]);
  if (parked > 0) return `${parked} events are parked`;
  const behind = shards.filter(({ size, catalogued, lag }) => lag > 0 || size !== catalogued);
  if (behind.length === 0) return undefined;
  return behind
    .map(
      ({ shard, lag, size, catalogued }) =>
        `shard ${shard} lacks ${lag} events and ${size - catalogued} rows`,
    )
    .join(", ");
}

/** What Daybook's own check finds wrong. */
export async function fsckProblems(deployment: Pick<Deployment, "run">): Promise<string[]> {
  const { code, stdout, stderr } = await deployment.run(["log", "fsck", "--json"]);
  if (code === 0) return [];
  return [`fsck is not clean: ${(stdout || stderr).slice(0, 1_000)}`];
}

/** By which ways whoever watched from outside never saw a checkpoint: nothing is then known of what was shown there. */
export function unseen(seen: Watcher["seen"]): string[] {
  return Object.entries(seen)
    .filter(([, times]) => times === 0)
    .map(([way]) => `no checkpoint was ever seen by way of the ${way}`);
}

/** No fault of a plan makes a hole in the stream. */
export function unexplained(gaps: number): string[] {
  return gaps > 0 ? [`${gaps} gaps are recorded, and no fault of the plan explains one`] : [];
}

/** Every acknowledged event is one record, every other one at most. */
export function miscounted(
  network: Pick<Network, "offered" | "isAcknowledged">,
  { copies }: Pick<Found, "copies">,
): string[] {
  const lost: number[] = [];
  const doubled: number[] = [];
  for (let n = 0; n < network.offered; n += 1) {
    const times = copies.get(n) ?? 0;
    if (times > 1) doubled.push(n);
    if (times === 0 && network.isAcknowledged(n)) lost.push(n);
  }
  const strange = [...copies.keys()].filter((n) => n >= network.offered);
  return [
    ...told(lost, "acknowledged events are no record"),
    ...told(doubled, "events are more than one record"),
    ...told(strange, "records are of events that nobody sent"),
  ];
}

function told(numbers: readonly number[], what: string): string[] {
  if (numbers.length === 0) return [];
  return [`${numbers.length} ${what}: ${numbers.slice(0, MOST_NAMED).join(", ")}`];
}

/** Ids of the catalogue's rows, in order: a list a shard, which the catalogue calls by numbers of its own. */
async function catalogued({ engines }: Deployment): Promise<string[][]> {
  const { postgres, logins } = engines;
  const rows = await postgres.sql(
    `SELECT array_agg(replace(id::text, '-', '') ORDER BY idx) FROM catalogue.record GROUP BY shard`,
    [],
    { ...postgres.admin, database: logins.records.database },
  );
  return rows.map(([ids]) => ids as string[]);
}

/** The catalogue has a row for every leaf, in its place, and no other. */
export function misindexed(
  rows: readonly (readonly string[])[],
  { leaves }: Pick<Found, "leaves">,
): string[] {
  const wrong: string[] = [];
  const expected = [...leaves.values()].filter((ids) => ids.length > 0);
  const present = rows.reduce((sum, ids) => sum + ids.length, 0);
  const logged = expected.reduce((sum, ids) => sum + ids.length, 0);
  if (present !== logged) wrong.push(`the catalogue has ${present} rows for ${logged} leaves`);
  for (const [shard, ids] of leaves) {
    if (ids.length === 0) continue;
    const same = rows.some((row) => row.length === ids.length && row.every((id, i) => id === ids[i]));
    if (!same) wrong.push(`the rows of shard ${shard} are not its leaves`);
  }
  return wrong;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "something failed";
}
