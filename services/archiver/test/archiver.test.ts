import { setTimeout as sleep } from "node:timers/promises";
import { ArchiveError, parseSegmentName } from "@daybook/archive-core";
import { TOPICS } from "@daybook/contract";
import { formatSessionKey, newSessionKey, parseSessionKey, readKeyBlock } from "@daybook/openpgp";
import type { StreamTrimmer } from "@daybook/stream";
import { replayParked } from "./support/replay-parked.ts";
import { eventBytes } from "./support/events.ts";
import { ciphers } from "./support/keys.ts";
import { context, makeRig, type Rig, SHARD } from "./support/rig.ts";

const DAY_MS = 86_400_000;
const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

let rig: Rig;
beforeEach(async () => {
  rig = await makeRig();
});

describe("the archiver", () => {
  it("archives every event once, in order, sealed, logged and catalogued", async () => {
    const running = rig.start();
    await running.until(await rig.send(numbers(0, 100)));
    await running.until(await rig.send(numbers(100, 130)));
    await running.stop();

    expect(await rig.archived()).toEqual(numbers(0, 130));
    const records = await rig.records();
    expect(rig.catalogue.ids(SHARD)).toEqual(records.map((r) => r.id));
    expect(records[7]).toMatchObject({ text: "Figure 7 of the budget", account: "acct-1", networkId: "n7" });
    expect(running.progress.status(SHARD)).toMatchObject({ size: 130, settled: 130, running: false });
  });

  it("closes a segment after its linger though nobody asks", async () => {
    const running = rig.start();
    const next = await rig.send([1, 2, 3]);
    await running.progress.archived(SHARD, next);

    expect(await rig.archived()).toEqual([1, 2, 3]);
    await running.stop();
  });

  it("closes a segment at 4,096 records, and at 4 MiB", async () => {
    const running = rig.start({
      shards: rig.options().shards.map((shard) => ({ ...shard, lingerMs: 60_000 })),
    });
    await running.until(await rig.send(numbers(0, 5_000)));
    await running.until(await rig.send(numbers(5_000, 5_006), { text: "x".repeat(1_000_000) }));
    await running.stop();

    const segments = [...rig.stores.records.objects.keys()].flatMap((key) => parseSegmentName(key) ?? []);
    expect(segments.map(({ first }) => first)).toEqual([0, 4_096, 5_000, 5_004]);
    expect(await rig.archived()).toEqual(numbers(0, 5_006));
  });

  it("has what it wrote made ready for searches, soon and by itself, also after that failed", async () => {
    rig.catalogue.settleFaults = 1;
    const running = rig.start();
    await running.until(await rig.send(numbers(0, 100)));
    expect(rig.catalogue.settled).toBe(false);
    while (rig.catalogue.settleFaults > 0) await sleep(20);
    await running.until(await rig.send(numbers(100, 110)));
    while (!rig.catalogue.settled) await sleep(20);
    await running.stop();

    expect(await rig.archived()).toEqual(numbers(0, 110));
  });

  it("answers who asked before it ran, and refuses who asks for another shard", async () => {
    const options = rig.options();
    const next = await rig.send([1]);
    const asked = options.progress.archived(SHARD, next, { flush: true });
    const running = rig.start({ progress: options.progress });
    await asked;

    await expect(options.progress.archived("7", 1)).rejects.toMatchObject({ code: "unknown-shard" });
    await running.stop();
    await expect(options.progress.archived(SHARD, next)).resolves.toBeUndefined();
  });

  it("tells who waits that it stopped, and who gave up that it did", async () => {
    const running = rig.start();
    const leaving = new AbortController();
    const left = running.progress.archived(SHARD, 5, { signal: leaving.signal });
    const stayed = running.progress.archived(SHARD, 5);
    const outcomes = Promise.allSettled([left, stayed]);
    leaving.abort();
    await running.stop();

    for (const outcome of await outcomes) expect(outcome).toMatchObject({ reason: { code: "stopped" } });
  });

  it("leaves nothing of what was taken behind when it is stopped", async () => {
    const running = rig.start({
      shards: rig.options().shards.map((shard) => ({ ...shard, lingerMs: 60_000 })),
    });
    await rig.send(numbers(0, 2_000));
    while (!running.progress.status(SHARD).running) await new Promise(setImmediate);
    await running.stop();
    const { settled } = running.progress.status(SHARD);

    expect(await rig.archived()).toEqual(numbers(0, settled));
    expect(rig.catalogue.ids(SHARD)).toHaveLength(settled);
  });
});

