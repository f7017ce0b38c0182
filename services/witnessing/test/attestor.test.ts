import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ArchiveError,
  checkpointKey,
  checkpointSigner,
  judgeCosignatures,
  openCheckpoint,
  parseVkey,
} from "@daybook/archive-core";
import { startTsa, type Tsa } from "@daybook/lab";
import { type FakeWitness, startFakeWitness } from "../../../test/fakes/witness.ts";
import { witnessedKey } from "../src/attested-files.ts";
import { keysOf, rig } from "./support/rig.ts";

const never = new AbortController().signal;
const started: FakeWitness[] = [];
afterEach(async () => {
  for (const witness of started.splice(0)) await witness.stop();
});

async function fakes(count: number): Promise<FakeWitness[]> {
  for (let i = 1; i <= count; i += 1)
    started.push(await startFakeWitness({ name: `w${i}.example`, seed: Buffer.alloc(32, 40 + i) }));
  return started.slice(-count);
}

const down = (witness: FakeWitness) =>
  (witness.spoil = (_, response) => {
    response.writeHead(503).end();
    return true;
  });

describe("the checkpoint of a shard", () => {
  it("is published with its witnesses' signatures, and still is the log's own note", async () => {
    const witnesses = await fakes(2);
    const { log, attestor, witnessed } = await rig(witnesses);
    expect(await attestor.cosign(never)).toBeUndefined();
    await log.grow(10);
    const { note, size } = await log.published();
    const attested = await attestor.cosign(never);

    const stored = (await witnessed())!;
    expect(attested).toEqual({ note: stored.note, size, missing: [] });
    expect(stored.note.startsWith(note)).toBe(true);
    expect(openCheckpoint(stored.note, parseVkey(log.vkey)).size).toBe(10);
    expect(judgeCosignatures(stored.note, keysOf(witnesses)).good).toHaveLength(2);
    // The archiver's own is as it was.
    expect((await log.published()).note).toBe(note);
  });

  it("follows the log, asks each witness once for each head, and knows after a restart what is signed", async () => {
    const [witness] = (await fakes(1)) as [FakeWitness];
    const { log, attestor, restarted, witnessed } = await rig([witness]);
    for (const records of [3, 300, 1]) {
      await log.grow(records);
      await attestor.cosign(never);
      await attestor.cosign(never);
    }
    await restarted().cosign(never);

    expect((await witnessed())?.size).toBe(304);
    expect(witness.asked).toHaveLength(3);
    await log.grow(5);
    await restarted().cosign(never);
    expect((await witnessed())?.size).toBe(309);
    // It had to be told first how far the witness is.
    expect(witness.asked).toHaveLength(5);
  });

  it("needs only so many of them, and takes the others' signatures when they come", async () => {
    const witnesses = await fakes(3);
    const [one, two] = witnesses as [FakeWitness, FakeWitness, FakeWitness];
    const { log, attestor, witnessed, metrics, clock } = await rig(witnesses, { quorum: 2 });
    await log.grow(10);
    down(one);
    down(two);
    const lacking = await attestor.cosign(never);
    clock.now = new Date(clock.now.getTime() + 90_000);
    await attestor.cosign(never);

    expect(lacking?.missing).toEqual([
      "the witness w1.example did not sign: unavailable",
      "the witness w2.example did not sign: unavailable",
    ]);
    expect(await witnessed()).toBeUndefined();
    expect(metrics.render()).toContain('daybook_witness_uncosigned_seconds{shard="0"} 90');
    expect(metrics.render()).toContain(
      'daybook_witness_failures_total{witness="w1.example",reason="unavailable"} 2',
    );

    two.spoil = undefined;
    await attestor.cosign(never);
    expect(judgeCosignatures((await witnessed())!.note, keysOf(witnesses)).good).toHaveLength(2);
    expect(metrics.render()).toContain('daybook_witness_uncosigned_seconds{shard="0"} 0');

    one.spoil = undefined;
    await attestor.cosign(never);
    expect(judgeCosignatures((await witnessed())!.note, keysOf(witnesses)).good).toHaveLength(3);
  });

  it("is never replaced by a smaller one, nor by one with fewer signatures", async () => {
    const witnesses = await fakes(2);
    const [one] = witnesses as [FakeWitness, FakeWitness];
    const { log, attestor, restarted, witnessed } = await rig(witnesses, { quorum: 1 });
    await log.grow(10);
    await attestor.cosign(never);
    const full = await witnessed();
    down(one);
    await restarted().cosign(never);
    expect(await witnessed()).toEqual(full);

    // Somebody puts an older checkpoint in the place of the published one.
    const older = checkpointSigner("dept.example/0", Buffer.alloc(32, 1)).sign(4, Buffer.alloc(32, 3));
    await log.stores.heads.put(checkpointKey("0"), Buffer.from(older));
    expect(await attestor.cosign(never)).toMatchObject({
      missing: ["the log is smaller than what was witnessed"],
    });
    expect(await witnessed()).toEqual(full);
  });

  it.each(["lost", "kept"] as const)("comes when its write was %s and is repeated", async (fault) => {
    const witnesses = await fakes(1);
    const { log, attestor, witnessed } = await rig(witnesses);
    await log.grow(10);
    log.stores.heads.fail("replace", fault);

    await expect(attestor.cosign(never)).rejects.toMatchObject({ code: "store-unavailable" });
    await attestor.cosign(never);
    expect((await witnessed())?.size).toBe(10);
  });

  it("is not taken from a store in which somebody forged it", async () => {
    const { log, attestor } = await rig(await fakes(1));
    await log.grow(10);
    const forged = checkpointSigner("dept.example/0", Buffer.alloc(32, 8)).sign(99, Buffer.alloc(32, 3));
    await log.stores.heads.put(witnessedKey("0"), Buffer.from(forged));

    await expect(attestor.cosign(never)).rejects.toBeInstanceOf(ArchiveError);
  });
});

