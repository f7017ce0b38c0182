import { join } from "node:path";
import type { Live } from "@daybook/capture";
import type { Home, Postgres } from "@daybook/compose";
import { REHEARSAL_EVENTS } from "@daybook/rehearsal";
import { untilAborted } from "@daybook/runtime";
import { connect, ownerToken } from "../connect.ts";
import type { Output } from "../output.ts";
import { VERSION } from "../version.ts";
import { rehearsalLive } from "../rehearsal.ts";
import { compose, type ComposeOptions } from "./compose.ts";
import { AGENT_KINDS, agentReaders } from "../agents.ts";
import { connectorsOf } from "./connectors.ts";
import { KEY_FILES, openKeys } from "./keys.ts";
import type { Loggers } from "./loggers.ts";
import type { UpOptions } from "./options.ts";
import { passphraseOf } from "./passphrase.ts";
import { sayTrialRegistry } from "./trial-registry.ts";
import { doTrialWork } from "./trial-work.ts";
import { firstStart, ready as readyText, tryNext } from "./words.ts";

const DEFAULT_PORT = 4480;
const REHEARSAL_PAUSE_MS = 40;

/** What `daybook up` runs: loaded while its database comes up. */
export async function serve(
  of: {
    readonly options: UpOptions;
    readonly home: Home;
    readonly database: Promise<Postgres>;
    readonly loggers: Loggers;
    readonly output: Output;
    readonly env: NodeJS.ProcessEnv;
  } & Pick<ComposeOptions, "zone" | "outsiders">,
  signal: AbortSignal,
): Promise<void> {
  const { options, home, database, loggers, output, env, zone, outsiders } = of;
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
      database,
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
