import { AUDIT_SHARD, TOPICS } from "@daybook/contract";
import { headKey } from "@daybook/archive-core";
import { openS3Stores } from "@daybook/s3";
import { createPayloadSealer } from "@daybook/stream";
import { checkOutsiders, runWitnessing } from "@daybook/witnessing";
import { openIngestPublicKey } from "../ingest/public-key.ts";
import { sealedPublisher } from "../up/publisher.ts";
import { engineProblems, openStream, s3Stores } from "./engines.ts";
import { peersOf, registryAuthenticator } from "./peers.ts";
import { answers, service, untilStopped } from "./service.ts";
import { WITNESSING } from "./service-settings.ts";
import { shardVkeys } from "./shards.ts";

const HOUR_MS = 60 * 60_000;
const PATIENCE_MS = 10_000;

/** Has the logs' checkpoints cosigned and stamped by outsiders. Holds no key, and is the one service that talks to them. */
export const witnessing = service({
  settings: WITNESSING,
  problemsOf: (config) => [
    ...engineProblems(config),
    ...(config.DAYBOOK_TSA_CA !== undefined && config.DAYBOOK_TSA_URL === undefined
      ? ["DAYBOOK_TSA_URL: is missing beside DAYBOOK_TSA_CA"]
      : []),
    ...(config.DAYBOOK_WITNESSES.length === 0 && config.DAYBOOK_TSA_URL === undefined
      ? ["DAYBOOK_WITNESSES: is missing, and so is DAYBOOK_TSA_URL: there is nobody to ask"]
      : []),
  ],
  async run({ config, log, metrics, closing, signal, mount, ready }) {
    const { DAYBOOK_WITNESSES: witnesses, DAYBOOK_TSA_URL: tsaUrl, DAYBOOK_TSA_CA: ca } = config;
    const outsiders = {
      witnesses,
      quorum: config.DAYBOOK_WITNESS_QUORUM ?? witnesses.length,
      ...(tsaUrl !== undefined && { tsa: { url: tsaUrl, ...(ca !== undefined && { ca }) } }),
    };
    checkOutsiders(outsiders);
    const stores = openS3Stores(s3Stores(config));
    const stream = await openStream(config, "witnessing", closing);
    const peers = peersOf(config, closing);
    const ingest = await openIngestPublicKey({ client: peers, log });
    const publisher = sealedPublisher(stream, createPayloadSealer({ publicKey: () => ingest.publicKey() }));
    const running = runWitnessing(
      {
        ...outsiders,
        deployment: config.DAYBOOK_DEPLOYMENT,
        vkeys: shardVkeys(config.DAYBOOK_LOG_VKEYS, config.DAYBOOK_DEPLOYMENT, config.DAYBOOK_SHARDS),
        records: stores.records,
        heads: stores.heads,
        cosignIntervalMs: config.DAYBOOK_COSIGN_SECONDS * 1_000,
        stampIntervalMs: config.DAYBOOK_STAMP_HOURS * HOUR_MS,
        patienceMs: PATIENCE_MS,
        publish: publisher.publish.bind(publisher),
        mount: (routes) => mount(routes, registryAuthenticator(peers)),
        log,
        metrics,
        now: () => new Date(),
      },
      signal,
    );
    ready({
      stream: () => answers(stream.range(TOPICS.audit, 0)),
      store: () => answers(stores.heads.read(headKey(AUDIT_SHARD))),
    });
    await untilStopped(signal, [running, ingest.keep(signal)]);
  },
});
