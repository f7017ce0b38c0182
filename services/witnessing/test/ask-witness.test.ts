import { mkdtempSync, rmSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { judgeCosignatures, parseWitnessKey } from "@daybook/archive-core";
import { cachedProgram, type Litewitness, startLitewitness } from "@daybook/lab";
import { type FakeWitness, startFakeWitness } from "../../../test/fakes/witness.ts";
import { type Asked, askWitness } from "../src/ask-witness.ts";
import { type GrowingLog, growingLog } from "./support/log.ts";

const LONG_MS = 20_000;

type Asking = Partial<Pick<Parameters<typeof askWitness>[0], "lastSize" | "read" | "url" | "now" | "signal">>;

async function ask(
  log: GrowingLog,
  { url, vkey }: { url: string; vkey: string },
  more: Asking = {},
): Promise<Asked> {
  const { note, ...checkpoint } = await log.published();
  return askWitness({
    witness: parseWitnessKey(vkey),
    url,
    note,
    checkpoint,
    lastSize: 0,
    read: log.reader(),
    now: () => new Date(),
    signal: AbortSignal.timeout(LONG_MS),
    ...more,
  });
}

const fakes: FakeWitness[] = [];
afterEach(async () => {
  for (const fake of fakes.splice(0)) await fake.stop();
});

interface UnderTest {
  readonly url: string;
  readonly vkey: string;
  addLog(log: GrowingLog, origin: string): void;
}

function describeWitness(start: () => Promise<UnderTest>): void {
  it("has its checkpoints signed as it grows, also when it forgot how far the witness is", async () => {
    const witness = await start();
    const log = await growingLog();
    // It starts anew for each of the sizes around the ends of tiles.
    await log.grow(1);
    witness.addLog(log, (await log.published()).origin);
    let lastSize = 0;
    for (const records of [0, 1, 5, 248, 1, 300, 256]) {
      if (records > 0) await log.grow(records);
      const { note, size } = await log.published();
      for (const known of [lastSize, 0, 1]) {
        const asked = await ask(log, witness, { lastSize: known });
        const lines = asked.outcome === "signed" ? asked.lines : "";
        expect(asked).toMatchObject({ outcome: "signed" });
        expect(judgeCosignatures(`${note}${lines}`, [parseWitnessKey(witness.vkey)]).good).toHaveLength(1);
      }
      lastSize = size;
    }
    // Another log of the same name and key: a fork.
    const fork = await growingLog();
    await fork.grow(900);
    expect(await ask(fork, witness)).toMatchObject({ outcome: "refused", why: "inconsistent" });
    const short = await growingLog();
    await short.grow(3);
    expect(await ask(short, witness)).toMatchObject({
      outcome: "refused",
      why: "ahead",
      witnessSize: lastSize,
    });
    const twin = await growingLog();
    await twin.grow(lastSize);
    expect(await ask(twin, witness)).toMatchObject({ outcome: "refused" });
  });

  it("is told when the witness does not know it", async () => {
    const witness = await start();
    const log = await growingLog("7");
    await log.grow(1);
    const asked = await ask(log, witness);

    expect(asked).toMatchObject({
      outcome: "failed",
      reason: expect.stringMatching(/^unknown-(log|key)$/) as string,
    });
  });
}

describe("a log that asks our fake", () => {
  describeWitness(async () => {
    const fake = await startFakeWitness();
    fakes.push(fake);
    return { ...fake, addLog: (log) => fake.addLog(log.vkey) };
  });
});

const isBuilt = cachedProgram("litewitness") !== undefined;
if (!isBuilt) console.warn("litewitness is not built (npm run lab -- --install): its tests are SKIPPED");

(isBuilt ? describe : describe.skip)("a log that asks torchwood's litewitness", () => {
  let dir: string;
  let running: Litewitness;
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "daybook-litewitness-"));
    running = (await startLitewitness({ dir }))!;
  });
  afterAll(async () => {
    await running.stop();
    rmSync(dir, { recursive: true, force: true });
  });
  describeWitness(async () => ({
    ...running,
    addLog: (log, origin) => running.addLog(origin, log.vkey),
  }));
});

