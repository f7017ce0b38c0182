import { join } from "node:path";
import { mkdir } from "node:fs/promises";
import { checkPostgres, openPostgresPool } from "@daybook/catalogue";
import {
  archiveProgressClient,
  importedFilesClient,
  type CaptureOptions,
  type Live,
  registryClient,
  runCapture,
  showSpool,
  spooledProgress,
  spoolTroubleLog,
} from "@daybook/capture";
import { TOPICS } from "@daybook/contract";
import { apiClient, type Config, type Logger } from "@daybook/runtime";
import { openS3Stores } from "@daybook/s3";
import {
  createPayloadOpener,
  createPayloadSealer,
  openKafkaStream,
  openSpool,
  reachKafka,
} from "@daybook/stream";
import { rehearsalLive } from "../rehearsal.ts";
import { openIngestPublicKey } from "../ingest/public-key.ts";
import { sealedPublisher } from "../up/publisher.ts";
import { outboundFrom } from "../up/relaying.ts";
import { agentProblems, agentsOf } from "./agents.ts";
import { emailOf, emailProblems } from "./email.ts";
import { database, engineProblems, s3Stores, streamOptions } from "./engines.ts";
import { peersOf, registryAuthenticator } from "./peers.ts";
import { service, type Settings, untilStopped } from "./service.ts";
import { CAPTURE } from "./service-settings.ts";
import { bytes, type COMMON } from "./settings.ts";
import { imapOf, imapProblems } from "./imap.ts";
import { imessageOf, imessageProblems } from "./imessage.ts";
import { smsOf, smsProblems } from "./sms.ts";
import { spoolRoute } from "./spools.ts";
import { whatsappBusinessOf, whatsappBusinessProblems } from "./whatsapp-business.ts";
import { whatsappWebOf, whatsappWebProblems } from "./whatsapp-web.ts";

const MIB = 1024 * 1024;

const CONNECTORS: Readonly<
  Record<
    "email" | "imap" | "imessage" | "rehearsal" | "signal" | "sms" | "whatsapp-business" | "whatsapp-web",
    (config: Settings<typeof CAPTURE>, log: Logger) => Live | Promise<Live | readonly Live[]>
  >
> = {
  email: emailOf,
  imap: imapOf,
  imessage: imessageOf,
  rehearsal: (_config, log) => rehearsalLive({ pauseMs: 0, log }),
  signal: async (config, log) => {
    const { DAYBOOK_SIGNAL_SERVERS: servers, DAYBOOK_SIGNAL_KEY: key } = config;
    // Asked for by name: the settings were judged before.
    if (!servers || !key) throw new TypeError("Signal is captured without its settings");
    const { signalLive } = await import("../signal.ts");
    return signalLive({ dir: join(config.DAYBOOK_STATE_PATH, "signal"), key: bytes(key), servers, log });
  },
  sms: smsOf,
  "whatsapp-business": whatsappBusinessOf,
  "whatsapp-web": whatsappWebOf,
};

/**
 * Runs connectors and imports. What they hand over is durable in its spool, whether Kafka, S3 or PostgreSQL answer or not.
 *
 * @param connectors those to run
 */
