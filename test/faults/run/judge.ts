import { setTimeout as sleep } from "node:timers/promises";
import type { Stores } from "@daybook/archive-core";
import type { Deployment } from "../../deployment/deployment.ts";
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
  for (const [way, times] of Object.entries(seen))
    if (times === 0) broken.push(`no checkpoint was ever seen by way of the ${way}`);
  broken.push(...(await inconsistent(deployment.vkeys, stores, notes)).slice(0, MOST_NAMED));
  broken.push(...(await fsckProblems(deployment)));
  const found = await readArchive(deployment, stores);
  broken.push(...miscounted(network, found));
  broken.push(...(await misindexed(deployment, found)));
  const gaps = found.others.get("gap") ?? 0;
  if (gaps > 0) broken.push(`${gaps} gaps are recorded, and no fault of the plan explains one`);
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
  const readyAfterMs = await within(READY_MS, () => unready(deployment));
  const settledAfterMs = await within(SETTLED_MS, () => unsettled(deployment, network));
  return { readyAfterMs, settledAfterMs };
}

async function unready({ services }: Deployment): Promise<string | undefined> {
  const states = await Promise.all(
    [...services].map(async ([name, service]) => ((await service.isReady()) ? undefined : name)),
  );
  const names = states.filter((name) => name !== undefined);
  return names.length === 0 ? undefined : `${names.join(" and ")} is not ready`;
}

interface Status {
  readonly shards: readonly { shard: string; size: number; catalogued: number; lag: number }[];
  readonly parked: number;
}

async function unsettled(deployment: Deployment, network: Network): Promise<string | undefined> {
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

async function fsckProblems(deployment: Deployment): Promise<string[]> {
  const { code, stdout, stderr } = await deployment.run(["log", "fsck", "--json"]);
  if (code === 0) return [];
  return [`fsck is not clean: ${(stdout || stderr).slice(0, 1_000)}`];
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

/** The catalogue has a row for every leaf, in its place, and no other. */
async function misindexed({ engines }: Deployment, { leaves }: Found): Promise<string[]> {
  const { postgres, logins } = engines;
  const rows = await postgres.sql(
    `SELECT shard, array_agg(replace(id::text, '-', '') ORDER BY idx), array_agg(idx::int ORDER BY idx)
     FROM catalogue.record GROUP BY shard`,
    [],
    { ...postgres.admin, database: logins.records.database },
  );
  const wrong: string[] = [];
  const found = new Map(rows.map(([shard, ids]) => [String(shard), ids as string[]]));
  const expected = [...leaves.values()].filter((ids) => ids.length > 0);
  const catalogued = [...found.values()].reduce((sum, ids) => sum + ids.length, 0);
  const logged = expected.reduce((sum, ids) => sum + ids.length, 0);
  if (catalogued !== logged) wrong.push(`the catalogue has ${catalogued} rows for ${logged} leaves`);
  for (const [shard, ids] of leaves) {
    if (ids.length === 0) continue;
    const same = [...found.values()].some(
      (row) => row.length === ids.length && row.every((id, i) => id === ids[i]),
    );
    if (!same) wrong.push(`the rows of shard ${shard} are not its leaves`);
  }
  return wrong;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "something failed";
}
