import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addCosignature, parseWitnessKey } from "@daybook/archive-core";
import { cosigner } from "@daybook/archive-core/testing";
import { startTsa, type Tsa } from "@daybook/lab";
import { directorySink, type PackageCheckpoint, type PackageInput, writePackage } from "@daybook/package";
import { ALL_FORMATS, sampleDepartment } from "@daybook/package/testing";
import { timestampQuery } from "@daybook/timestamp";
import { verifyPackage, type VerifyOptions } from "../src/index.ts";
import { scratch } from "./packages.ts";

const AT = new Date("2026-03-09T09:00:00.000Z");
const one = cosigner("witness.example/w1", Buffer.alloc(32, 2));
const two = cosigner("witness.example/w2", Buffer.alloc(32, 3));
const SHARDS = ["0", "1", "audit"];

/** Has a checkpoint signed by a witness. */
const signedBy =
  (...witnesses: (typeof one)[]) =>
  (checkpoint: PackageCheckpoint): PackageCheckpoint => ({
    ...checkpoint,
    note: witnesses.reduce(
      (note, by) => addCosignature(note, by.cosign(note, AT), parseWitnessKey(by.vkey)),
      checkpoint.note,
    ),
  });

type More = Partial<Pick<PackageInput, "witnesses" | "tsaCa">>;

/** Writes a package whose checkpoints others signed, and verifies it. */
async function verified(
  attest: (checkpoint: PackageCheckpoint) => PackageCheckpoint,
  { more = {}, ...options }: VerifyOptions & { more?: More } = {},
) {
  const path = join(await scratch(), "P");
  const input = sampleDepartment().input("P", ALL_FORMATS, attest);
  await writePackage({ ...input, ...more }, directorySink(path));
  const { ok, problems, logs } = await verifyPackage(path, options);
  return { ok, path, logs, problems: problems.map((of) => `${of.path}: ${of.problem}`) };
}

describe("a package with witnesses", () => {
  it("is good, and says who saw each log and when, by keys that were given", async () => {
    const { ok, logs } = await verified(signedBy(one, two), { witnesses: [one.vkey, two.vkey] });

    expect(ok).toBe(true);
    expect(logs.map(({ origin }) => origin)).toEqual(SHARDS.map((shard) => `sample/${shard}`));
    for (const { witnessed, unknownWitnesses } of logs) {
      expect(witnessed).toEqual(
        [one, two].map(({ name }) => ({ witness: name, at: AT.toISOString(), keyFrom: "given" })),
      );
      expect(unknownWitnesses).toEqual([]);
    }
  });

  it("names those whose keys are not known, or only by the package, and vouches for neither", async () => {
    const { ok, logs } = await verified(signedBy(one, two), { more: { witnesses: [two.vkey] } });

    expect(ok).toBe(true);
    expect(logs[0]).toMatchObject({
      witnessed: [{ witness: two.name, keyFrom: "package" }],
      unknownWitnesses: [one.name],
    });
  });

  it("is not good when a given witness signed nothing", async () => {
    expect(await verified(signedBy(one), { witnesses: [one.vkey, two.vkey] })).toMatchObject({
      ok: false,
      problems: [`data/logs: the given witness ${two.name} has signed no log here`],
    });
  });

  it("is good when a given witness signed one of the logs", async () => {
    const attest = (of: PackageCheckpoint) => (of.shard === "0" ? signedBy(one)(of) : of);

    expect(await verified(attest, { witnesses: [one.vkey] })).toMatchObject({ ok: true });
  });

  it.each<[string, VerifyOptions & { more?: More }]>([
    ["a given key", { witnesses: [one.vkey] }],
    ["a key of the package", { more: { witnesses: [one.vkey] } }],
  ])("is not good when a signature is not that of %s", async (_, options) => {
    const elsewhere = sampleDepartment({ seed: "other" });
    const attest = (of: PackageCheckpoint): PackageCheckpoint =>
      of.shard === "1"
        ? { ...of, note: of.note + one.cosign(elsewhere.checkpoint("1").note, AT) }
        : signedBy(one)(of);

    expect(await verified(attest, options)).toMatchObject({
      ok: false,
      problems: [`data/logs/1/checkpoint: the signature of the witness ${one.name} is not its own`],
    });
  });

  it("is not good with keys that are none, or far too many", async () => {
    for (const witnesses of [["nonsense"], Array.from({ length: 101 }, () => one.vkey)])
      expect((await verified(signedBy(one), { more: { witnesses } })).problems).toEqual([
        expect.stringMatching(/^data\/logs\/witnesses: /),
      ]);
    await expect(verified(signedBy(one), { witnesses: ["x"] })).rejects.toMatchObject({ code: "bad-key" });
  });
});

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;
if (!hasOpenssl) console.warn("openssl is not installed: the tests of stamped packages are SKIPPED");

