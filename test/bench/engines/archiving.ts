import { join } from "node:path";
import type { ServiceProcess } from "../../deployment/service-process.ts";
import { type Bench, type Figure, figure, type Run } from "../figure.ts";
import { makeLoad, type PlainTopic } from "./load.ts";
import { archive, micros, NOTHING, perSecond, plus, sink, type Taken } from "./measure.ts";
import { objectsWritten, storedBytes } from "./requests.ts";
import { rebuildOnEngines } from "./rebuilding.ts";
import { PARTITIONS, Stand } from "./stand.ts";

/** Of 1,000 records a partition, so that the bare consumer's objects come out even. */
const ROUND = 60_000;
const ROUNDS = 3;
const ALONE = { records: 2_400, rounds: 2 };
const EVENT_BYTES = 1_024;
/** What the bare consumer's partitions at a time are: kafkajs's default is one. */
const CONCURRENCY = 4;

/**
 * From Kafka to sealed, logged, locked and catalogued records on S3, by one archiver and then by four, over TLS
 * throughout. In turn with it, a bare kafkajs consumer that PUTs the same events as they are to the same store.
 */
export const archivingOnEngines: Bench = async (run) => {
  const { scale, say } = run;
  const stand = await Stand.open({ partitions: PARTITIONS, archivers: 4, lingerSeconds: 10 });
  try {
    const [one, ...others] = stand.deployment.archivers as [ServiceProcess, ...ServiceProcess[]];
    await Promise.all(others.map((other) => other.stop()));
    await stand.shared([one]);
    const count = PARTITIONS * 1_000 * Math.max(1, Math.round((ROUND * scale) / PARTITIONS / 1_000));
    let made = 0;
    const load = async (records: number) => {
      const { partitions, publicKey } = stand;
      const next = await makeLoad({ first: made, count: records, partitions, publicKey });
      made += records;
      return next;
    };
    const beside = await inTurn(stand, one, () => load(count), say);
    const alone = await oneByOne(stand, () => load(Math.round(ALONE.records * scale)));
    for (const other of others) other.start();
    await Promise.all(others.map((other) => other.ready()));
    const all = [one, ...others];
    await stand.shared(all);
    let four = NOTHING;
    // Each is warmed up by as many records as the one was.
    for (let round = 1 - all.length; round <= ROUNDS; round += 1) {
      const took = await archive(stand, all, await load(count));
      say(`four archivers, round ${round}: ${describe(took)}`);
      if (round > 0) four = plus(four, took);
    }
    const archived = (ROUNDS + 1 + ROUNDS + all.length) * count;
    return [...figures({ ...beside, ...alone, four }), ...(await rebuildOnEngines(stand, archived, run))];
  } finally {
    await stand.close();
  }
};

interface Measured {
  readonly ours: Taken;
  readonly plain: Taken;
  readonly objects: number;
  readonly bytes: number;
  readonly alone: Taken;
  readonly aloneAbreast: Taken;
  readonly early: Taken;
  readonly four: Taken;
}

/** The archiver and the bare consumer, round by round; the first warms both up, and does not count. */
async function inTurn(
  stand: Stand,
  archiver: ServiceProcess,
  load: () => ReturnType<typeof makeLoad>,
  say: Run["say"],
): Promise<Pick<Measured, "ours" | "early" | "plain" | "objects" | "bytes">> {
  const peer = stand.plain({ topic: "bench.thousands", size: 1_000, concurrency: CONCURRENCY });
  const { dir, engines } = stand.deployment;
  const kept = ["data/records", "data/heads", "data/keyring", "data/keyring-copy", "versions"];
  const look = async () => ({
    objects: await objectsWritten(engines.storeLog!, engines.identities.archiver.accessKeyId),
    bytes: await storedBytes(kept.map((path) => join(dir, "store", path))),
  });
  try {
    let [ours, early, plain, before] = [NOTHING, NOTHING, NOTHING, { objects: 0, bytes: 0 }];
    for (let round = 0; round <= ROUNDS; round += 1) {
      const made = await load();
      const took = await archive(stand, [archiver], made);
      const peers = await sink(stand, peer, made, round * made.count);
      say(`round ${round}: ${describe(took)}; bare: ${describe(peers)}`);
      if (round === 1) early = took;
      if (round === 0) before = await look();
      else [ours, plain] = [plus(ours, took), plus(plain, peers)];
    }
    const after = await look();
    return { ours, early, plain, objects: after.objects - before.objects, bytes: after.bytes - before.bytes };
  } finally {
    await peer.stop();
  }
}

