import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { jest } from "@jest/globals";
import { TOPICS } from "@daybook/contract";
import { Kafka, logLevel } from "kafkajs";
import { deploy, type Deployment } from "../deployment/deployment.ts";
import { describeDeployed } from "../deployment/installed.ts";
import { DAYBOOK } from "../deployment/service-process.ts";
import { isClean, until, untilRecords } from "../e2e/support/archive.ts";
import { directStores, readArchive } from "./run/archive.ts";
import { miscounted } from "./run/judge.ts";
import { Network } from "./run/network.ts";

jest.setTimeout(600_000);

const LOAD = join(import.meta.dirname, "run/load-capture.ts");
const EVENTS_PER_SECOND = 100;
/** Enough to say that it goes on. */
const SOME = 300;
const POLL_MS = 100;

describeDeployed("a deployment on three brokers", () => {
  let deployment: Deployment;
  let network: Network;
  let pid = 0;
  const offering = new AbortController();
  beforeAll(async () => {
    deployment = (await deploy({
      brokers: 3,
      async prepare(dir) {
        network = await Network.open(join(dir, "acknowledged"));
        return () => network.close();
      },
      program: ({ service }) => (service === "capture" ? [LOAD] : [DAYBOOK, "run", service]),
      envOf: ({ service }) => (service === "capture" ? { FAULTS_NETWORK: String(network.port) } : {}),
    }))!;
    pid = capture().pid;
    network.offer(EVENTS_PER_SECOND, offering.signal);
  });
  afterAll(async () => {
    offering.abort();
    await deployment.remove();
  });

  const capture = () => deployment.services.get("capture")!;
  const nodes = () => deployment.engines.kafka.nodes;
  const spool = async (what: "forwarded_events_total" | "unsent_events") =>
    (await capture().metric(`daybook_spool_${what}`)) ?? 0;
  const pass = async (value: () => number | Promise<number>, mark: number) => {
    while ((await value()) < mark) await sleep(POLL_MS);
  };
  const forwarded = () => spool("forwarded_events_total");

  it("goes on when the leader of a partition is killed, within seconds and by itself", async () => {
    await pass(forwarded, SOME);
    const leader = await leaderOf(deployment, 0);
    await nodes()
      .find(({ id }) => id === leader)!
      .stop("SIGKILL");
    const killedAt = performance.now();
    await pass(forwarded, (await forwarded()) + SOME);
    console.info(
      `${SOME} events are on Kafka ${Math.round(performance.now() - killedAt)} ms after their leader died`,
    );
    expect(await leaderOf(deployment, 0)).not.toBe(leader);
    await until("the spool is empty", async () => (await spool("unsent_events")) < SOME);
    expect({ pid: capture().pid, isRunning: capture().isRunning }).toEqual({ pid, isRunning: true });
    await nodes()
      .find(({ id }) => id === leader)!
      .restart();
  });

  it("spools, and takes nothing for sent, while two of three are down", async () => {
    const [one, two] = nodes();
    await Promise.all([one!.stop("SIGKILL"), two!.stop("SIGKILL")]);
    // What the third had answered before may still be counted.
    await until("nothing is sent any more", async () => {
      const before = await forwarded();
      await sleep(1_000);
      return (await forwarded()) === before;
    });
    const [sent, acknowledged] = [await forwarded(), network.acknowledged];
    await pass(() => network.acknowledged, acknowledged + SOME);
    expect(await forwarded()).toBe(sent);
    expect(await spool("unsent_events")).toBeGreaterThanOrEqual(SOME);
    await Promise.all([one!.restart(), two!.restart()]);
    await pass(forwarded, sent + SOME);
    expect({ pid: capture().pid, isRunning: capture().isRunning }).toEqual({ pid, isRunning: true });
  });

  it("has one record of every event that was acknowledged, and no other", async () => {
    offering.abort();
    await until("everything is acknowledged", () => Promise.resolve(network.waiting === 0));
    await untilRecords(deployment, network.acknowledged);
    expect(network.acknowledged).toBeGreaterThan(3 * SOME);
    const found = await readArchive(deployment, directStores(deployment));
    expect(miscounted(network, found)).toEqual([]);
    expect(found.others.get("gap") ?? 0).toBe(0);
    expect(await isClean(deployment)).toBe(true);
  });
});

async function leaderOf({ engines }: Deployment, partition: number): Promise<number> {
  const admin = new Kafka({ brokers: [...engines.kafka.brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [TOPICS.events] });
    return topics[0]!.partitions.find(({ partitionId }) => partitionId === partition)!.leader;
  } finally {
    await admin.disconnect();
  }
}