describe("a witness that does not do as it should", () => {
  let log: GrowingLog;
  let witness: FakeWitness;
  beforeEach(async () => {
    log = await growingLog();
    await log.grow(20);
    witness = await startFakeWitness();
    fakes.push(witness);
    witness.addLog(log.vkey);
  });

  const answer = (status: number, body: string | Buffer = "", mediaType = "text/plain") =>
    (witness.spoil = (_, response: ServerResponse) => {
      response.writeHead(status, { "content-type": mediaType, location: "/elsewhere" }).end(body);
      return true;
    });

  it.each<[string, number, string, string, string]>([
    ["404", 404, "", "text/plain", "unknown-log"],
    ["403", 403, "", "text/plain", "unknown-key"],
    ["400", 400, "", "text/plain", "bad-answer"],
    ["429", 429, "", "text/plain", "unavailable"],
    ["500", 500, "", "text/plain", "unavailable"],
    ["503", 503, "<html>", "text/html", "unavailable"],
    ["a redirect", 307, "", "text/plain", "bad-answer"],
    ["200 and nothing", 200, "", "text/plain", "bad-answer"],
    ["200 and a page", 200, "<html></html>\n", "text/html", "bad-answer"],
    ["200 and far too much", 200, "x".repeat(1_000_000), "text/plain", "bad-answer"],
    ["409 without a size", 409, "", "text/x.tlog.size", "bad-answer"],
    ["409 as plain text", 409, "5\n", "text/plain", "bad-answer"],
    ["409 with a size that cannot be", 409, "99999999999999999999\n", "text/x.tlog.size", "bad-answer"],
    ["409 with a negative size", 409, "-1\n", "text/x.tlog.size", "bad-answer"],
    ["409 again and again", 409, "5\n", "text/x.tlog.size", "bad-answer"],
  ])("and answers %s has failed", async (_, status, body, mediaType, reason) => {
    answer(status, body, mediaType);

    expect(await ask(log, witness)).toEqual({ outcome: "failed", reason });
    expect(witness.asked.length).toBeLessThanOrEqual(4);
  });

  it("and signs with another key has failed", async () => {
    const other = await startFakeWitness({ seed: Buffer.alloc(32, 6) });
    fakes.push(other);
    other.addLog(log.vkey);

    expect(await ask(log, { url: other.url, vkey: witness.vkey })).toEqual({
      outcome: "failed",
      reason: "bad-answer",
    });
  });

  it("and whose clock is far ahead has failed", async () => {
    const at = new Date(Date.now() - 2 * 60 * 60_000);

    expect(await ask(log, witness, { now: () => at })).toEqual({ outcome: "failed", reason: "clock" });
  });

  it("and does not answer has failed when the time is up", async () => {
    witness.spoil = () => true;

    expect(await ask(log, witness, { signal: AbortSignal.timeout(200) })).toEqual({
      outcome: "failed",
      reason: "unavailable",
    });
  });

  it("and is not there has failed", async () => {
    await witness.stop();

    expect(await ask(log, witness)).toEqual({ outcome: "failed", reason: "unavailable" });
  });

  it("refuses when it saw another tree of this size", async () => {
    const { origin } = await log.published();
    witness.remember(origin, { size: 20, root: Buffer.alloc(32, 9) });

    expect(await ask(log, witness)).toEqual({ outcome: "refused", why: "other-root", witnessSize: 20 });
  });

  it("refuses when it saw another beginning", async () => {
    const { origin } = await log.published();
    witness.remember(origin, { size: 13, root: Buffer.alloc(32, 9) });

    expect(await ask(log, witness)).toEqual({ outcome: "refused", why: "inconsistent", witnessSize: 13 });
  });

  it("is not asked with a proof that our own tiles do not bear out", async () => {
    const { origin, root } = await log.published();
    witness.remember(origin, { size: 13, root });
    const read = async (path: string) => {
      const bytes = Buffer.from(await log.reader()(path));
      bytes.writeUInt8(bytes.readUInt8(0) ^ 1, 0);
      return bytes;
    };

    expect(await ask(log, witness, { read })).toEqual({ outcome: "failed", reason: "log-unreadable" });
    expect(witness.asked).toHaveLength(1);
  });
});