/** The bare consumer with an object a record: as kafkajs has it by itself, and with every partition at a time. */
async function oneByOne(
  stand: Stand,
  load: () => ReturnType<typeof makeLoad>,
): Promise<Pick<Measured, "alone" | "aloneAbreast">> {
  const measure = async (topic: PlainTopic, concurrency: number) => {
    const peer = stand.plain({ topic, size: 1, concurrency });
    try {
      let all = NOTHING;
      for (let round = 0; round <= ALONE.rounds; round += 1) {
        const made = await load();
        const took = await sink(stand, peer, made, round * made.count);
        if (round > 0) all = plus(all, took);
      }
      return all;
    } finally {
      await peer.stop();
    }
  };
  return { alone: await measure("bench.alone", 1), aloneAbreast: await measure("bench.abreast", PARTITIONS) };
}

function describe(taken: Taken): string {
  return `${Math.round(perSecond(taken))}/s, ${Math.round(micros(taken, "ours"))} µs a record`;
}

function figures({ ours, early, plain, objects, bytes, alone, aloneAbreast, four }: Measured): Figure[] {
  const rate = (beside: string, taken: Taken, least: number) =>
    figure({
      figure: `archived from Kafka to S3, 1 KiB, beside ${beside}`,
      value: perSecond(ours),
      unit: "records/s",
      baseline: { name: "a bare consumer", value: perSecond(taken) },
      aim: `${least} x`,
      met: (_, ratio) => ratio >= least,
    });
  const cost = (of: string, part: "ours" | "postgres" | "kafka" | "store", most = Infinity) =>
    figure({
      figure: `processor time a record, ${of}`,
      value: micros(ours, part),
      unit: "µs",
      baseline: { name: "the same with the bare consumer", value: Math.max(micros(plain, part), 0.1) },
      aim: most === Infinity ? "said apart" : `${most} µs`,
      met: (value) => value <= most,
    });
  return [
    rate("1,000 plain records an object", plain, 0.5),
    rate("one plain record an object", alone, 20),
    rate("the same, twelve at a time", aloneAbreast, 20),
    cost("archiver and its sealing process", "ours", 120),
    cost("PostgreSQL", "postgres"),
    cost("Kafka", "kafka"),
    cost("the store", "store"),
    figure({
      figure: "processor time a record, four archivers",
      value: micros(four, "ours"),
      unit: "µs",
      baseline: { name: "one archiver", value: micros(ours, "ours") },
      aim: "1.1 x",
      met: (_, ratio) => ratio <= 1.1,
    }),
    // An archiver's cost falls while its code is compiled, and each of the four has had a part of the records: as many as
    // the one had in its first round that counts.
    figure({
      figure: "processor time a record, four archivers, beside one as many records after its start",
      value: micros(four, "ours"),
      unit: "µs",
      baseline: { name: "one archiver in its first round", value: micros(early, "ours") },
      aim: "said apart",
      met: () => true,
    }),
    figure({
      figure: "objects written per 1,000 records",
      value: (objects / ours.records) * 1_000,
      unit: "objects",
      aim: "12, tiles included",
      met: (value) => value <= 12,
    }),
    figure({
      figure: "bytes stored per byte of message, 1 KiB",
      value: bytes / (ours.records * EVENT_BYTES),
      unit: "bytes",
      aim: "2.5",
      met: (value) => value <= 2.5,
    }),
  ];
}
