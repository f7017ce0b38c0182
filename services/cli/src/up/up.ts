import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { Live } from "@daybook/capture";
import { openHome } from "@daybook/compose";
import { REHEARSAL_EVENTS } from "@daybook/rehearsal";
import { createLogger, hardenProcess, type Logger, untilAborted } from "@daybook/runtime";
import { z } from "zod";
import { connect, ownerToken } from "../connect.ts";
import type { Output } from "../output.ts";
import { VERSION } from "../version.ts";
import { rehearsalLive } from "../rehearsal.ts";
import { compose } from "./compose.ts";
import { outsidersOf } from "./outsiders.ts";
import { KEY_FILES, openKeys } from "./keys.ts";
import { passphraseOf } from "./passphrase.ts";
import { withSignal } from "./signal.ts";
import { ourError } from "../our-error.ts";
import { firstStart, ready as readyText, tryNext } from "./words.ts";

export interface UpOptions {
  readonly home?: string | undefined;
  readonly host: string;
  readonly port?: number | undefined;
  readonly sample: boolean;
  /** Witnesses as `VKEY URL`, and how many of them a checkpoint needs; all, if left out. */
  readonly witness?: readonly string[];
  readonly quorum?: number;
  /** Address of a time-stamp authority, and the file of its root certificates, PEM. */
  readonly tsa?: string;
  readonly tsaCa?: string;
  /** File that says where Signal's servers are: Signal is captured then. */
  readonly signalServers?: string;
}

const DEFAULT_PORT = 4480;
const REHEARSAL_PAUSE_MS = 40;
const TRIAL_MATTER = "A first look";

const matterId = z.object({ id: z.string() });
const matterList = z.object({ matters: z.array(z.object({ id: z.string(), title: z.string() })) });

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
    const { signalServers: file } = options;
    const signalled =
      file === undefined ? undefined : await withSignal(home, opened, { file, log: loggers.of("signal") });
    const { keys } = signalled ?? { keys: opened };
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
        ...(outsiders && { outsiders }),
        live: [
          ...(options.sample ? [await rehearsalLive({ pauseMs, log: loggers.of("rehearsal"), onEnd })] : []),
          ...(signalled ? [signalled.live] : []),
        ],
        log: (service) => loggers.of(service),
        async onReady(at) {
          const vkeys = Object.values(at.vkeys);
          const facts = { url: at.url, operations: at.operationsUrl, home: home.dir, sample, vkeys };
          output.result(facts, () => readyText(facts));
          if (!options.sample) return;
          output.progress(`playing a made-up week: ${REHEARSAL_EVENTS} events`);
          const reached = await Promise.race([rehearsed.promise, untilAborted(signal)]);
          if (!reached) return;
          await at.archived(reached);
          const matter = await trialMatter(home.dir, at.url);
          output.progress(undefined);
          output.say(tryNext(REHEARSAL_EVENTS, matter));
        },
      },
      signal,
    );
  } finally {
    await home.close();
    await loggers.close();
  }
}

/** The matter that a trial is searched under: opened the first time. */
async function trialMatter(home: string, url: string): Promise<string> {
  const { client } = await connect({ DAYBOOK_URL: url, DAYBOOK_TOKEN: await ownerToken(home) });
  try {
    const { matters } = await client.call("get", "/api/v1/matters", { response: matterList });
    const known = matters.find((matter) => matter.title === TRIAL_MATTER);
    if (known) return known.id;
    const body = { title: TRIAL_MATTER, kind: "foi" };
    return (await client.call("post", "/api/v1/matters", { body, response: matterId })).id;
  } finally {
    client.close();
  }
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
