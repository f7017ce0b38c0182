import { jest } from "@jest/globals";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "node:tls";
import { installKafka, kafkaLibraries } from "../src/kafka-install.ts";
import { kafkaAnswers } from "../src/kafka-probe.ts";
import { type KafkaEngine, startKafka } from "../src/kafka.ts";

const isInstalled = kafkaLibraries() !== undefined;
if (!isInstalled) console.warn("Kafka is not installed (npm run lab -- --install): its tests are SKIPPED");

jest.setTimeout(120_000);

it("says what it lacks when Kafka cannot be installed, and leaves nothing half done", async () => {
  const home = await mkdtemp(join(tmpdir(), "lab-kafka-"));
  const env = { DAYBOOK_LAB: home, PATH: home };
  await expect(installKafka(env)).rejects.toThrow("have Maven (mvn) and Java 17 or later, and repeat");

  expect(kafkaLibraries(env)).toBeUndefined();
  expect(await readdir(join(home, "kafka"))).toEqual([]);
  await rm(home, { recursive: true });
});

(isInstalled ? describe : describe.skip)("Kafka in the lab", () => {
  let dir: string;
  let kafka: KafkaEngine | undefined;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "lab-kafka-"));
  });
  afterEach(async () => {
    await kafka?.stop("SIGKILL");
    await rm(dir, { recursive: true });
  });

  it("starts, answers, comes back after SIGKILL on the same port, and leaves no process", async () => {
    kafka = (await startKafka({ dir }))!;
    const { port, pid } = kafka;
    expect(kafka.brokers).toEqual([`127.0.0.1:${port}`]);
    expect(await kafkaAnswers(port)).toBe(true);

    await kafka.restart();
    expect(kafka.pid).not.toBe(pid);
    expect(await kafkaAnswers(port)).toBe(true);

    const last = kafka.pid;
    await kafka.stop();
    await kafka.stop();
    expect(await kafkaAnswers(port)).toBe(false);
    for (const gone of [pid, last]) expect(existsSync(`/proc/${gone}`)).toBe(false);
  });

  it("speaks TLS, with a certificate that its clients can check", async () => {
    kafka = (await startKafka({ dir, secure: true }))!;
    const { brokers, ca } = kafka.secure!;
    const port = Number(brokers[0]!.split(":")[1]);

    const authorized = await new Promise<boolean>((resolve, reject) => {
      const socket = connect({ host: "127.0.0.1", port, ca }, () => {
        resolve(socket.authorized);
        socket.destroy();
      }).on("error", reject);
    });
    expect(authorized).toBe(true);
  });

  it("is three brokers where that is asked for, which go on without one and take it back", async () => {
    kafka = (await startKafka({ dir, brokers: 3, secure: true }))!;
    const ports = kafka.brokers.map((address) => Number(address.split(":")[1]));
    expect([new Set(ports).size, kafka.secure!.brokers.length]).toEqual([3, 3]);
    const [, second] = kafka.nodes;
    await second!.stop("SIGKILL");
    expect(await kafkaAnswers(ports[1]!)).toBe(false);
    for (const port of [ports[0]!, ports[2]!]) {
      expect(await kafkaAnswers(port)).toBe(true);
      while (await kafkaAnswers(port, 3)) await sleep(100);
    }
    await second!.restart();
    while (!(await kafkaAnswers(ports[0]!, 3))) await sleep(100);

    const pids = kafka.nodes.map(({ pid }) => pid);
    await kafka.stop();
    for (const gone of pids) expect(existsSync(`/proc/${gone}`)).toBe(false);
  });
});
