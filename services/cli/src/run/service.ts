import {
  type Authenticator,
  type Config,
  type ConfigShape,
  createLogger,
  createOperations,
  hardenProcess,
  listen,
  type Logger,
  Metrics,
  type Probe,
  readConfig,
  type Route,
  run,
  type ServerCertificate,
  untilAborted,
} from "@daybook/runtime";
import { createHost } from "../host.ts";
import type { Output } from "../output.ts";
import { VERSION } from "../version.ts";
import { COMMON, type LISTENING } from "./settings.ts";

/** A service's own settings and those of all. */
export type Settings<Shape extends ConfigShape> = Config<Shape> & Config<typeof COMMON>;

/** What a service is given once its settings are right. */
export interface Given<Shape extends ConfigShape> {
  readonly config: Settings<Shape>;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Closed in reverse when the service has ended. */
  readonly closing: AsyncDisposableStack;
  readonly signal: AbortSignal;
  /** Adds routes to this service's API, which opens once `ready` was called. */
  readonly mount: (routes: readonly Route[], authenticator?: Authenticator) => void;
  /**
   * Opens the API and says that the service is ready, for as long as every probe says so.
   *
   * @param probes what the service cannot do without
   */
  readonly ready: (probes: Readonly<Record<string, Probe>>) => void;
}

/** One service of a deployment. */
export interface Service<Shape extends ConfigShape> {
  /** Its own settings, besides those of all services. */
  readonly settings: Shape;
  /** What is wrong with them beside each other. */
  readonly problemsOf?: (config: Settings<Shape>) => readonly string[];
  /** Opens what it needs and runs until the signal aborts. Rejects when an operator must act. */
  readonly run: (given: Given<Shape>) => Promise<void>;
}

/** Keeps the types of a service's settings together. */
export function service<Shape extends ConfigShape>(of: Service<Shape>): Service<Shape> {
  return of;
}

/**
 * Runs one service until SIGTERM or SIGINT, or until it fails: with settings from the environment alone, each of
 * them checked before anything is opened.
 *
 * @throws {RuntimeError} `invalid-configuration` with every fault; `unsafe-process`
 */
export async function runService<Shape extends ConfigShape>(
  name: string,
  of: Service<Shape>,
  {
    env,
    known,
    check,
    output,
  }: { env: NodeJS.ProcessEnv; known: (name: string) => boolean; check: boolean; output: Output },
): Promise<void> {
  hardenProcess();
  const shape: ConfigShape = { ...COMMON, ...of.settings };
  // The shape's own type is lost on the way: it is the one that `Settings` names.
  const config = readConfig(shape, env, {
    known: (variable) => !variable.startsWith("DAYBOOK_") || known(variable),
    problemsOf: (read) => [
      ...commonProblems(read as Settings<Shape>),
      ...(of.problemsOf?.(read as Settings<Shape>) ?? []),
    ],
  }) as Settings<Shape>;
  if (check) return output.result({ ok: true, service: name }, () => `The settings of ${name} are right.`);
  const log = createLogger(name, config.DAYBOOK_LOG_LEVEL);
  await run(log, (signal) => live(of, config, log, signal).catch(told), {
    graceMs: config.DAYBOOK_STOP_SECONDS * 1_000,
  });
}

async function live<Shape extends ConfigShape>(
  of: Service<Shape>,
  config: Settings<Shape>,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const failure = new AbortController();
  const stopping = AbortSignal.any([signal, failure.signal]);
  await using closing = new AsyncDisposableStack();
  const metrics = new Metrics();
  const ready: { probes?: Readonly<Record<string, Probe>> } = {};
  await operations(config, metrics, ready, closing);
  const host = await hostOf(config, log, metrics);
  closing.defer(() => host.close());
  try {
    await of.run({
      config,
      log,
      metrics,
      closing,
      signal: stopping,
      mount: host.mount.bind(host),
      ready(probes) {
        host.open();
        ready.probes = probes;
        log.info({ url: host.url }, "ready");
      },
    });
  } finally {
    failure.abort();
  }
}

