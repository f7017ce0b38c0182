import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { addCosignature, checkpointKey, checkpointSigner, parseWitnessKey } from "@daybook/archive-core";
import { cosigner } from "@daybook/archive-core/testing";
import { startTsa, type Tsa } from "@daybook/lab";
import { unzip } from "@daybook/package/testing";
import { ProblemError } from "@daybook/runtime";
import { timestampQuery } from "@daybook/timestamp";
import { verifyPackage, type VerifyOptions } from "@daybook/verify";
import { MATTER, type Running, startEvidence } from "./support/running.ts";
import { message, type SmallArchive, VKEYS } from "./support/small-archive.ts";

const witness = cosigner("witness.example", Buffer.alloc(32, 2));
const SHARDS = ["0", "audit"];
const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;
if (!hasOpenssl) console.warn("openssl is not installed: the tests of stamped exports are SKIPPED");

let home: string;
let running: Running | undefined;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "daybook-attested-"));
});
afterEach(async () => {
  await running?.stop();
});
afterAll(() => rm(home, { recursive: true, force: true }));

type Attest = NonNullable<NonNullable<Parameters<typeof startEvidence>[0]>["attest"]>;

/** Exports everything and verifies it. @returns what `data/request.json` says too */
async function exported(attest: Attest, options: VerifyOptions = {}) {
  running = await startEvidence({ attest });
  const officer = running.person("officer", "records-officer");
  await running.archive.archive("0", [message({ text: "the quorum is settled" })]);
  const { id } = (await officer.call("post", "/api/v1/exports", {
    body: { matter: MATTER, name: "papers" },
  })) as { id: string };
  const zip = await buffer((await officer.download("/api/v1/exports/:id/package", { params: { id } })).body);
  const path = join(await mkdtemp(join(home, "package-")), "papers.zip");
  await writeFile(path, zip);
  const files = await unzip(zip);
  const request = JSON.parse(files.get("papers/data/request.json")!.toString()) as { notAttested?: string[] };
  const report = await verifyPackage(path, { ...options, keys: Object.values(VKEYS) });
  return { report, notAttested: request.notAttested };
}

async function published(archive: SmallArchive, shard: string): Promise<string> {
  return Buffer.from((await archive.stores.heads.read(checkpointKey(shard)))!.body).toString();
}

/** What a witnessing service answers. */
async function attested(
  archive: SmallArchive,
  of: (note: string, shard: string) => Promise<{ note?: string; stamp?: Buffer; missing?: string[] }>,
  tsaCa: string | null = null,
) {
  const shards = await Promise.all(
    SHARDS.map(async (shard) => {
      const own = await published(archive, shard);
      const cosigned = addCosignature(own, witness.cosign(own, new Date()), parseWitnessKey(witness.vkey));
      const { note = cosigned, stamp, missing = [] } = await of(cosigned, shard);
      return { shard, note, size: 0, stamp: stamp?.toString("base64") ?? null, missing };
    }),
  );
  return { shards, witnesses: [witness.vkey], tsaCa };
}

describe("an export with witnesses", () => {
  it("is proved under checkpoints that they signed", async () => {
    const { report, notAttested } = await exported((archive) => attested(archive, async () => ({})), {
      witnesses: [witness.vkey],
    });

    expect(report).toMatchObject({ ok: true, records: 2 });
    for (const { witnessed } of report.logs)
      expect(witnessed).toMatchObject([{ witness: "witness.example" }]);
    expect(notAttested).toBeUndefined();
  });

  it("says what could not be had, and is built without it", async () => {
    const { report, notAttested } = await exported((archive) =>
      attested(archive, async (note) => ({ note, missing: ["there is no time-stamp: it does not answer"] })),
    );

    expect(report.ok).toBe(true);
    expect(notAttested).toEqual(
      SHARDS.map((shard) => `log ${shard}: there is no time-stamp: it does not answer`),
    );
  });

  it("is built without them when the service that asks them does not answer", async () => {
    const { report, notAttested } = await exported(() =>
      Promise.reject(new ProblemError(503, "unavailable", "injected")),
    );

    expect(report).toMatchObject({ ok: true, records: 2 });
    expect(notAttested).toEqual(["no witness and no time-stamp: the witnessing service does not answer"]);
  });

  it.each<[string, () => { note?: string; stamp?: Buffer }]>([
    [
      "an older checkpoint",
      () => ({ note: checkpointSigner("test/0", Buffer.alloc(32, 5)).sign(0, Buffer.alloc(32)) }),
    ],
    [
      "a checkpoint of another key",
      () => ({ note: checkpointSigner("test/0", Buffer.alloc(32, 6)).sign(9, Buffer.alloc(32)) }),
    ],
    ["a stamp that is none", () => ({ stamp: Buffer.from("stamp") })],
  ])("takes %s from nobody", async (_, forge) => {
    const { report, notAttested } = await exported((archive) =>
      attested(archive, async (note, shard) => (shard === "0" ? { note, ...forge() } : {})),
    );

    expect(report).toMatchObject({ ok: true, records: 2 });
    expect(notAttested).toEqual([expect.stringMatching(/^log 0: what was attested is not good: /)]);
  });
});

(hasOpenssl ? describe : describe.skip)("an export with time-stamps", () => {
  let tsa: Tsa;
  beforeAll(async () => {
    tsa = (await startTsa({ dir: join(home, "tsa") }))!;
  });
  afterAll(() => tsa.stop());

  it("carries the stamps of its very checkpoints", async () => {
    const stamp = async (note: string) => ({
      note,
      stamp: await tsa.reply(timestampQuery(Buffer.from(note)).bytes),
    });
    const { report } = await exported((archive) => attested(archive, stamp, tsa.ca), { tsaCa: tsa.ca });

    expect(report).toMatchObject({ ok: true, records: 2 });
    for (const log of report.logs) expect(log.stamp).toMatchObject({ caFrom: "given" });
  });
});