describe("a redelivery", () => {
  it("in the same batch, in a later one, and after a restart makes no second record", async () => {
    const first = rig.start();
    await first.until(await rig.send([1, 2, 1, 3, 3, 3]));
    await first.until(await rig.send([2, 4]));
    await first.stop();
    const second = rig.start();
    await second.until(await rig.send([4, 1, 5]));
    await second.stop();

    expect(await rig.archived()).toEqual([1, 2, 3, 4, 5]);
    expect(first.progress.status(SHARD).duplicates).toBe(4);
  });

  it("of what is still on its way makes no second record, and is settled only with it", async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    rig.catalogue.before = () => held;
    const running = rig.start();
    await rig.send([1, 2]);
    while (rig.stores.heads.objects.size === 0) await new Promise(setImmediate);
    const next = await rig.send([2, 1]);
    const settled = running.until(next);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(running.progress.status(SHARD).settled).toBe(0);
    release();
    await settled;
    await running.stop();

    expect(await rig.archived()).toEqual([1, 2]);
  });

  it("with other content under the same id is a second record", async () => {
    const { sealer } = ciphers(rig.keys.ingest);
    const other = JSON.parse(eventBytes(1).toString()) as { stableDigest: string };
    other.stableDigest = "00".repeat(32);
    const running = rig.start();
    await rig.send([1]);
    await running.until(await rig.sendRaw([await sealer.seal(Buffer.from(JSON.stringify(other)), context)]));
    await running.stop();

    expect(await rig.archived()).toEqual([1, 1]);
  });
});

describe("an attachment", () => {
  const sealed = "ab".repeat(32);
  const attachments = [
    { name: "plan.pdf", mediaType: "application/pdf", sizeBytes: 3, sha256: "cd".repeat(32), sealed },
  ];
  const sendWith = async (n: number, key: string) =>
    rig.sendRaw([await ciphers(rig.keys.ingest).sealer.seal(eventBytes(n, { attachments }, [key]), context)]);

  it("has its key taken into the keyring and its lock lengthened before the commit", async () => {
    const key = formatSessionKey(newSessionKey());
    await rig.stores.records.put({
      key: `attachment/${sealed}`,
      body: Buffer.from("abc"),
      retainUntil: new Date(Date.now() + 30 * DAY_MS),
    });
    let lockAtCommit: Date | undefined;
    rig.stores.heads.hook = ({ key: head }) => {
      if (head.endsWith("/head"))
        lockAtCommit = rig.stores.records.objects.get(`attachment/${sealed}`)?.retainUntil;
    };
    const running = rig.start();
    await running.until(await sendWith(1, key));
    await running.stop();

    expect(lockAtCommit!.getTime()).toBeGreaterThan(Date.now() + 399 * DAY_MS);
    const [block] = [...rig.stores.keyring.objects.values()];
    const lines = await readKeyBlock(block!.body, rig.keys.privateKey);
    expect(lines.map(({ index, attachment }) => [index, attachment])).toEqual([
      [0, undefined],
      [0, 0],
    ]);
    expect(lines[1]!.key.bytes).toEqual(parseSessionKey(key).bytes);
    expect(JSON.stringify(await rig.records())).not.toContain(key.slice(2));
  });

  it("that is not in the store costs no record: a gap is recorded beside it, once", async () => {
    const first = rig.start();
    await first.until(await sendWith(1, formatSessionKey(newSessionKey())));
    // The gap was put on the stream before the commit.
    await first.until((await rig.stream.range(TOPICS.events, 0)).next);
    await first.stop();
    const again = rig.start();
    await again.until(await sendWith(1, formatSessionKey(newSessionKey())));
    await again.stop();

    const records = await rig.records();
    expect(records.map((r) => r.kind)).toEqual(["message", "gap"]);
    expect(records[1]).toMatchObject({ account: "acct-1", target: "n1", gap: { about: "plan.pdf" } });
    expect(rig.lines().filter((line) => line.level === "error")).toHaveLength(1);
  });
});

