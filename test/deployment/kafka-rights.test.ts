import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { jest } from "@jest/globals";
import { TOPICS } from "@daybook/contract";
import { type KafkaEngine, makeKafkaPrograms, startKafka } from "@daybook/lab";
import { kafkaGroup, type KafkaStream, openKafkaStream } from "@daybook/stream";
// Node finds only some of kafkajs's exports by name.
import kafkajs, { type Admin } from "kafkajs";
import { describeDeployed } from "./installed.ts";
import { KAFKA_LOGINS, MAKE_TOPICS, planTopics } from "./topics.ts";

jest.setTimeout(240_000);

const SHARDS = 2;
const PARTITIONS = { [TOPICS.events]: SHARDS, [TOPICS.audit]: 1, [TOPICS.outbound]: 1, [TOPICS.parked]: 1 };
const REFUSED = /AUTHORIZATION_FAILED/;

/** Which topics each service may write and read; all others are refused it. */
const MAY: Readonly<Record<string, { readonly write: readonly string[]; readonly read: readonly string[] }>> =
  {
    "daybook-archiver": {
      write: [TOPICS.events, TOPICS.audit, TOPICS.parked],
      read: [TOPICS.events, TOPICS.audit, TOPICS.parked],
    },
    "daybook-capture": { write: [TOPICS.events], read: [TOPICS.outbound] },
    "daybook-gateway": { write: [TOPICS.audit, TOPICS.outbound], read: [] },
    "daybook-records": { write: [TOPICS.audit], read: [] },
    "daybook-evidence": { write: [TOPICS.audit], read: [] },
    "daybook-witnessing": { write: [TOPICS.audit], read: [] },
  };

/** What the administrator alone may do, in an order in which all of it can be done. */
const CHANGES: Readonly<Record<string, (admin: Admin) => Promise<unknown>>> = {
  "make a topic": (admin) => admin.createTopics({ topics: [{ topic: "another", numPartitions: 1 }] }),
  "add partitions": (admin) =>
    admin.createPartitions({ topicPartitions: [{ topic: TOPICS.outbound, count: 2 }] }),
  "shorten how long messages stay": (admin) =>
    admin.alterConfigs({
      validateOnly: false,
      resources: [
        {
          type: kafkajs.ConfigResourceTypes.TOPIC,
          name: TOPICS.events,
          configEntries: [{ name: "retention.ms", value: "1000" }],
        },
      ],
    }),
  "remove messages": async (admin) => {
    // It wants to have heard of the topic.
    await admin.fetchTopicOffsets(TOPICS.parked);
    await admin.deleteTopicRecords({ topic: TOPICS.parked, partitions: [{ partition: 0, offset: "1" }] });
  },
  "remove a topic": (admin) => admin.deleteTopics({ topics: [TOPICS.parked] }),
  "give itself rights": async (admin) => admin.createAcls({ acl: [...(await planTopics(SHARDS)).acls] }),
};

