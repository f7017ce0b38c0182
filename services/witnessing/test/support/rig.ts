import { PassThrough } from "node:stream";
import { envelope, type Envelope } from "@daybook/contract";
import { parseVkey, parseWitnessKey, witnessPolicy } from "@daybook/archive-core";
import { createLogger, Metrics } from "@daybook/runtime";
import { readCertificates } from "@daybook/timestamp";
import type { FakeWitness } from "../../../../test/fakes/witness.ts";
import { Attestor } from "../../src/attestor.ts";
import { readWitnessed } from "../../src/attested-files.ts";
import type { TsaAddress, WitnessingOptions } from "../../src/index.ts";
import { Watch } from "../../src/watch.ts";
import { type GrowingLog, growingLog } from "./log.ts";

const PATIENCE_MS = 5_000;

/** A log, and all that its attestor stands on. */
export interface Rig {
  readonly log: GrowingLog;
  readonly attestor: Attestor;
  readonly options: Omit<WitnessingOptions, "mount">;
  /** What became audit events. */
  readonly published: Envelope[];
  /** Makes publishing fail, so often. */
  failures: number;
  readonly metrics: Metrics;
  /** Set by tests; stands still otherwise. */
  clock: { now: Date };
  /** The witnessed checkpoint in the store. */
  readonly witnessed: () => Promise<{ note: string; size: number } | undefined>;
  /** An attestor that remembers nothing, as after a restart. */
  readonly restarted: () => Attestor;
}

export async function rig(
  witnesses: readonly Pick<FakeWitness, "url" | "vkey" | "addLog">[],
  {
    quorum = witnesses.length,
    tsa,
    patienceMs = PATIENCE_MS,
  }: { quorum?: number; tsa?: TsaAddress; patienceMs?: number } = {},
): Promise<Rig> {
  const log = await growingLog();
  for (const witness of witnesses) witness.addLog(log.vkey);
  const metrics = new Metrics();
  const published: Envelope[] = [];
  const clock = { now: new Date() };
  const options: Rig["options"] = {
    deployment: "dept.example",
    vkeys: { "0": log.vkey },
    records: log.stores.records,
    heads: log.stores.heads,
    witnesses,
    quorum,
    ...(tsa && { tsa }),
    cosignIntervalMs: 20,
    stampIntervalMs: 60_000,
    patienceMs,
    async publish(_topic, _partition, plaintexts) {
      if (made.failures > 0) {
        made.failures -= 1;
        throw new Error("injected: the stream does not answer");
      }
      for (const bytes of plaintexts)
        published.push(envelope.parse(JSON.parse(Buffer.from(bytes).toString())));
      return published.length;
    },
    log: createLogger("witnessing", "fatal", { stream: new PassThrough().resume() }),
    metrics,
    now: () => clock.now,
  };
  const create = () =>
    new Attestor({
      ...options,
      shard: "0",
      vkey: log.vkey,
      policy:
        witnesses.length > 0
          ? witnessPolicy(
              witnesses.map(({ vkey }) => vkey),
              quorum,
            )
          : undefined,
      trusted: tsa?.ca === undefined ? undefined : readCertificates(tsa.ca),
      watch: new Watch(options),
    });
  const made: Rig = {
    log,
    attestor: create(),
    options,
    published,
    failures: 0,
    metrics,
    clock,
    witnessed: () => readWitnessed(log.stores.heads, "0", parseVkey(log.vkey)),
    restarted: create,
  };
  return made;
}

/** Keys of witnesses, parsed. */
export function keysOf(witnesses: readonly { vkey: string }[]) {
  return witnesses.map(({ vkey }) => parseWitnessKey(vkey));
}
