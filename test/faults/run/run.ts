import { mkdirSync } from "node:fs";
import { cp, mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { apiClient } from "@daybook/runtime";
import { deploy, type Deployment } from "../../deployment/deployment.ts";
import { DAYBOOK } from "../../deployment/service-process.ts";
import type { Place } from "../../deployment/settings.ts";
import { directStores } from "./archive.ts";
import { partsOf, spoil, type Spoilable } from "./faults.ts";
import { judge, type Judgement } from "./judge.ts";
import { Supervisor } from "./keep-running.ts";
import { Network } from "./network.ts";
import { planFaults, type Step, wordsOf } from "./plan.ts";
import { mountSmallDisk, type SmallDisk } from "../small-disk.ts";
import { StoreProxy } from "../store-proxy.ts";
import { Watcher } from "./watch.ts";

export interface FaultRun {
  readonly seed: string;
  readonly ms: number;
  readonly eventsPerSecond: number;
  readonly archivers: number;
  readonly shards: number;
  /** Told of what happens. */
  readonly say: (line: string) => void;
  /** Ends it before its time: what runs is ended and removed. */
  readonly signal?: AbortSignal;
}

/** How a run went. `broken` is empty when every promise was kept. */
export interface Outcome extends Judgement {
  readonly seed: string;
  readonly steps: readonly Step[];
  readonly offered: number;
  readonly acknowledged: number;
  readonly heldBack: number;
  readonly acknowledgedPerSecond: number;
  /** Ends of services that no fault of the plan is, by name: the last line of each. */
  readonly ends: Readonly<Record<string, readonly string[]>>;
  /** What the store was made to do. */
  readonly store: Readonly<Record<string, number>>;
  /** Where the logs of the services and the engines are kept, when a promise was broken. */
  readonly logs: string | undefined;
}

const SPOOL_DISK_MB = 512;
const BROKER_DISK_MB = 3_072;
const HERE = import.meta.dirname;

/**
 * Runs a deployment under faults, and judges it. The same seed plans the same faults; when a process comes to what
 * is its own affair.
 *
 * @returns undefined when an engine is not installed
 */
export async function runFaults(of: FaultRun): Promise<Outcome | undefined> {
  const { seed, say } = of;
  await using closing = new AsyncDisposableStack();
  const disks = new Map<string, SmallDisk>();
  const made: { store?: StoreProxy; network?: Network; clocks?: string } = {};
  const deployment = await deploy({
    archivers: of.archivers,
    shards: of.shards,
    linked: true,
    async prepare(dir) {
      made.clocks = join(dir, "clocks");
      mkdirSync(made.clocks, { mode: 0o700 });
      made.network = await Network.open(join(dir, "acknowledged"));
      mountDisks(dir, disks, say);
      return async () => {
        for (const disk of disks.values()) disk.unmount();
        await made.network?.close();
        await made.store?.close();
      };
    },
    async beforeStore(endpoint, authority) {
      const certified = await authority.issue({ subject: "store-proxy", names: ["IP:127.0.0.1"] });
      made.store = await StoreProxy.open({ endpoint, certified, ca: authority.ca, seed });
      return made.store.host;
    },
    program: programOf,
    envOf: ({ name, service }) => ({
      FAULTS_CLOCK: join(made.clocks!, name),
      ...(service === "capture" && { FAULTS_NETWORK: String(made.network!.port), DAYBOOK_SPOOL_MIB: "256" }),
    }),
  });
  if (!deployment) return undefined;
  closing.defer(() => deployment.remove());
  const { store, network, clocks } = made as Required<typeof made>;
  const stopping = new AbortController();
  const signal = of.signal ? AbortSignal.any([of.signal, stopping.signal]) : stopping.signal;
  const supervisor = new Supervisor(deployment.services);
  const watcher = new Watcher(
    [...Array.from({ length: of.shards }, (_, i) => String(i)), "audit"],
    join(deployment.dir, "checkpoints"),
  );
  const stores = directStores(deployment);
  const archivers = await archiverClients(deployment);
  closing.defer(() => archivers.forEach((one) => one.close()));
  const watching = [
    supervisor.run(signal),
    watcher.askApis(archivers, signal),
    watcher.askBucket(stores.heads, signal),
  ];
  closing.defer(async () => {
    stopping.abort();
    await Promise.all(watching);
  });

  const parts = partsOf({ deployment, disks });
  const steps = planFaults({ seed, ms: of.ms, parts });
  say(`${steps.length} faults planned with seed ${seed}`);
  const offering = new AbortController();
  const began = performance.now();
  network.offer(of.eventsPerSecond, AbortSignal.any([offering.signal, signal]));
  await follow(steps, of.ms, { deployment, supervisor, store, disks, clocks }, { began, say, signal });
  offering.abort();
  const seconds = (performance.now() - began) / 1_000;
  const { offered, acknowledged, heldBack } = network;
  say(`${offered} events offered, ${acknowledged} acknowledged: judging`);
  const judgement = await judge({ deployment, network, watcher, stores });
  return {
    ...judgement,
    seed,
    steps,
    offered,
    acknowledged: network.acknowledged,
    heldBack,
    acknowledgedPerSecond: Math.round(acknowledged / seconds),
    ends: Object.fromEntries(supervisor.ends),
    store: Object.fromEntries(store.done),
    logs: judgement.broken.length > 0 ? await keepLogs(deployment.dir, seed) : undefined,
  };
}

/** Does what the plan says, when it says so, and undoes it. */
async function follow(
  steps: readonly Step[],
  ms: number,
  of: Spoilable,
  { began, say, signal }: { began: number; say: (line: string) => void; signal: AbortSignal },
): Promise<void> {
  const failure = new AbortController();
  const stop = AbortSignal.any([signal, failure.signal]);
  const until = (atMs: number) =>
    sleep(Math.max(0, began + atMs - performance.now()), undefined, { signal: stop }).catch(() => undefined);
  const go = async (step: Step) => {
    await until(step.atMs);
    if (stop.aborted) return;
    say(wordsOf(step));
    const undo = await spoil(step, of);
    await until(step.atMs + step.forMs);
    await undo();
  };
  // Where one cannot be done or undone, the others are undone at once.
  await Promise.all(steps.map((step) => go(step).catch((error: unknown) => failure.abort(error))));
  await until(ms);
  stop.throwIfAborted();
}

/** Of what broke, for whoever looks into it. */
async function keepLogs(dir: string, seed: string): Promise<string> {
  const kept = await mkdtemp(join(tmpdir(), `daybook-faults-${seed.replaceAll(/[^\w-]/g, "_")}-`));
  for (const name of [
    "logs",
    "kafka/kafka.log",
    "store/versitygw.log",
    "postgres/postgres.log",
    "checkpoints",
  ])
    await cp(join(dir, name), join(kept, name), { recursive: true, force: true });
  return kept;
}

function programOf({ service }: Place): string[] {
  const clock = ["--import", join(HERE, "clock.ts")];
  return service === "capture"
    ? [...clock, join(HERE, "load-capture.ts")]
    : [...clock, DAYBOOK, "run", service];
}

function mountDisks(dir: string, disks: Map<string, SmallDisk>, say: (line: string) => void): void {
  for (const [name, path, megabytes] of [
    ["spool", "services/capture/state", SPOOL_DISK_MB],
    ["broker", "kafka/data", BROKER_DISK_MB],
  ] as const) {
    const disk = mountSmallDisk(join(dir, path), megabytes);
    if (disk) disks.set(name, disk);
    else say(`cannot mount a disk here: a full ${name} is NOT tried; run as root on Linux`);
  }
}

async function archiverClients({ archivers, dir, engines: { authority } }: Deployment) {
  const token = (await readFile(join(dir, "services/records/state/owner-token"), "utf8")).trim();
  return archivers.map(({ place }) =>
    apiClient({ url: `https://127.0.0.1:${place.port}`, token, ca: authority.ca }),
  );
}
