import { setTimeout as sleep } from "node:timers/promises";
import { REHEARSAL_EVENTS } from "@daybook/rehearsal";
import type { Deployment } from "../deployment/deployment.ts";
import { makeTopics } from "../deployment/topics.ts";
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

const SHARDS = 2;
const POLL_MS = 50;
const FIRST_LINES = 200;
/** What the link to Kafka lets through of an import, KB/s, so that it can be cut in the middle of it. */
const SLOW_KBS = 60;

/**
 * The whole Kafka cluster is lost with its disks, and an empty one takes its place: while events lie on it that
 * nobody has archived, and others wait in capture's spool.
 *
 * @param lines of the made-up export that comes in meanwhile
 * @returns false when an engine is missing
 */
export function kafka(course: Course, { lines = 2_000 }: { lines?: number } = {}): Promise<boolean> {
  return onDeployment(course, { shards: SHARDS, env: { DAYBOOK_CONNECTORS: "rehearsal" } }, (deployment) =>
    drill(course, deployment, lines),
  );
}

async function drill(course: Course, deployment: Deployment, lines: number): Promise<void> {
  const { engines, services, archivers } = deployment;
  const [capture, archiver] = [services.get("capture")!, archivers[0]!];
  const before = await course.step("records come in", async () => {
    const records = await importMadeUp(deployment, "Al", FIRST_LINES);
    return untilRecords(deployment, records + REHEARSAL_EVENTS);
  });

  const sent = await spool(deployment, "forwarded_events_total");
  await engines.links.kafka.toxic({ type: "bandwidth", rate: SLOW_KBS }, "upstream");
  archiver.signal("SIGSTOP");
  const importing = importMadeUp(deployment, "Bo", lines).catch(() => undefined);
  await course.step(
    "events are acknowledged and not archived: some on Kafka, some in the spool",
    async () => {
      while ((await spool(deployment, "forwarded_events_total")) <= sent) await sleep(POLL_MS);
      await engines.links.kafka.cut();
      // The import is in the spool when it stands still.
      for (let waiting = -1, now = 0; waiting !== now || now === 0;) {
        waiting = now;
        await sleep(3_000);
        now = await spool(deployment, "unsent_events");
      }
    },
  );
  const onKafka = (await spool(deployment, "forwarded_events_total")) - sent;
  const inSpool = await spool(deployment, "unsent_events");
  course.count("acknowledged events that only Kafka had", onKafka);
  course.count("acknowledged events that the spool still had", inSpool);
  course.check("both have some, or the drill shows nothing", onKafka > 0 && inSpool > 0);

  await course.step(
    "DESTROY the Kafka cluster with its disks, and start an empty one in its place",
    async () => {
      await engines.kafka.replace();
      await makeTopics(engines.kafka, SHARDS);
      await engines.links.kafka.heal();
    },
  );
  archiver.signal("SIGCONT");
  const ended = await course.step("the archiver notices that it is another, and ends", () =>
    archiver.ended(),
  );
  course.check("it ended with an error, and reads nothing there as if it were the same", ended === 1);
  await course.step("it is started again, as its supervisor does", async () => {
    archiver.start();
    await archiver.ready();
  });
  const spooled = await course.step("what the spool had is archived", () =>
    untilRecords(deployment, before + inSpool + SHARDS),
  );
  const { id } = await deployment.json<{ id: string }>("matter open --title Count --kind audit".split(" "));
  const gaps = await course.step("the gap is a record, and an alert", () =>
    until("a gap", async () => {
      const found = await gapRecords(deployment, id);
      return found.length >= SHARDS && found;
    }),
  );
  course.check(
    "each shard has one gap that says what may be lost",
    gaps.length === SHARDS && new Set(gaps).size === SHARDS,
  );
  const alerts = (await archiver.metric("daybook_archiver_stream_gaps_total")) ?? 0;
  course.check("daybook_archiver_stream_gaps_total, on which an alert stands, rose", alerts >= SHARDS);
  course.count(
    "events that were lost with the cluster, until repeated",
    onKafka - (spooled - before - inSpool - SHARDS),
  );

  await course.step("who may repeat does so: the export again, and the network's redelivery", async () => {
    await capture.stop();
    await importing;
    capture.start();
    await capture.ready();
    await importMadeUp(deployment, "Bo", lines);
  });
  const expected = before + lines + 1 + SHARDS;
  const there = await eventRecords(deployment);
  const unrepeated = Math.max(0, expected - there);
  course.count("of them, what nobody repeated: the gap is all there is of it", unrepeated);
  course.lost(Math.max(0, unrepeated - onKafka));
  // A second notice: the file came twice.
  course.check("nothing is there twice", there <= expected + 1);
  course.check("fsck finds nothing wrong", await course.step("daybook log fsck", () => isClean(deployment)));
  const exported = await course.step("export, and verify offline", () =>
    exportAndVerify(deployment, id, "all"),
  );
  course.check("an export of all of it verifies offline", exported.ok);
  course.count("records of messages", await eventRecords(deployment));
}

async function spool({ services }: Deployment, what: string): Promise<number> {
  return (await services.get("capture")!.metric(`daybook_spool_${what}`)) ?? 0;
}

/** What the gaps that archivers found in the stream are about. */
async function gapRecords(deployment: Deployment, matter: string): Promise<string[]> {
  const { results } = await deployment.json<{ results: { id: string; network: string }[] }>([
    ...["search", "--kind", "gap", "--network", "daybook", "--matter", matter, "--limit", "100"],
  ]);
  return results.map(({ id }) => id);
}
