import { createConsole } from "@daybook/console";
import {
  apiClient,
  type Config,
  createLogger,
  hardenProcess,
  listen,
  type Logger,
  Metrics,
  type Probe,
  ProblemError,
  readConfig,
  run,
  untilAborted,
} from "@daybook/runtime";
import type { Output } from "../output.ts";
import { CONSOLE } from "./service-settings.ts";
import { listeningProblems, operations, tlsOf, told } from "./service.ts";
import { LISTENING } from "./settings.ts";

/** Everything that the console reads. */
export const CONSOLE_SETTINGS = { ...LISTENING, ...CONSOLE };

type Settings = Config<typeof CONSOLE_SETTINGS>;

/**
 * `daybook run console`, until SIGTERM or SIGINT: of a deployment it knows an address, and nothing else.
 *
 * @throws {RuntimeError} `invalid-configuration` with every fault; `unsafe-process`
 */
export async function runConsole(of: {
  readonly env: NodeJS.ProcessEnv;
  readonly known: (name: string) => boolean;
  readonly check: boolean;
  readonly output: Output;
}): Promise<void> {
  hardenProcess();
  const config = readConfig(CONSOLE_SETTINGS, of.env, {
    known: (name) => !name.startsWith("DAYBOOK_") || of.known(name),
    problemsOf: (read) => [...listeningProblems(read), ...clearProblems(read)],
  });
  if (of.check)
    return of.output.result({ ok: true, service: "console" }, () => "The settings of console are right.");
  const log = createLogger("console", config.DAYBOOK_LOG_LEVEL);
  await run(log, (signal) => serve(config, log, signal).catch(told), {
    graceMs: config.DAYBOOK_STOP_SECONDS * 1_000,
  });
}

async function serve(config: Settings, log: Logger, signal: AbortSignal): Promise<void> {
  await using closing = new AsyncDisposableStack();
  const metrics = new Metrics();
  const api = apiClient({ url: config.DAYBOOK_URL, ca: config.DAYBOOK_CA });
  closing.defer(() => api.close());
  const app = createConsole({
    api,
    origin: config.DAYBOOK_CONSOLE_ORIGIN,
    hosts: config.DAYBOOK_HOSTNAMES ?? [],
    trustedProxies: config.DAYBOOK_TRUSTED_PROXIES ?? [],
    secret: config.DAYBOOK_CONSOLE_SECRET.reveal(),
    sample: config.DAYBOOK_TRIAL,
    // The front passes what agents send on to capture.
    agentsAt: config.DAYBOOK_CONSOLE_ORIGIN,
    log,
    metrics,
  });
  const ready: { probes?: Readonly<Record<string, Probe>> } = {};
  await operations(config, metrics, ready, closing);
  const listening = await listen(app, {
    host: config.DAYBOOK_HOST,
    port: config.DAYBOOK_PORT,
    tls: tlsOf(config),
  });
  closing.defer(() => listening.close());
  ready.probes = { api: () => answers(api) };
  log.info({ url: listening.url }, "ready");
  await untilAborted(signal);
}

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Sessions must cross no network in clear. */
function clearProblems(config: Settings): string[] {
  const names = ["DAYBOOK_URL", "DAYBOOK_CONSOLE_ORIGIN"] as const;
  return names.flatMap((name) => {
    const { protocol, hostname } = new URL(config[name]);
    return protocol === "https:" || LOOPBACK.has(hostname) ? [] : [`${name}: must be https`];
  });
}

/** Whether the API answers: that nobody is signed in is an answer. */
async function answers(api: ReturnType<typeof apiClient>): Promise<boolean> {
  try {
    await api.call("get", "/api/v1/self");
    return true;
  } catch (error) {
    return error instanceof ProblemError && error.status === 401;
  }
}
