import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts, type Proxy } from "@daybook/lab";
import { holdCeremony } from "../../services/cli/src/keys/ceremony.ts";
import { type Driven, runCommand, runJson } from "../e2e/support/daybook.ts";
import { type BeforeStore, type DeployedEngines, startEngines } from "./engines.ts";
import { openFront } from "./front.ts";
import { DAYBOOK, NODE, ServiceProcess } from "./service-process.ts";
import type { StoreName } from "./store.ts";
import { DEPLOYMENT, environmentOf, type Place, type ServiceName } from "./settings.ts";

/** A whole deployment on real engines, one service a process, driven by the real command line. */
export interface Deployment extends Driven {
  readonly engines: DeployedEngines;
  /** By name: `records`, `archiver-0`, `archiver-1`... */
  readonly services: ReadonlyMap<string, ServiceProcess>;
  readonly archivers: readonly ServiceProcess[];
  /** The ways from one service to another, by the name of who is called. */
  readonly serviceLinks: ReadonlyMap<string, Proxy>;
  /** The one address for people: of the console, and of the API. */
  readonly url: string;
  /** Makes the schema, as `daybook run migrate` does. */
  migrate(): Promise<void>;
  /** Gives a service its settings and secrets again, as on a machine that has never had it. */
  provision(name: string): Promise<void>;
  /** Ends every process and removes everything. */
  remove(): Promise<void>;
}

export interface DeploymentOptions {
  readonly shards?: number;
  readonly archivers?: number;
  /** Whether people can answer from it: there is a gateway then. */
  readonly gateway?: boolean;
  /** Whether there are pages for people. */
  readonly console?: boolean;
  /** Which object store: versitygw, unless given. */
  readonly store?: StoreName;
  /** Brokers of Kafka: as `startEngines`. */
  readonly brokers?: number;
  /** Services to leave out. */
  readonly without?: readonly ServiceName[];
  /** Settings for every service, in place of the usual ones. */
  readonly env?: NodeJS.ProcessEnv;
  /** Whether to start the services: a test may do so itself. True unless given. */
  readonly start?: boolean;
  /** For figures: as `startEngines`. */
  readonly measured?: boolean;
  /** What Node is told to run for a service, where it is not the command line. */
  readonly program?: (place: Place) => readonly string[];
  /** Settings of one process, in place of the usual ones. */
  readonly envOf?: (place: Place) => NodeJS.ProcessEnv;
  /** Told where all of it will be, before anything is; what it answers is called when all has ended. */
  readonly prepare?: (dir: string) => Promise<() => Promise<void>>;
  /** Puts something between the store and its link. @returns `host:port` of it */
  readonly beforeStore?: BeforeStore;
  /** Whether services reach each other through Toxiproxy too: by their names in `serviceLinks`. */
  readonly linked?: boolean;
}

/**
 * Starts engines and services, and resolves when all are ready.
 *
 * @returns undefined when an engine is not installed
 */
export async function deploy(options: DeploymentOptions = {}): Promise<Deployment | undefined> {
  const { shards = 2, archivers = 1, without = [], env = {}, start = true, measured = false } = options;
  const dir = await mkdtemp(join(tmpdir(), "daybook-deployment-"));
  await using started = new AsyncDisposableStack();
  started.defer(() => rm(dir, { recursive: true, force: true }));
  const undo = await options.prepare?.(dir);
  if (undo) started.defer(undo);
  const engines = await startEngines(dir, shards, {
    measured,
    store: options.store,
    brokers: options.brokers,
    beforeStore: options.beforeStore,
  });
  if (!engines) return undefined;
  started.defer(() => engines.stop());
  const { vkeys } = await holdCeremony({ dir: join(dir, "secrets"), deployment: DEPLOYMENT, shards });
  const tls = await engines.authority.issue({ subject: "daybook", names: ["IP:127.0.0.1"] });
  const serviceLinks = new Map<string, Proxy>();
  const places: Place[] = [];
  for (const place of await placesOf(archivers, options)) {
    if (without.includes(place.service)) continue;
    if (!options.linked) places.push(place);
    else {
      const link = await engines.toxiproxy.proxy(place.name, `127.0.0.1:${place.port}`);
      serviceLinks.set(place.name, link);
      places.push({ ...place, linkPort: link.port });
    }
  }
  await mkdir(join(dir, "logs"), { mode: 0o700 });
  const portOf = (service: ServiceName) => places.find((one) => one.service === service)?.port;
  const front = await openFront(portOf, engines.authority.ca);
  started.defer(() => front.close());
  const told = { dir, engines, shards, places, tls, front, more: env };
  const once = { service: "migrate", name: "migrate", port: 1, operationsPort: 2 } as const;
  const migrate = async () => {
    const { code, stderr } = await runCommand(NODE, [DAYBOOK, "run", "migrate"], {
      env: await environmentOf(once, told),
    });
    if (code !== 0) throw new Error(`the schema was not made: ${stderr}`);
  };
  await migrate();
  const services = new Map<string, ServiceProcess>();
  for (const place of places) {
    const process = new ServiceProcess(
      place,
      { ...(await environmentOf(place, told)), ...options.envOf?.(place) },
      join(dir, "logs", place.name),
      options.program?.(place),
    );
    services.set(place.name, process);
    if (start) process.start();
  }
  started.defer(async () => {
    await Promise.all([...services.values()].map((one) => one.stop("SIGKILL")));
  });
  if (start) await Promise.all([...services.values()].map((one) => one.ready()));
  const whole = started.move();
  const run = async (args: readonly string[], more: NodeJS.ProcessEnv = {}) => {
    const token = await readFile(join(dir, "services/records/state/owner-token"), "utf8");
    const { PATH, HOME } = process.env;
    const own = { PATH, HOME, DAYBOOK_URL: front.url, DAYBOOK_TOKEN: token.trim(), ...more };
    return runCommand(NODE, [DAYBOOK, ...args], { env: own, cwd: dir });
  };
  return {
    dir,
    engines,
    services,
    serviceLinks,
    archivers: [...services.values()].filter(({ place }) => place.service === "archiver"),
    url: front.url,
    vkeys,
    run,
    json: (args, env) => runJson({ run }, args, env),
    migrate,
    async provision(name) {
      await environmentOf(
        places.find((one) => one.name === name)!,
        told,
      );
    },
    remove: () => whole.disposeAsync(),
  };
}

async function placesOf(
  archivers: number,
  wanted: Pick<DeploymentOptions, "gateway" | "console">,
): Promise<Place[]> {
  const names: [ServiceName, string][] = [
    ["records", "records"],
    ...Array.from({ length: archivers }, (_, i): [ServiceName, string] => ["archiver", `archiver-${i}`]),
    ["capture", "capture"],
    ["evidence", "evidence"],
    ["retention", "retention"],
    ...(["gateway", "console"] as const)
      .filter((name) => wanted[name])
      .map((name): [ServiceName, string] => [name, name]),
  ];
  const ports = await freePorts(2 * names.length);
  return names.map(([service, name], i) => ({
    service,
    name,
    port: ports[2 * i]!,
    operationsPort: ports[2 * i + 1]!,
  }));
}
