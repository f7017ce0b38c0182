import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cachedProgram, type S3Engine, startMinio, startVersitygw } from "@daybook/lab";
import { makeBuckets, type S3Buckets, type S3Connection } from "@daybook/s3";

const starters = { versitygw: startVersitygw, minio: startMinio };

/** Describes something on each engine of the lab. One that is not built is skipped, with one loud line. */
export function describeOnEngines(body: (name: string, connection: () => S3Connection) => void): void {
  for (const [name, start] of Object.entries(starters)) {
    const isBuilt = cachedProgram(name) !== undefined;
    if (!isBuilt) console.warn(`${name} is not built (npm run lab -- --install): its tests are SKIPPED`);
    (isBuilt ? describe : describe.skip)(name, () => {
      let dir: string;
      let engine: S3Engine;
      beforeAll(async () => {
        dir = await mkdtemp(join(tmpdir(), "s3-"));
        engine = (await start({ dir }))!;
      });
      afterAll(async () => {
        await engine.stop();
        await rm(dir, { recursive: true });
      });
      body(name, () => ({ endpoint: engine.endpoint, region: engine.region, credentials: engine.root }));
    });
  }
}

/** The buckets of a deployment, empty, under names of their own. */
export async function freshBuckets(connection: S3Connection): Promise<S3Buckets> {
  const id = randomBytes(6).toString("hex");
  const buckets = { records: `records-${id}`, heads: `heads-${id}`, keyring: `keyring-${id}` };
  await makeBuckets({ ...connection, buckets });
  return buckets;
}
