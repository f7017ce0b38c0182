import { setTimeout as sleep } from "node:timers/promises";
import { jest } from "@jest/globals";
import { TOPICS } from "@daybook/contract";
import { describeDeployed } from "../deployment/installed.ts";
import { type ArchiverChild, Deployment, SHARDS } from "./owners/engines.ts";

jest.setTimeout(180_000);

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const owned = ({ status }: ArchiverChild) =>
  status.filter(({ running, owned }) => running && owned).map(({ shard }) => shard);

describeDeployed("archivers on Kafka, S3 and PostgreSQL", () => {
  let deployment: Deployment;
  let sent = 0;
  let groups = 0;
  let groupId: string;

  beforeAll(async () => {
    deployment = await Deployment.start();
  });
  afterAll(() => deployment.remove());
  beforeEach(() => {
    groups += 1;
    groupId = `archivers-${groups}`;
  });
  afterEach(() => deployment.stopArchivers());

  const until = async (isSo: () => boolean | Promise<boolean>) => {
    while (!(await isSo())) await sleep(50);
  };
  /** Sends events, with some that were sent before, until told to stop. */
  function flow() {
    let isOver = false;
    const sending = (async () => {
      while (!isOver) {
        const again = numbers(Math.max(0, sent - 30), sent).filter((n) => n % 3 === 0);
        await deployment.send([...numbers(sent, sent + 40), ...again]);
        sent += 40;
        await deployment.witness();
        await sleep(50);
      }
    })();
    return {
      async end() {
        isOver = true;
        await sending;
      },
    };
  }
  /** @param gaps that the archivers found themselves */
  async function expectEachOnce(gaps = 0): Promise<void> {
    const { checkpoints, ...found } = await deployment.check();
    const records = sent + gaps;
    expect(found).toEqual({ records, distinct: records, catalogued: records });
    expect(checkpoints).toBeGreaterThan(SHARDS);
  }
  async function pair(): Promise<[ArchiverChild, ArchiverChild]> {
    const [one, two] = [deployment.archiver(groupId), deployment.archiver(groupId)];
    await until(() => owned(one).length === SHARDS / 2 && owned(two).length === SHARDS / 2);
    return [one, two];
  }

  it("share the shards, and go on with those of one that is killed", async () => {
    const [one, two] = await pair();
    const flowing = flow();
    await until(() => two.status.some(({ size }) => size > 0));
    two.process.kill("SIGKILL");
    const killedAt = performance.now();
    await until(() => owned(one).length === SHARDS);
    console.info(`a killed archiver's shards moved after ${Math.round(performance.now() - killedAt)} ms`);
    await sleep(500);
    await flowing.end();
    await until(() => deployment.isArchived(one));

    await expectEachOnce();
  });

  it("go on with the shards of one that sleeps, which loses when it wakes, and joins again", async () => {
    const [one, two] = await pair();
    const flowing = flow();
    await until(() => two.status.some(({ size }) => size > 0));
    two.process.kill("SIGSTOP");
    await until(() => owned(one).length === SHARDS);
    two.process.kill("SIGCONT");
    await until(() => owned(one).length < SHARDS);
    await until(() => owned(two).length === SHARDS / 2 && owned(one).length === SHARDS / 2);
    await flowing.end();
    await until(() => deployment.isArchived(one, two));

    await expectEachOnce();
  });

  it("fork, lose and double nothing though both believe that every shard is theirs", async () => {
    const [one, two] = [deployment.archiver(), deployment.archiver()];
    await until(() => owned(one).length > 0 && owned(two).length > 0);
    const flowing = flow();
    await sleep(5_000);
    await flowing.end();
    await until(() => deployment.isArchived(one));
    await until(() => deployment.isArchived(two));

    await expectEachOnce();
  });

  it("make one record of what returns later, also beside partitions that were added, and from a new cluster", async () => {
    const one = deployment.archiver(groupId);
    await deployment.broker.admin.createPartitions({
      topicPartitions: [{ topic: TOPICS.events, count: SHARDS + 3 }],
    });
    await deployment.send(numbers(0, Math.min(sent, 100)));
    await deployment.send(numbers(sent, sent + 20));
    sent += 20;
    await until(() => deployment.isArchived(one));
    await deployment.stopArchivers();
    await expectEachOnce();

    await deployment.replaceKafka();
    await deployment.send([...numbers(0, 60), ...numbers(sent, sent + 20)]);
    sent += 20;
    const two = deployment.archiver(groupId);
    await until(() => deployment.isArchived(two));
    // Of each shard, that its cluster was replaced.
    await expectEachOnce(SHARDS);
  });
});