describe("poison", () => {
  const poisons = async (): Promise<Uint8Array[]> => {
    const { sealer } = ciphers(rig.keys.ingest);
    const valid = JSON.parse(eventBytes(99).toString()) as Record<string, unknown>;
    const event = valid.event as Record<string, unknown>;
    const sealedAs = (value: unknown) => sealer.seal(Buffer.from(JSON.stringify(value)), context);
    return [
      Buffer.from("not a payload"),
      await sealer.seal(eventBytes(98), "daybook.events/7"),
      await sealer.seal(Buffer.from("{"), context),
      await sealer.seal(Buffer.from([0xff, 0xfe]), context),
      await sealedAs({ ...valid, v: 2 }),
      await sealedAs({ ...valid, more: 1 }),
      await sealedAs({ ...valid, keys: [`9:${"A".repeat(64)}`] }),
      await sealedAs({ ...valid, event: { ...event, text: "\ud800" } }),
      await sealedAs({ ...valid, event: { ...event, kind: "nonsense" } }),
      await sealer.seal(
        Buffer.from(
          JSON.stringify({
            ...valid,
            event: { ...event, kind: "audit", audit: { actor: "a", action: "b", detail: "@" } },
          }).replace('"@"', `{"deep":${"[".repeat(50_000)}${"]".repeat(50_000)}}`),
        ),
        context,
      ),
      await sealer.seal(Buffer.alloc(3 * 1024 * 1024, "x"), context),
    ];
  };

  it("is parked, sealed to the archive key, and holds nothing else up", async () => {
    const bad = await poisons();
    const running = rig.start();
    await rig.send([1]);
    await rig.sendRaw(bad);
    await running.until(await rig.send([2]));
    await running.stop();

    expect(await rig.archived()).toEqual([1, 2]);
    expect((await rig.stream.range(TOPICS.parked, 0)).next).toBe(bad.length);
    expect(running.progress.status(SHARD).parked).toBe(bad.length);
    const alerts = rig.lines().filter((line) => line.level === "error");
    expect(alerts.map(({ message, offset }) => [message, offset])).toEqual(
      bad.map((_, i) => ["an event was parked", 1 + i]),
    );
    expect(alerts.map(({ reason }) => reason).slice(0, 3)).toEqual([
      "undecryptable",
      "undecryptable",
      "malformed",
    ]);
  });

  it.each(["lost", "kept"] as const)(
    "is durable before the offset moves on, when the send is %s",
    async (fault) => {
      await rig.sendRaw([Buffer.from("not a payload")]);
      const next = await rig.send([1]);
      rig.stream.faults.push(fault, fault);
      const running = rig.start();
      await running.until(next);
      await running.stop();

      expect((await rig.stream.range(TOPICS.parked, 0)).next).toBe(fault === "kept" ? 3 : 1);
      expect(await rig.archived()).toEqual([1]);
    },
  );

  it("is archived when it is replayed after what was wrong was put right", async () => {
    const { sealer, opener } = ciphers(rig.keys.ingest);
    // Its ingest key is not at hand at first.
    const without = rig.start({
      opener: { open: () => opener.open(Buffer.from("no key"), context) },
    });
    await without.until(await rig.send([1, 2]));
    await without.stop();
    expect(await rig.archived()).toEqual([]);

    const replay = () =>
      replayParked({
        stream: rig.stream,
        producer: rig.stream,
        sealer,
        holder: rig.keys.privateKey,
        from: 0,
        signal: new AbortController().signal,
      });
    expect(await replay()).toEqual({ replayed: 2, next: 2 });
    expect(await replay()).toEqual({ replayed: 2, next: 2 });
    const running = rig.start();
    await running.until((await rig.stream.range(TOPICS.events, 0)).next);
    await running.stop();

    expect(await rig.archived()).toEqual([1, 2]);
  });

  it("that is malformed is put back under the ingest key, and parked again while it is", async () => {
    const { sealer } = ciphers(rig.keys.ingest);
    const running = rig.start();
    await running.until(await rig.sendRaw([await sealer.seal(Buffer.from("{}"), context)]));
    const outcome = await replayParked({
      stream: rig.stream,
      producer: rig.stream,
      sealer,
      holder: rig.keys.privateKey,
      from: 0,
      wanted: ({ reason, from }) => reason === "malformed" && from.offset === 0,
      signal: new AbortController().signal,
    });
    await running.until((await rig.stream.range(TOPICS.events, 0)).next);
    await running.stop();

    expect(outcome).toEqual({ replayed: 1, next: 1 });
    expect((await rig.stream.range(TOPICS.parked, 0)).next).toBe(2);
  });
});

