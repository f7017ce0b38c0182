import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { Live } from "@daybook/capture";
import { openHome } from "@daybook/compose";
import { REHEARSAL_EVENTS } from "@daybook/rehearsal";
import { createLogger, hardenProcess, type Logger, readConfig, untilAborted } from "@daybook/runtime";
import { connect, ownerToken } from "../connect.ts";
import type { Output } from "../output.ts";
import { ZONE } from "../run/zone.ts";
import { VERSION } from "../version.ts";
import { rehearsalLive } from "../rehearsal.ts";
import { compose } from "./compose.ts";
import { AGENT_KINDS, agentReaders } from "../agents.ts";
import { connectorsOf, type ConnectorsGiven } from "./connectors.ts";
import { outsidersOf } from "./outsiders.ts";
import { KEY_FILES, openKeys } from "./keys.ts";
import { passphraseOf } from "./passphrase.ts";
import { ourError } from "../our-error.ts";
import { sayTrialRegistry } from "./trial-registry.ts";
import { doTrialWork } from "./trial-work.ts";
import { firstStart, ready as readyText, tryNext } from "./words.ts";

export interface UpOptions extends ConnectorsGiven {
  readonly home?: string | undefined;
  readonly host: string;
  readonly port?: number | undefined;
  readonly sample: boolean;
  /** Agents on devices come to this port. */
  readonly agentsPort?: number;
  /** Witnesses as `VKEY URL`, and how many of them a checkpoint needs; all, if left out. */
  readonly witness?: readonly string[];
  readonly quorum?: number;
  /** Address of a time-stamp authority, and the file of its root certificates, PEM. */
  readonly tsa?: string;
  readonly tsaCa?: string;
}

const DEFAULT_PORT = 4480;
const REHEARSAL_PAUSE_MS = 40;

/** `daybook up`: everything on one machine, until it is told to stop. */
export async function up(...given: Parameters<typeof run>): Promise<void> {
  try {
    await run(...given);
  } catch (error) {
    throw ourError(error);
  }
}

async function run(
  options: UpOptions,
  output: Output,
  signal: AbortSignal,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  hardenProcess();
  const { DAYBOOK_ZONE: zone } = readConfig(ZONE, env);
  const outsiders = await outsidersOf(options);
  const dir = options.home ?? env.DAYBOOK_HOME ?? (options.sample ? ".daybook" : join(homedir(), ".daybook"));
  output.progress("starting");
  const home = await openHome(resolve(dir), { sample: options.sample });
  const loggers = createLoggers(join(home.paths.logs, "daybook.log"));
  try {
    const { sample } = home.facts;
    const opened = await openKeys(home.paths.keys, (first) =>
      passphraseOf(home.paths.keys, { sample, first, env }),
    );
    const files = Object.values(KEY_FILES).map((name) => join(home.paths.keys, name));
    if (opened.created) output.say(firstStart(home.dir, files, sample));
    const { keys, live } = await connectorsOf(options, home, opened, (name) => loggers.of(name));
    const rehearsed = Promise.withResolvers<ReadonlyMap<number, number>>();
    const onEnd: Live["onEnd"] = (reached) => Promise.resolve(rehearsed.resolve(reached));
    const pauseMs = REHEARSAL_PAUSE_MS;
    await compose(
      {
        home,
        keys,
        host: options.host,
        port: options.port ?? DEFAULT_PORT,
        version: VERSION,
        zone,
        ...(outsiders && { outsiders }),
        live: [
          ...(options.sample
            ? [
                await rehearsalLive({
                  pauseMs,
                  log: loggers.of("rehearsal"),
                  links: !options.whatsappWeb,
                  onEnd,
                }),
              ]
            : []),
          ...live,
        ],
        ...(options.agentsPort !== undefined && {
          agents: {
            readers: await agentReaders(AGENT_KINDS),
            at: { host: options.host, port: options.agentsPort },
          },
        }),
        log: (service) => loggers.of(service),
        async onReady(at) {
          const vkeys = Object.values(at.vkeys);
          const { address: signIn, lets } = at.entry();
          const captures = [...new Set(live.map(({ name }) => name))];
          const facts = {
            ...{ url: at.url, signIn, operations: at.operationsUrl },
            ...{ home: home.dir, sample, vkeys, captures },
          };
          output.result(facts, () => readyText(facts, lets));
          if (!options.sample) return;
          output.progress(`playing a made-up week: ${REHEARSAL_EVENTS} events`);
          const reached = await Promise.race([rehearsed.promise, untilAborted(signal)]);
          if (!reached) return;
          await at.archived(reached);
          const matter = await playOffice(home.dir, at.url, facts.signIn);
          output.progress(undefined);
          output.say(tryNext(REHEARSAL_EVENTS, matter, facts.signIn));
        },
      },
      signal,
    );
  } finally {
    await home.close();
    await loggers.close();
  }
}

/** Says who is who in a trial, and does their work. @returns the matter that it is searched under */
async function playOffice(home: string, url: string, signIn: string): Promise<string> {
  const { client } = await connect({ DAYBOOK_URL: url, DAYBOOK_TOKEN: await ownerToken(home) });
  try {
    await sayTrialRegistry(client);
  } finally {
    client.close();
  }
  return doTrialWork(url, new URL(signIn).searchParams.get("start") ?? "");
}

function createLoggers(file: string) {
  const loggers = new Map<string, Logger>();
  return {
    of(service: string): Logger {
      const known = loggers.get(service) ?? createLogger(service, "info", { file });
      loggers.set(service, known);
      return known;
    },
    close: () => Promise.all([...loggers.values()].map((logger) => logger.close())),
  };
}
