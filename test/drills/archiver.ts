import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Deployment } from "../deployment/deployment.ts";
import type { ServiceProcess } from "../deployment/service-process.ts";
import {
  eventRecords,
  exportAndVerify,
  importMadeUp,
  isClean,
  until,
  untilRecords,
} from "../e2e/support/archive.ts";
import type { Course } from "./course.ts";
import { onDeployment } from "./on-deployment.ts";

const SHARDS = 4;
const OWNED = "daybook_archiver_shard_owned";
const POLL_MS = 100;
const WARM_UP = 100;

/**
 * The host of an archiver is lost with its disk while records come in; another takes its shards over, and a new host
 * joins from the secrets alone.
 *
 * @param lines of each of the two made-up exports that come in
 * @returns false when an engine is missing
 */
export function archiver(course: Course, { lines = 5_000 }: { lines?: number } = {}): Promise<boolean> {
  return onDeployment(course, { shards: SHARDS, archivers: 2 }, (deployment) =>
    drill(course, deployment, lines),
  );
}

async function drill(course: Course, deployment: Deployment, lines: number): Promise<void> {
  const { dir, archivers } = deployment;
  await course.step("both have shards", () => until("both archivers have shards", () => share(archivers)));
  await importMadeUp(deployment, "Al", WARM_UP);
  const before = await eventRecords(deployment);
  const busy = await busyShard(deployment);

  const sent = await forwarded(deployment);
  const importing = importMadeUp(deployment, "Bo", lines);
  importing.catch(() => undefined);
  await course.step("records come in", async () => {
    while ((await forwarded(deployment)) < sent + lines / 10) await sleep(POLL_MS);
  });
  const has = await Promise.all(archivers.map((one) => owned(one, busy)));
  const lost = archivers[has.indexOf(1)]!;
  const survivor = archivers.find((one) => one !== lost)!;
  await course.step("DESTROY the host of an archiver that is at work, with its disk", async () => {
    await lost.stop("SIGKILL");
    await rm(join(dir, "services", lost.place.name), { recursive: true });
  });
  await course.step("another has all of its shards", async () => {
    while ((await owned(survivor)) < SHARDS + 1) await sleep(POLL_MS);
  });
  const imported = await course.step("the rest of the records comes in", () => importing);
  course.check("every line and the notice of its file is a record", imported === lines + 1);
  const there = await eventRecords(deployment);
  course.lost(Math.max(0, before + lines + 1 - there));
  course.check("none is there twice", there <= before + lines + 1);

  await course.step("a new host joins, from the secrets alone", async () => {
    await deployment.provision(lost.place.name);
    lost.start();
    await lost.ready();
  });
  await course.step("it has its share of the shards", () =>
    until("the new archiver has shards", () => share(archivers)),
  );
  await importMadeUp(deployment, "Cy", lines);
  await untilRecords(deployment, before + 2 * (lines + 1));
  course.check("fsck finds nothing wrong", await course.step("daybook log fsck", () => isClean(deployment)));
  const { id } = await deployment.json<{ id: string }>("matter open --title Count --kind audit".split(" "));
  const exported = await course.step("export, and verify offline", () =>
    exportAndVerify(deployment, id, "all"),
  );
  course.check("an export of all of it verifies offline", exported.ok);
  course.count("records of messages", await eventRecords(deployment));
}

/** How many shards it has, or whether it has this one; none while it does not answer. */
async function owned(archiver: ServiceProcess, shard?: string): Promise<number> {
  const name = shard === undefined ? OWNED : `${OWNED}{shard="${shard}"}`;
  return (await archiver.metric(name).catch(() => 0)) ?? 0;
}

/** Whether all shards are had, and each archiver has some. */
async function share(archivers: readonly ServiceProcess[]): Promise<boolean> {
  const counts = await Promise.all(archivers.map((one) => owned(one)));
  return counts.every((count) => count > 0) && counts.reduce((sum, count) => sum + count, 0) === SHARDS + 1;
}

/** The shard that an account's records are in, which has some already. */
async function busyShard(deployment: Deployment): Promise<string> {
  const { shards } = await deployment.json<{ shards: { shard: string; size: number }[] }>(["status"]);
  return shards.find(({ shard, size }) => shard !== "audit" && size > 0)!.shard;
}

/** Events that Kafka has taken from capture's spool. */
async function forwarded({ services }: Deployment): Promise<number> {
  return (await services.get("capture")!.metric("daybook_spool_forwarded_events_total")) ?? 0;
}