export const captureOf = (
  connectors: (config: Settings<typeof CAPTURE>, log: Logger) => readonly Live[] | Promise<readonly Live[]>,
) =>
  service({
    settings: CAPTURE,
    problemsOf: (config) => [
      ...engineProblems(config),
      ...trialProblems(config),
      ...relayProblems(config),
      ...agentProblems(config),
      ...signalProblems(config),
      ...smsProblems(config),
      ...emailProblems(config),
      ...imapProblems(config),
      ...imessageProblems(config),
      ...whatsappBusinessProblems(config),
      ...whatsappWebProblems(config),
    ],
    async run({ config, log, metrics, closing, signal, mount, ready }) {
      await refuseUnfit(checkPostgres(database(config), { owns: ["capture"] }));
      const [spoolDir, uploads] = [
        join(config.DAYBOOK_STATE_PATH, "spool"),
        join(config.DAYBOOK_STATE_PATH, "uploads"),
      ];
      for (const dir of [spoolDir, uploads]) await mkdir(dir, { recursive: true, mode: 0o700 });
      const kafka = await reachKafka(streamOptions(config, "capture"));
      closing.defer(() => kafka.close());
      const spool = await openSpool({
        dir: spoolDir,
        partitions: { [TOPICS.events]: config.DAYBOOK_SHARDS },
        downstream: kafka,
        maxBytes: config.DAYBOOK_SPOOL_MIB * MIB,
        onTrouble: spoolTroubleLog(log),
      });
      closing.defer(() => spool.close());
      showSpool(spool, metrics);
      const peers = peersOf(config, closing);
      const pool = openPostgresPool(database(config), { name: "daybook-capture", max: 4 });
      closing.defer(() => pool.end());
      const ingest = await openIngestPublicKey({
        client: peers,
        cache: join(config.DAYBOOK_STATE_PATH, "ingest-key"),
        log,
      });
      mount([
        spoolRoute(() => {
          const key = ingest.inUse();
          return {
            key: key ? { kid: key.kid, since: key.since.toISOString() } : null,
            oldestUnsentAt: spool.unsentSince()?.toISOString() ?? null,
          };
        }),
      ]);
      const running = runCapture(
        {
          pool,
          records: openS3Stores(s3Stores(config)).records,
          publisher: sealedPublisher(spool, createPayloadSealer({ publicKey: () => ingest.publicKey() })),
          registry: registryClient(peers),
          progress: spooledProgress({ spool, archiver: archiveProgressClient(peers), signal }),
          files: importedFilesClient(peers),
          shards: config.DAYBOOK_SHARDS,
          spoolDir: uploads,
          linesKey: bytes(config.DAYBOOK_LINES_KEY),
          scopeKey: bytes(config.DAYBOOK_SCOPE_KEY),
          live: await connectors(config, log),
          agents: await agentsOf(config, peers),
          ...outboundOf(config, closing),
          mount: (routes) => mount(routes, registryAuthenticator(peers)),
          log,
          metrics,
          now: () => new Date(),
        },
        signal,
      );
      ready({ key: () => ingest.inUse() !== undefined });
      await untilStopped(signal, [running, ingest.keep(signal)]);
    },
  });

/** Messages to send, where there is a gateway. */
function outboundOf(
  config: Config<typeof CAPTURE> & Config<typeof COMMON>,
  closing: AsyncDisposableStack,
): Pick<CaptureOptions, "outbound"> {
  const { DAYBOOK_GATEWAY_URL: url, DAYBOOK_RELAY_KEY: key } = config;
  if (url === undefined || !key) return {};
  const gateway = apiClient({ url, token: config.DAYBOOK_SERVICE_TOKEN.reveal(), ca: config.DAYBOOK_CA });
  closing.defer(() => gateway.close());
  return {
    outbound: {
      ...outboundFrom({
        async open() {
          const stream = await openKafkaStream(streamOptions(config, "capture-relay"));
          return { stream, close: () => stream.close() };
        },
        opener: createPayloadOpener({ privateKey: () => key.reveal() }),
        gateway,
      }),
      positionFile: join(config.DAYBOOK_STATE_PATH, "outbound-position"),
    },
  };
}

function relayProblems(config: Partial<Config<typeof CAPTURE>>): string[] {
  const [given, missing] = config.DAYBOOK_RELAY_KEY
    ? ["DAYBOOK_RELAY_KEY", "DAYBOOK_GATEWAY_URL"]
    : ["DAYBOOK_GATEWAY_URL", "DAYBOOK_RELAY_KEY"];
  const isHalf = (config.DAYBOOK_RELAY_KEY === undefined) !== (config.DAYBOOK_GATEWAY_URL === undefined);
  return isHalf ? [`${missing}: is missing beside ${given}`] : [];
}

/** The service as it is deployed: it runs the connectors that its settings name. */
export const capture = captureOf(async (config, log) => {
  const live = await Promise.all(
    config.DAYBOOK_CONNECTORS.map(async (name) => CONNECTORS[name](config, log)),
  );
  return live.flat();
});

/** Made-up messages are sealed and kept like any other: never among those of an organisation. */
function trialProblems(config: Settings<typeof CAPTURE>): string[] {
  if (config.DAYBOOK_TRIAL || !config.DAYBOOK_CONNECTORS.includes("rehearsal")) return [];
  return ["DAYBOOK_CONNECTORS: rehearsal is made up: set DAYBOOK_TRIAL to yes, in a deployment for trials"];
}

function signalProblems(config: Partial<Config<typeof CAPTURE>>): string[] {
  if (!config.DAYBOOK_CONNECTORS?.includes("signal")) return [];
  return (["DAYBOOK_SIGNAL_SERVERS", "DAYBOOK_SIGNAL_KEY"] as const)
    .filter((name) => config[name] === undefined)
    .map((name) => `${name}: is missing beside the connector signal`);
}

/** What an administrator must mend stops the start; that nobody answers does not: capturing goes on without. */
async function refuseUnfit(check: Promise<void>): Promise<void> {
  await check.catch((error: unknown) => {
    if ((error as { retryable?: unknown }).retryable !== true) throw error;
  });
}
