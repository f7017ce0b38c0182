import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { jest } from "@jest/globals";
import { describeGroup, GROUP_PARTITIONS, TestMember, untilShared } from "@daybook/stream/testing";
import { placeKey, placesOf } from "../src/group.ts";
import { kafkaGroup, type KafkaGroupOptions } from "../src/kafka/group.ts";
import type { StreamError } from "../src/port.ts";
import { isKafkaInstalled, startBroker, type TestBroker } from "./kafka-broker.ts";

jest.setTimeout(120_000);

const PROGRAM = join(import.meta.dirname, "children/group-member.ts");
const ALL = placesOf(GROUP_PARTITIONS).map(placeKey).sort();

it("refuses times that do not fit together", () => {
  const options = { brokers: ["b:9092"], groupId: "g", partitions: GROUP_PARTITIONS };
  for (const times of [
    { heartbeatMs: 4_000 },
    { heartbeatMs: 0 },
    { sessionTimeoutMs: NaN },
    { rebalanceTimeoutMs: 1_000 },
  ]) {
    expect(() => kafkaGroup({ ...options, ...times })).toThrow(RangeError);
  }
});

(isKafkaInstalled ? describe : describe.skip)("on a real broker", () => {
  let broker: TestBroker;
  let groups = 0;
  let groupId: string;
  const children: ChildProcess[] = [];
  const settings = (): KafkaGroupOptions => ({
    brokers: broker.kafka.brokers,
    groupId,
    partitions: GROUP_PARTITIONS,
    sessionTimeoutMs: 6_000,
    heartbeatMs: 500,
    rebalanceTimeoutMs: 4_000,
  });
  const member = (more: Partial<KafkaGroupOptions> = {}) =>
    new TestMember(kafkaGroup({ ...settings(), ...more }));
  /** A member in a process of its own. */
  function child() {
    const process_ = spawn(process.execPath, [PROGRAM, JSON.stringify(settings())], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    children.push(process_);
    const told: { has: string[] } = { has: [] };
    let text = "";
    process_.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      const lines = text.split("\n");
      text = lines.pop() ?? "";
      const last = lines.at(-1);
      if (last) told.has = JSON.parse(last) as string[];
    });
    return Object.assign(told, { process: process_ });
  }
  beforeAll(async () => {
    broker = await startBroker();
    await broker.makeTopics(GROUP_PARTITIONS);
  });
  afterAll(() => broker.remove());
  beforeEach(() => {
    groups += 1;
    groupId = `group-${groups}`;
  });
  afterEach(async () => {
    broker.proxy.isDown = false;
    for (const one of children.splice(0)) {
      if (one.exitCode !== null || one.signalCode !== null) continue;
      one.kill("SIGKILL");
      await once(one, "exit");
    }
  });

  describeGroup("Kafka", async () => ({
    member: () => kafkaGroup(settings()),
    remove: async () => undefined,
  }));

  it("shares evenly as members come and go, moves few, and interrupts nothing that stays", async () => {
    const one = member();
    await untilShared(one);
    const two = member();
    await untilShared(one, two);
    // What one kept was begun once, and is the same work still.
    for (const key of one.has) expect(one.begun.get(key)).toBe(1);
    const three = member();
    await untilShared(one, two, three);
    await two.stop();
    await untilShared(one, three);

    for (const key of one.has) expect(one.begun.get(key)).toBeLessThanOrEqual(2);
    await Promise.all([one.stop(), three.stop()]);
  });

  it("gives what a killed member had to the others", async () => {
    const one = member();
    await untilShared(one);
    const two = child();
    while (two.has.length + one.has.size !== ALL.length || two.has.length === 0) await sleep(20);
    const kept = [...one.has];
    two.process.kill("SIGKILL");
    await untilShared(one);

    for (const key of kept) expect(one.begun.get(key)).toBe(1);
    await one.stop();
  });

  it("gives what a sleeping member had to the others, and lets it in again when it wakes", async () => {
    const one = member();
    await untilShared(one);
    const two = child();
    while (two.has.length + one.has.size !== ALL.length || two.has.length === 0) await sleep(20);
    two.process.kill("SIGSTOP");
    await untilShared(one);
    two.process.kill("SIGCONT");
    while (one.has.size === ALL.length) await sleep(20);
    while (two.has.length === 0 || two.has.some((key) => one.has.has(key))) await sleep(20);
    expect([...one.has, ...two.has].sort()).toEqual(ALL);
    await one.stop();
  });

  it("stops its work while the broker is gone for longer than a session, and goes on when it is back", async () => {
    const troubles: StreamError[] = [];
    const one = member({ onTrouble: (error) => troubles.push(error) });
    await untilShared(one);
    broker.proxy.cutAll();
    while (one.has.size > 0) await sleep(20);
    broker.proxy.isDown = false;
    await untilShared(one);

    expect(troubles[0]).toMatchObject({ code: "unavailable", retryable: true });
    await one.stop();
  });

  it("goes on when the broker was killed and is back", async () => {
    const [one, two] = [member(), member()];
    await untilShared(one, two);
    await broker.kafka.restart("SIGKILL");
    await sleep(1_000);
    await untilShared(one, two);

    await Promise.all([one.stop(), two.stop()]);
  });

  it("does not let in who shares other partitions", async () => {
    const one = member();
    await untilShared(one);
    const other = member({ partitions: { ...GROUP_PARTITIONS, "daybook.events": 5 } });

    await expect(other.done).rejects.toThrow(/share other partitions/);
    expect(one.has.size).toBe(ALL.length);
    await one.stop();
  });

  it("is left at once by a member that stops while it waits to be let in", async () => {
    const one = member();
    await untilShared(one);
    const two = member();
    await two.stop();
    await untilShared(one);

    await one.stop();
  });
});
