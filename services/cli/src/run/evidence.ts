import { AUDIT_SHARD, TOPICS } from "@daybook/contract";
import { headKey } from "@daybook/archive-core";
import { createCatalogueReader, openCellsWith } from "@daybook/catalogue";
import { runEvidence } from "@daybook/evidence";
import { RecordReader } from "@daybook/openpgp";
import { openS3Stores } from "@daybook/s3";
import { createPayloadSealer } from "@daybook/stream";
import { openIngestPublicKey } from "../ingest/public-key.ts";
import { keepFresh } from "../keys/recipients-file.ts";
import { sealedPublisher } from "../up/publisher.ts";
import { engineProblems, openReaders, openStream, s3Stores } from "./engines.ts";
import { peersOf, registryAuthenticator } from "./peers.ts";
import { readingKeys } from "./reading-keys.ts";
import { answers, service, untilStopped } from "./service.ts";
import { EVIDENCE } from "./service-settings.ts";
import { bytes } from "./settings.ts";
import { shardVkeys } from "./shards.ts";

/** Builds evidence packages. Holds the keys that open the archive. */
export const evidence = service({
  settings: EVIDENCE,
  problemsOf: engineProblems,
  async run({ config, log, closing, signal, mount, ready }) {
    const { DAYBOOK_DEPLOYMENT: deployment } = config;
    const vkeys = shardVkeys(config.DAYBOOK_LOG_VKEYS, deployment, config.DAYBOOK_SHARDS);
    const { keys, holder } = await readingKeys(config);
    const stores = openS3Stores(s3Stores(config));
    const readers = await openReaders(config, closing);
    const stream = await openStream(config, "evidence", closing);
    const peers = peersOf(config, closing, config.DAYBOOK_WITNESSING_URL);
    const ingest = await openIngestPublicKey({ client: peers, log });
    const publisher = sealedPublisher(stream, createPayloadSealer({ publicKey: () => ingest.publicKey() }));
    const catalogue = createCatalogueReader({
      pool: readers,
      tokenKey: bytes(config.DAYBOOK_TOKENS_KEY),
      cells: openCellsWith(holder),
    });
    // Refuses a schema of another version at the start.
    await catalogue.isRebuilding();
    const running = runEvidence(
      {
        catalogue,
        // Another process destroys keys: none that was read is kept.
        reader: new RecordReader({ stores, holder, maxBlocks: 0 }),
        stores,
        services: peers,
        publish: publisher.publish.bind(publisher),
        vkeys,
        witnessing: config.DAYBOOK_WITNESSING_URL !== undefined,
        deployment,
        sample: config.DAYBOOK_TRIAL,
        packages: {
          dir: config.DAYBOOK_PACKAGES_PATH,
          keptMs: config.DAYBOOK_PACKAGES_HOURS * 3_600_000,
        },
        mount: (routes) => mount(routes, registryAuthenticator(peers)),
        log,
        now: () => new Date(),
      },
      signal,
    );
    ready({
      stream: () => answers(stream.range(TOPICS.audit, 0)),
      store: () => answers(stores.heads.read(headKey(AUDIT_SHARD))),
      database: () => answers(catalogue.isRebuilding()),
    });
    await untilStopped(signal, [running, ingest.keep(signal), keepFresh(keys, log, signal)]);
  },
});