(hasOpenssl ? describe : describe.skip)("a package with time-stamps", () => {
  let home: string;
  let tsa: Tsa;
  let other: Tsa;
  /** By the checkpoint that they are of. */
  const stamps = new Map<string, Buffer>();

  const stamped = (of: PackageCheckpoint): PackageCheckpoint => {
    const cosigned = signedBy(one)(of);
    return { ...cosigned, stamp: stamps.get(cosigned.note)! };
  };

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), "daybook-stamped-"));
    tsa = (await startTsa({ dir: join(home, "tsa") }))!;
    other = (await startTsa({ dir: join(home, "other") }))!;
  });
  afterAll(async () => {
    await tsa.stop();
    await other.stop();
    rmSync(home, { recursive: true, force: true });
  });

  /** Writes a package of one archive, each checkpoint of which has been stamped. */
  async function verifiedStamped(options: VerifyOptions & { more?: More; spoil?: boolean } = {}) {
    const { more = {}, spoil = false, ...rest } = options;
    const archive = sampleDepartment();
    for (const shard of SHARDS) {
      const { note } = signedBy(one)(archive.checkpoint(shard));
      const query = timestampQuery(Buffer.from(spoil && shard === "1" ? `${note} ` : note));
      stamps.set(note, await tsa.reply(query.bytes));
    }
    const path = join(await scratch(), "P");
    await writePackage({ ...archive.input("P", ALL_FORMATS, stamped), ...more }, directorySink(path));
    const { ok, problems, logs } = await verifyPackage(path, rest);
    return { ok, path, logs, problems: problems.map((of) => `${of.path}: ${of.problem}`) };
  }

  it("is good, says since when each log was as it is, and OpenSSL agrees", async () => {
    const { ok, path, logs } = await verifiedStamped({ tsaCa: tsa.ca, more: { tsaCa: tsa.ca } });

    expect(ok).toBe(true);
    for (const { stamp } of logs)
      expect(stamp).toEqual({
        at: expect.stringMatching(/^20\d\d-/) as string,
        authority: "CN=Lab Time-Stamp Authority",
        caFrom: "given",
      });
    // The command of the package's README.txt.
    const args = ["-data", "data/logs/0/checkpoint", "-in", "data/logs/0/checkpoint.tsr"];
    const check = spawnSync("openssl", ["ts", "-verify", ...args, "-CAfile", tsa.caFile], { cwd: path });
    expect(check.status).toBe(0);
  });

  it("says so when nothing that was given vouches for the authority", async () => {
    for (const more of [{}, { tsaCa: tsa.ca }]) {
      const { ok, logs } = await verifiedStamped({ more });

      expect(ok).toBe(true);
      expect(logs[0]?.stamp?.caFrom).toBe("package");
    }
  });

  it("is not good when its stamps lead elsewhere", async () => {
    const given = await verifiedStamped({ tsaCa: other.ca });
    const own = await verifiedStamped({ more: { tsaCa: other.ca } });

    expect(given.problems).toEqual([
      ...SHARDS.map(
        (shard) => `data/logs/${shard}/checkpoint.tsr: it does not lead to the given certificates`,
      ),
      "data/logs: the given time-stamp authority has stamped no log here",
    ]);
    expect(own.problems).toHaveLength(3);
  });

  it("is not good when a stamp is of another checkpoint", async () => {
    const { problems } = await verifiedStamped({ spoil: true, tsaCa: tsa.ca });

    expect(problems).toEqual([
      "data/logs/1/checkpoint.tsr: not a good time-stamp: it is a stamp of something else",
    ]);
  });

  it("is not good without any stamp when an authority was given", async () => {
    expect((await verified(signedBy(one), { tsaCa: tsa.ca })).problems).toEqual([
      "data/logs: the given time-stamp authority has stamped no log here",
    ]);
    await expect(verified(signedBy(one), { tsaCa: "nonsense" })).rejects.toMatchObject({ code: "bad-ca" });
  });
});