describe("a witness that saw another history", () => {
  it("raises an alarm and leaves one audit record, until it signs again; archiving goes on", async () => {
    const [witness] = (await fakes(1)) as [FakeWitness];
    const made = await rig([witness]);
    const { log, attestor, published, metrics, witnessed } = made;
    await log.grow(10);
    const { origin, ...tree } = await log.published();
    witness.remember(origin, { size: 4, root: Buffer.alloc(32, 9) });
    made.failures = 1;
    for (let i = 0; i < 3; i += 1) await attestor.cosign(never);
    await log.grow(1);
    const later = await attestor.cosign(never);

    expect(later?.missing).toEqual(["the witness w1.example did not sign: it refused (inconsistent)"]);
    expect(await witnessed()).toBeUndefined();
    expect(metrics.render()).toContain('daybook_witness_refusing{shard="0",witness="w1.example"} 1');
    expect(published.map(({ event }) => event.audit)).toEqual([
      {
        actor: "daybook",
        action: "log.refused",
        subject: "0",
        detail: { witness: "w1.example", why: "inconsistent", size: 10, witnessSize: 4 },
      },
    ]);

    witness.remember(origin, tree);
    await attestor.cosign(never);
    expect((await witnessed())?.size).toBe(11);
    expect(metrics.render()).toContain('daybook_witness_refusing{shard="0",witness="w1.example"} 0');
    witness.remember(origin, { size: 20, root: Buffer.alloc(32, 9) });
    await log.grow(1);
    await attestor.cosign(never);
    expect(published.at(-1)?.event.audit?.detail).toMatchObject({ why: "ahead", size: 12, witnessSize: 20 });
  });

  it("is no alarm when another of us asked it about a newer checkpoint", async () => {
    const [witness] = (await fakes(1)) as [FakeWitness];
    const { log, attestor, published } = await rig([witness]);
    await log.grow(10);
    // Between our reading and our asking, the log grows and another instance has that signed.
    log.stores.heads.hook = async ({ operation, key }, when) => {
      if (operation !== "read" || key !== checkpointKey("0") || when !== "after") return;
      log.stores.heads.hook = undefined;
      await log.grow(5);
      const { origin, size, root } = await log.published();
      witness.remember(origin, { size, root });
    };

    expect((await attestor.cosign(never))?.missing).toEqual([
      "the witness w1.example did not sign: overtaken",
    ]);
    expect(published).toEqual([]);
  });
});

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;
if (!hasOpenssl) console.warn("openssl is not installed: the tests of stamped checkpoints are SKIPPED");

