import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  checkpointKey,
  decodeLeaf,
  logEntries,
  logFileReader,
  openCheckpoint,
  parseVkey,
  segmentKey,
  type Stores,
} from "@daybook/archive-core";
import { openS3Stores } from "@daybook/s3";
import type { IdentityName } from "@daybook/s3/testing";
import { until } from "../e2e/support/archive.ts";
import { directStores } from "../faults/run/archive.ts";
import { setClock } from "../faults/run/faults.ts";
import { deploy, type Deployment } from "./deployment.ts";
import { DAYBOOK, type ServiceProcess } from "./service-process.ts";
import { BUCKETS, COPY_BUCKET, type StoreName } from "./store.ts";

const CLOCK = join(import.meta.dirname, "../faults/run/clock.ts");
export const DAY_MS = 86_400_000;
export const SHARD = "0";
export const LOCK_DAYS = 4;
/** What locks have left by the store's clock, which nobody moves, when the archiver's is set back. */
const LEFT_MS = 60_000;
export const BACK_MS = -LOCK_DAYS * DAY_MS + LEFT_MS;

/** A segment of a conversation, by its place. */
export interface Committed {
  readonly key: string;
  readonly first: number;
  readonly seg: string;
  /** Of its records. */
  readonly ids: readonly string[];
}

/** What a pass said when it ended. */
export interface Passed {
  readonly extended: number;
  readonly held: number;
  readonly released: number;
  readonly swept: number;
  readonly expired: Readonly<Record<"orphans" | "disposed" | "attachments" | "snapshots", number>>;
  readonly copied: number;
  readonly alerts: number;
  /** What is wrong with each object that needs somebody to look, by its key. */
  readonly problems: ReadonlyMap<string, string>;
}

/**
 * A deployment in which locks lapse within a minute. The archiver's clock is set back by nearly the days that it locks
 * for once it has probed the store; the store's clock is never touched, and it alone says what is locked.
 */
export class GovernedArchive {
  readonly deployment: Deployment;
  readonly stores: Stores;

  private constructor(deployment: Deployment) {
    this.deployment = deployment;
    this.stores = directStores(deployment);
  }

  /** Everything runs but the retention service. */
  static async start(store: StoreName): Promise<GovernedArchive> {
    let clocks = "";
    const deployment = (await deploy({
      store,
      shards: 1,
      start: false,
      env: {
        DAYBOOK_LOCK_DAYS: String(LOCK_DAYS),
        DAYBOOK_EXTEND_BELOW_DAYS: "2",
        DAYBOOK_MIN_LOCK_DAYS: "1",
        DAYBOOK_GRACE_DAYS: "1",
      },
      program: ({ service }) => ["--import", CLOCK, DAYBOOK, "run", service],
      envOf: ({ name }) => ({ FAULTS_CLOCK: join(clocks, name) }),
      prepare: (dir) => {
        clocks = clocksOf(dir);
        mkdirSync(clocks, { mode: 0o700 });
        return Promise.resolve(() => Promise.resolve());
      },
    }))!;
    const archive = new GovernedArchive(deployment);
    const others = [...deployment.services.values()].filter(({ place }) => place.service !== "retention");
    for (const one of others) one.start();
    await Promise.all(others.map((one) => one.ready()));
    archive.setClock("archiver-0", BACK_MS);
    const age = () => deployment.archivers[0]!.metric("daybook_ingest_oldest_key_seconds");
    await until("the archiver's clock", async () => ((await age()) ?? 0) < 0);
    return archive;
  }

  get retention(): ServiceProcess {
    return this.deployment.services.get("retention")!;
  }

  setClock(service: string, offsetMs: number): void {
    setClock(clocksOf(this.deployment.dir), service, offsetMs);
  }

  /** The stores as one of the identities reaches them, past every proxy. */
  as(identity: IdentityName): Required<Stores> {
    const { store, authority, identities } = this.deployment.engines;
    const access = { endpoint: store.endpoint, region: store.region, ca: authority.ca };
    const credentials = identities[identity];
    return openS3Stores({
      ...access,
      credentials,
      buckets: BUCKETS,
      keyringCopy: { ...access, credentials, bucket: COPY_BUCKET },
    }) as Required<Stores>;
  }

  /** Imports one message of a custodian's own. @returns the segments that came of it */
  async import(custodian: string, text: string): Promise<readonly Committed[]> {
    const before = (await this.segments()).length;
    const file = join(this.deployment.dir, `WhatsApp Chat with ${custodian}.txt`);
    writeFileSync(file, `13/05/2024, 10:01 - ${custodian}: ${text}\n`);
    await this.deployment.json(["import", file, "--custodian", custodian, "--date-order", "dmy"]);
    return (await this.segments()).slice(before);
  }

  async segments(): Promise<readonly Committed[]> {
    const vkey = this.deployment.vkeys.find((one) => one.startsWith(`test.example/${SHARD}+`))!;
    const published = await this.stores.heads.read(checkpointKey(SHARD));
    if (!published) return [];
    const { size } = openCheckpoint(Buffer.from(published.body).toString(), parseVkey(vkey));
    const found = new Map<string, { first: number; ids: string[] }>();
    for await (const { index, entry } of logEntries(logFileReader(this.stores, SHARD), size)) {
      const { seg, id } = decodeLeaf(entry);
      const segment = found.get(seg) ?? { first: index, ids: [] };
      segment.ids.push(id);
      found.set(seg, segment);
    }
    return [...found].map(([seg, { first, ids }]) => ({
      key: segmentKey(SHARD, first, seg),
      first,
      seg,
      ids,
    }));
  }

  /** Resolves when the store's clock is past the lock of each. */
  async lapsed(keys: readonly string[]): Promise<void> {
    for (const key of keys)
      await until(`the lock of ${key} to lapse`, async () => {
        const state = await this.stores.records.stat(key);
        return state && state.retainUntil < new Date();
      });
  }

  /** Starts the retention service, which passes at once, and waits for the end of that pass. */
  async pass(): Promise<Passed> {
    await this.retention.stop();
    const from = this.logged;
    this.retention.start();
    const lines = () =>
      readFileSync(this.#log, "utf8")
        .slice(from)
        .split("\n")
        .filter((line) => line.startsWith("{"))
        .map((line) => JSON.parse(line) as Passed & { message: string; key: string; problem: string });
    return until("the end of a pass", async () => {
      if (lines().some(({ message }) => message === "a retention pass failed"))
        throw new Error(`the pass failed: ${this.retention.output.slice(-2_000)}`);
      const passed = lines().find(({ message }) => message === "retention passed");
      const problems = new Map<string, string>();
      for (const { key, problem } of lines())
        if (key) problems.set(key, [problems.get(key) ?? [], problem].flat().join("; "));
      return passed && { ...passed, problems };
    });
  }

  get #log(): string {
    return join(this.deployment.dir, "logs/retention");
  }

  /** How much the retention service has printed. */
  get logged(): number {
    return statSync(this.#log, { throwIfNoEntry: false })?.size ?? 0;
  }
}

const clocksOf = (dir: string) => join(dir, "clocks");