/** What is wrong with the settings of a process that listens, beside each other. */
export function listeningProblems(config: Config<typeof LISTENING>): string[] {
  const { DAYBOOK_TLS_CERTIFICATE: certificate, DAYBOOK_TLS_KEY: key } = config;
  const problems: string[] = [];
  if (certificate !== undefined && !key)
    problems.push("DAYBOOK_TLS_KEY: is missing beside DAYBOOK_TLS_CERTIFICATE");
  if (certificate === undefined && key)
    problems.push("DAYBOOK_TLS_CERTIFICATE: is missing beside DAYBOOK_TLS_KEY");
  if (config.DAYBOOK_PORT === operationsPort(config))
    problems.push("DAYBOOK_OPERATIONS_PORT: is the API's own");
  return problems;
}

function commonProblems(config: Config<typeof COMMON>): string[] {
  const problems = listeningProblems(config);
  if (config.DAYBOOK_SERVICE_TOKEN.reveal().length < 32)
    problems.push("DAYBOOK_SERVICE_TOKEN: must be 32 random characters at least");
  return problems;
}

/** The certificate that a process listens with, where it has one. */
export function tlsOf(config: Config<typeof LISTENING>): ServerCertificate | undefined {
  const { DAYBOOK_TLS_CERTIFICATE: certificate, DAYBOOK_TLS_KEY: key } = config;
  return certificate !== undefined && key ? { certificate, key } : undefined;
}

function hostOf(config: Config<typeof COMMON>, log: Logger, metrics: Metrics) {
  return createHost({
    host: config.DAYBOOK_HOST,
    port: config.DAYBOOK_PORT,
    tls: tlsOf(config),
    hosts: config.DAYBOOK_HOSTNAMES ?? [],
    trustedProxies: config.DAYBOOK_TRUSTED_PROXIES ?? [],
    version: VERSION,
    sample: config.DAYBOOK_TRIAL,
    serviceToken: config.DAYBOOK_SERVICE_TOKEN,
    log,
    metrics,
  });
}

function operationsPort(config: Config<typeof LISTENING>): number {
  return config.DAYBOOK_OPERATIONS_PORT ?? config.DAYBOOK_PORT + 1;
}

const LOOPBACK = /^(?:127\.|::1$|localhost$)/;

/** Health from the first moment, readiness when the service is. */
export async function operations(
  config: Config<typeof LISTENING>,
  metrics: Metrics,
  ready: { readonly probes?: Readonly<Record<string, Probe>> },
  closing: AsyncDisposableStack,
): Promise<void> {
  const { DAYBOOK_HOST: host, DAYBOOK_HOSTNAMES: names = [] } = config;
  const app = createOperations({
    health: { process: () => true },
    ready: () => ready.probes ?? { started: () => false },
    metrics,
    // Probes of a cluster call it by its address, and it tells nothing that a page could want.
    hosts: LOOPBACK.test(host) ? names : ["*"],
  });
  const listening = await listen(app, { host, port: operationsPort(config) });
  closing.defer(() => listening.close({ graceMs: 0 }));
}

/** Says on stderr, in one line, what stopped the service, beside the entry in the log. */
export async function told(error: unknown): Promise<never> {
  // To know an error of any package is to load them all.
  const [{ errorLine }, { ourError }, { StoreRefusedError, UnfitStoreError }] = await Promise.all([
    import("../failure.ts"),
    import("../our-error.ts"),
    import("@daybook/s3"),
  ]);
  process.stderr.write(`daybook: ${errorLine(ourError(error, [StoreRefusedError, UnfitStoreError])).line}\n`);
  throw error;
}

/** A probe: whether something answers at all. */
export async function answers(question: Promise<unknown>): Promise<boolean> {
  await question;
  return true;
}

/** Resolves when the signal aborts; rejects when one of the parts fails. What ends by itself before is no failure. */
export async function untilStopped(signal: AbortSignal, parts: readonly Promise<void>[]): Promise<void> {
  await Promise.all([untilAborted(signal), ...parts]);
}