describe("a dependency that fails for a while", () => {
  it.each([
    ["the stores lose writes", () => rig.stores.records.fail("put", "lost", "lost")],
    ["the stores keep writes and do not answer", () => rig.stores.records.fail("put", "kept", "kept")],
    ["the disk is full", () => rig.stores.keyring.fail("replace", "full", "full")],
    ["the head's answer is lost", () => rig.stores.heads.fail("replace", "kept", "kept")],
    ["the head's write is lost", () => rig.stores.heads.fail("replace", "lost", "lost")],
    ["the catalogue loses writes", () => rig.catalogue.faults.push("lost", "lost")],
    ["the catalogue keeps writes and does not answer", () => rig.catalogue.faults.push("kept", "kept")],
  ])("loses and doubles nothing when %s", async (_, fail) => {
    const running = rig.start();
    fail();
    await running.until(await rig.send(numbers(0, 50)));
    fail();
    await running.until(await rig.send(numbers(50, 500)));
    await running.stop();

    expect(await rig.archived()).toEqual(numbers(0, 500));
    expect(rig.catalogue.ids(SHARD)).toHaveLength(500);
  });

  it("does not stop who stops it", async () => {
    const running = rig.start();
    rig.catalogue.before = () => Promise.reject(new ArchiveError("store-unavailable", "for ever"));
    await rig.send([1]);
    while (rig.stores.heads.objects.size === 0) await new Promise(setImmediate);
    await running.stop();
    rig.catalogue.before = () => Promise.resolve();
    const next = await rig.send([2]);
    const again = rig.start();
    await again.until(next);
    await again.stop();

    expect(await rig.archived()).toEqual([1, 2]);
    expect(rig.catalogue.ids(SHARD)).toEqual((await rig.records()).map((r) => r.id));
  });
});

describe("the stream", () => {
  it("is let go of only below what is committed and catalogued, less the margin", async () => {
    rig.catalogue.faults.push("lost", "lost", "lost");
    let trimmedTo = 0;
    const trimmer: StreamTrimmer = {
      trim: async (topic, partition, before) => {
        expect(before).toBeLessThanOrEqual(rig.catalogue.states.get(SHARD)!.stream.offset - 50);
        trimmedTo = before;
        await rig.stream.trim(topic, partition, before);
      },
    };
    const running = rig.start({ trimMargin: 50, trimmer });
    await running.until(await rig.send(numbers(0, 500)));
    await running.until(await rig.send(numbers(500, 600)));
    await running.stop();

    expect(trimmedTo).toBe(550);
  });
});

it("logs no word of a message, no name and no number", async () => {
  const running = rig.start();
  await rig.sendRaw([Buffer.from("Figure sent in clear")]);
  await running.until(await rig.send([1, 2]));
  await running.stop();

  expect(JSON.stringify(rig.lines())).not.toMatch(/Figure|Ada|Grace|acct-1|raw/);
});
