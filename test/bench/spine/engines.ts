import { createSecretKey } from "node:crypto";
import { join } from "node:path";
import { ArchiverProgress, runArchiver } from "@daybook/archiver";
import type { Publisher } from "@daybook/capture";
import { openHome } from "@daybook/compose";
import { createLogger } from "@daybook/runtime";
import { createPayloadOpener, createPayloadSealer } from "@daybook/stream";
import { type Engines, keyBytes, openEngines } from "../../../services/cli/src/up/engines.ts";
import { IngestKeys } from "../../../services/cli/src/ingest/ingest-keys.ts";
import { homeIngestKeys, openKeys } from "../../../services/cli/src/up/keys.ts";
import { sealedPublisher } from "../../../services/cli/src/up/publisher.ts";

export const PASSPHRASE = "correct horse battery staple";

/** The engines of a new home with the defaults of `daybook up`, and the archiver over them. */
export interface Running {
  readonly engines: Engines;
  readonly publisher: Publisher;
  readonly progress: ArchiverProgress;
  close(): Promise<void>;
}

/** Starts what lies between a connector and the catalogue, in this process. */
export async function startArchiving(dir: string): Promise<Running> {
  const home = await openHome(join(dir, "home"), { sample: false });
  const logger = createLogger("bench", "error", { file: join(dir, "bench.log") });
  const keys = await openKeys(home.paths.keys, () => Promise.resolve(PASSPHRASE));
  const closing = new AsyncDisposableStack();
  closing.defer(() => logger.close());
  closing.defer(() => home.close());
  const engines = await openEngines(home, keys, logger, closing);
  const { stores, stream, catalogue, shards } = engines;
  const ingest = await IngestKeys.open(homeIngestKeys(keys), logger);
  const sealer = createPayloadSealer({ publicKey: () => ingest.current().publicKey });
  const progress = new ArchiverProgress(shards.map(({ shard }) => shard));
  const stop = new AbortController();
  const archiver = runArchiver(
    {
      deployment: home.facts.deployment,
      shards,
      stores,
      stream,
      trimmer: stream,
      producer: stream,
      opener: createPayloadOpener({ privateKey: (kid) => ingest.privateKey(kid) }),
      sealer,
      recipients: () => keys.archive.inForce(new Date()),
      namingKey: createSecretKey(keyBytes(keys, "naming")),
      catalogue: catalogue.writer,
      indexer: catalogue.indexer,
      lockDays: 400,
      trimMargin: 10_000,
      progress,
      log: logger,
      now: () => new Date(),
    },
    stop.signal,
  );
  return {
    engines,
    publisher: sealedPublisher(stream, sealer),
    progress,
    async close() {
      stop.abort();
      await archiver;
      await closing.disposeAsync();
    },
  };
}