(hasOpenssl ? describe : describe.skip)("a stamp", () => {
  let home: string;
  let tsa: Tsa;
  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), "daybook-witnessing-"));
    tsa = (await startTsa({ dir: join(home, "tsa") }))!;
  });
  afterAll(async () => {
    await tsa.stop();
    rmSync(home, { recursive: true, force: true });
  });

  /** The stored stamps' keys, oldest first. */
  async function stored(heads: { list(prefix: string): AsyncIterable<string> }): Promise<string[]> {
    const keys = [];
    for await (const key of heads.list("log/0/stamped/")) keys.push(key);
    return keys.sort();
  }

  it("is kept beside the checkpoint that it is of, where OpenSSL finds it good", async () => {
    const { log, attestor } = await rig(await fakes(1), { tsa });
    await log.grow(10);
    const attested = (await attestor.cosign(never))!;
    const reply = await attestor.stamp(attested, never);

    const keys = await stored(log.stores.heads);
    expect(keys.map((key) => key.replace(/-[0-9a-f]{16}/, "-DIGEST"))).toEqual([
      "log/0/stamped/0000000000000010-DIGEST/checkpoint",
      "log/0/stamped/0000000000000010-DIGEST/checkpoint.tsr",
    ]);
    const files = await Promise.all(keys.map(async (key) => (await log.stores.heads.read(key))!.body));
    expect(Buffer.from(files[0]!).toString()).toBe(attested.note);
    expect(Buffer.from(files[1]!)).toEqual(reply);
    writeFileSync(join(home, "checkpoint"), files[0]!);
    writeFileSync(join(home, "checkpoint.tsr"), files[1]!);
    const args = ["-data", "checkpoint", "-in", "checkpoint.tsr", "-CAfile", tsa.caFile];
    expect(spawnSync("openssl", ["ts", "-verify", ...args], { cwd: home }).status).toBe(0);
  });

  it("is made once of a checkpoint, is due by the clock, and none replaces an earlier one", async () => {
    const { log, attestor, restarted, clock } = await rig([], { tsa });
    await log.grow(10);
    expect(await attestor.isStampDue(60_000)).toBe(true);
    const first = (await attestor.cosign(never))!;
    const reply = await attestor.stamp(first, never);
    expect(await attestor.stamp(first, never)).toEqual(reply);
    expect(await restarted().stamp(first, never)).toEqual(reply);
    expect([await attestor.isStampDue(60_000), await restarted().isStampDue(60_000)]).toEqual([false, false]);

    clock.now = new Date(clock.now.getTime() + 61_000);
    expect([await attestor.isStampDue(60_000), await restarted().isStampDue(60_000)]).toEqual([true, true]);
    await log.grow(1);
    await attestor.stamp((await attestor.cosign(never))!, never);
    expect(await stored(log.stores.heads)).toHaveLength(4);
  });

  it("is had again when the authority is back", async () => {
    const { log, attestor, metrics } = await rig([], { tsa });
    await log.grow(10);
    const attested = (await attestor.cosign(never))!;
    tsa.refuse(true);
    await expect(attestor.stamp(attested, never)).rejects.toMatchObject({ code: "unavailable" });
    tsa.refuse(false);

    expect(await attestor.stamp(attested, never)).toBeInstanceOf(Buffer);
    expect(metrics.render()).toContain('daybook_stamp_failures_total{reason="unavailable"} 1');
  });

  it.each(["lost", "kept"] as const)("is had again when its write was %s", async (fault) => {
    const { log, attestor, restarted } = await rig([], { tsa });
    await log.grow(10);
    const attested = (await attestor.cosign(never))!;
    log.stores.heads.fail("put", fault);
    await expect(attestor.stamp(attested, never)).rejects.toMatchObject({ code: "store-unavailable" });
    const reply = await attestor.stamp(attested, never);

    expect(await restarted().stamp(attested, never)).toEqual(reply);
  });

  it("of an authority that is not the given one is not taken", async () => {
    const other = (await startTsa({ dir: join(home, "other") }))!;
    const { log, attestor } = await rig([], { tsa: { url: other.url, ca: tsa.ca } });
    await log.grow(10);

    const attested = (await attestor.cosign(never))!;
    await expect(attestor.stamp(attested, never)).rejects.toMatchObject({ code: "bad-answer" });
    expect(await stored(log.stores.heads)).toEqual([]);
    await other.stop();
  });

  it("is not had from something that is no authority", async () => {
    const [witness] = (await fakes(1)) as [FakeWitness];
    const { log, attestor } = await rig([], { tsa: { url: witness.url } });
    await log.grow(10);
    witness.spoil = (_, response) => {
      response.writeHead(200, { "content-type": "text/html" }).end("<html></html>");
      return true;
    };

    const attested = (await attestor.cosign(never))!;
    await expect(attestor.stamp(attested, never)).rejects.toMatchObject({ code: "bad-answer" });
  });
});