describeDeployed("a broker as make-topics.sh leaves it", () => {
  let dir: string;
  let kafka: KafkaEngine;
  const says: string[] = [];
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "daybook-rights-"));
    kafka = (await startKafka({ dir: join(dir, "kafka"), secure: true, logins: KAFKA_LOGINS }))!;
    const { bin, config } = (await makeKafkaPrograms(join(dir, "programs"), kafka.secure!))!;
    const env = {
      PATH: process.env.PATH,
      ...{ KAFKA_BIN: bin, CONFIG: config, BOOTSTRAP: kafka.secure!.brokers[0], REPLICAS: "1" },
    };
    for (let time = 0; time < 2; time += 1) {
      const { stdout } = await promisify(execFile)("sh", [MAKE_TOPICS, String(SHARDS)], { env });
      says.push(stdout);
    }
    // Something to read.
    const admin = await openAs("daybook", kafka.secure);
    for (const topic of Object.keys(PARTITIONS)) await admin.send(topic, 0, [Buffer.from("sealed")]);
    await admin.close();
  });
  afterAll(async () => {
    await kafka.stop("SIGKILL");
    await rm(dir, { recursive: true });
  });

  const openAs = (name: string, { brokers, ca, ...login } = kafka.logins[name]!): Promise<KafkaStream> =>
    openKafkaStream({
      brokers,
      ssl: { ca },
      sasl: { mechanism: "scram-sha-512", ...login },
      partitions: PARTITIONS,
      retentionMs: 1,
      singleReplica: true,
      patienceMs: 10_000,
    });

  async function asAdmin<T>(name: string | undefined, ask: (admin: Admin) => Promise<T>): Promise<T> {
    const { brokers, ca, ...login } = name === undefined ? kafka.secure! : kafka.logins[name]!;
    const sasl = { mechanism: "scram-sha-512" as const, ...login };
    const { Kafka, logLevel } = kafkajs;
    const admin = new Kafka({
      brokers: [...brokers],
      ssl: { ca },
      sasl,
      logLevel: logLevel.NOTHING,
      retry: { retries: 0 },
    }).admin();
    await admin.connect();
    try {
      return await ask(admin);
    } finally {
      await admin.disconnect();
    }
  }

  it("may be made so again, and is what every deployment of these tests stands on", async () => {
    const { topics, acls } = await planTopics(SHARDS);
    expect(says[0]).toContain(`Created topic ${TOPICS.events}.`);
    expect(says[1]).not.toContain("Created");

    const found = await asAdmin(undefined, async (admin) => ({
      topics: await admin.fetchTopicMetadata(),
      configs: await admin.describeConfigs({
        includeSynonyms: false,
        resources: topics.map(({ topic }) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic })),
      }),
      acls: await admin.describeAcls({
        resourceType: kafkajs.AclResourceTypes.ANY,
        resourcePatternType: kafkajs.ResourcePatternTypes.ANY,
        permissionType: kafkajs.AclPermissionTypes.ANY,
        operation: kafkajs.AclOperationTypes.ANY,
      }),
    }));
    expect(
      Object.fromEntries(found.topics.topics.map(({ name, partitions }) => [name, partitions.length])),
    ).toEqual(PARTITIONS);
    for (const { topic, configEntries = [] } of topics) {
      const set = found.configs.resources.find(({ resourceName }) => resourceName === topic)!.configEntries;
      expect({ topic, set: set.map(({ configName, configValue }) => [configName, configValue]) }).toEqual({
        topic,
        set: expect.arrayContaining(configEntries.map(({ name, value }) => [name, value])) as unknown,
      });
    }
    const words = (of: object) => JSON.stringify(Object.entries(of).sort());
    const there = found.acls.resources.flatMap(({ acls: entries, ...resource }) =>
      entries.map((entry) =>
        words({
          resourceName: resource.resourceName,
          resourceType: resource.resourceType,
          resourcePatternType: resource.resourcePatternType,
          principal: entry.principal,
          host: entry.host,
          operation: entry.operation,
          permissionType: entry.permissionType,
        }),
      ),
    );
    expect(there.sort()).toEqual(acls.map(words).sort());
  });

  describe.each(Object.entries(MAY))("lets %s", (name, may) => {
    let stream: KafkaStream;
    beforeAll(async () => {
      stream = await openAs(name);
    });
    afterAll(() => stream.close());

    it.each(Object.keys(PARTITIONS))("do with %s what its work is, and nothing else", async (topic) => {
      const written = stream.send(topic, 0, [Buffer.from("sealed")]).then(() => true, refusal);
      expect(await written).toBe(may.write.includes(topic));
      const read = firstOf(stream, topic).then(() => true, refusal);
      expect(await read).toBe(may.read.includes(topic));
    });

    it.each(Object.keys(CHANGES))("not change the cluster: %s", async (change) => {
      await expect(asAdmin(name, CHANGES[change]!)).rejects.toThrow();
    });

    it(`${name === "daybook-archiver" ? "" : "not "}into the archivers' group`, async () => {
      const { brokers, ca, ...login } = kafka.logins[name]!;
      const ending = new AbortController();
      const group = kafkaGroup({
        brokers,
        ssl: { ca },
        sasl: { mechanism: "scram-sha-512", ...login },
        partitions: { [TOPICS.events]: SHARDS },
        groupId: "daybook-archivers-test.example",
      });
      const entered = group
        .share(() => Promise.resolve(ending.abort()), ending.signal)
        .then(() => true, refusal);
      expect(await entered).toBe(name === "daybook-archiver");
    });
  });

  it.each(Object.keys(CHANGES))("lets its administrator %s", async (change) => {
    await asAdmin(undefined, CHANGES[change]!);
  });

  it("keeps out who has a wrong password", async () => {
    const wrong = { ...kafka.logins["daybook-capture"]!, password: "wrong" };
    await expect(openAs("daybook-capture", wrong)).rejects.toThrow("SASL_AUTHENTICATION_FAILED");
  });
});

/** False: refused it for want of a right. Anything else is no answer. */
function refusal(error: unknown): unknown {
  return error instanceof Error && REFUSED.test(error.message) ? false : error;
}

async function firstOf(stream: KafkaStream, topic: string): Promise<void> {
  const ending = new AbortController();
  for await (const messages of stream.read(topic, 0, 0, { maxMessages: 1, maxBytes: 1024 }, ending.signal))
    if (messages.length > 0) return ending.abort();
}
