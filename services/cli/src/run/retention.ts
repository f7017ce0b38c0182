import { factsOverHttp, runRetention } from "@daybook/retention";
import { AUDIT_SHARD } from "@daybook/contract";
import { headKey } from "@daybook/archive-core";
import { openS3Stores } from "@daybook/s3";
import { engineProblems, s3Access, s3Stores } from "./engines.ts";
import { peersOf } from "./peers.ts";
import { answers, service, untilStopped } from "./service.ts";
import { RETENTION } from "./service-settings.ts";
import { shardVkeys } from "./shards.ts";

const HOUR_MS = 60 * 60_000;

/** Lengthens locks, sweeps what can never commit, removes what has lapsed. Holds no key at all. */
export const retention = service({
  settings: RETENTION,
  problemsOf: (config) => [
    ...engineProblems(config),
    ...(config.DAYBOOK_EXTEND_BELOW_DAYS > config.DAYBOOK_MIN_LOCK_DAYS
      ? []
      : ["DAYBOOK_EXTEND_BELOW_DAYS: must be more than DAYBOOK_MIN_LOCK_DAYS"]),
    ...(config.DAYBOOK_LOCK_DAYS > config.DAYBOOK_EXTEND_BELOW_DAYS
      ? []
      : ["DAYBOOK_LOCK_DAYS: must be more than DAYBOOK_EXTEND_BELOW_DAYS"]),
  ],
  async run({ config, log, metrics, closing, signal, ready }) {
    const vkeys = shardVkeys(config.DAYBOOK_LOG_VKEYS, config.DAYBOOK_DEPLOYMENT, config.DAYBOOK_SHARDS);
    const stores = openS3Stores(s3Stores(config));
    const as = (accessKeyId: string, secretAccessKey: string) =>
      openS3Stores({ ...s3Stores(config), ...s3Access(config, { accessKeyId, secretAccessKey }) }).records;
    const peers = peersOf(config, closing);
    ready({ store: () => answers(stores.heads.read(headKey(AUDIT_SHARD))) });
    const keyrings = stores.keyringCopy ? [stores.keyring, stores.keyringCopy] : [stores.keyring];
    await untilStopped(signal, [
      runRetention(
        {
          shards: Object.entries(vkeys).map(([shard, vkey]) => ({ shard, vkey })),
          objects: stores.records,
          heads: stores.heads,
          extender: as(
            config.DAYBOOK_S3_EXTENDER_ACCESS_KEY_ID,
            config.DAYBOOK_S3_EXTENDER_SECRET_ACCESS_KEY.reveal(),
          ),
          expirer: as(
            config.DAYBOOK_S3_EXPIRER_ACCESS_KEY_ID,
            config.DAYBOOK_S3_EXPIRER_SECRET_ACCESS_KEY.reveal(),
          ),
          sweeper: { heads: stores.heads, keyrings },
          snapshots: {
            keyring: stores.keyringCopy ?? stores.keyring,
            writer: stores.records,
            days: config.DAYBOOK_SNAPSHOT_DAYS,
          },
          facts: factsOverHttp(peers),
          lockDays: config.DAYBOOK_LOCK_DAYS,
          extendBelowDays: config.DAYBOOK_EXTEND_BELOW_DAYS,
          minLockDays: config.DAYBOOK_MIN_LOCK_DAYS,
          graceDays: config.DAYBOOK_GRACE_DAYS,
          namesInMemory: config.DAYBOOK_RETENTION_NAMES,
          intervalMs: config.DAYBOOK_RETENTION_HOURS * HOUR_MS,
          log,
          metrics,
          now: () => new Date(),
        },
        signal,
      ),
    ]);
  },
});
