import type { Config } from "@daybook/runtime";
import { checkBuckets, probeLocks } from "@daybook/s3";
import { bucketsOf, s3Access, s3Stores } from "./engines.ts";
import type { Identity, PERIODS, S3 } from "./settings.ts";

/** Looks at the buckets, and has the probe's own identity try to break a lock. Errors as `checkBuckets`, `probeLocks`. */
export async function checkStore(
  config: Config<typeof S3> & Config<typeof PERIODS> & Config<Identity<"PROBE">>,
): Promise<void> {
  await checkBuckets({ ...s3Stores(config), horizonDays: config.DAYBOOK_LOCK_DAYS });
  await probeLocks({
    ...s3Access(config, {
      accessKeyId: config.DAYBOOK_S3_PROBE_ACCESS_KEY_ID,
      secretAccessKey: config.DAYBOOK_S3_PROBE_SECRET_ACCESS_KEY.reveal(),
    }),
    buckets: bucketsOf(config),
  });
}
