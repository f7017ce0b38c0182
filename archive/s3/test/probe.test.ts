import {
  CreateBucketCommand,
  ListObjectsV2Command,
  PutBucketVersioningCommand,
  PutObjectLockConfigurationCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { checkBuckets, probeLocks, type S3Buckets, UnfitStoreError } from "@daybook/s3";
import { tryLocks } from "../src/probe-locks.ts";
import { describeOnEngines, freshBuckets } from "./engines.ts";
import { FaultProxy } from "./fault-proxy.ts";

describeOnEngines((_name, connection) => {
  let buckets: S3Buckets;
  let admin: S3Client;
  beforeEach(async () => {
    buckets = await freshBuckets(connection());
    admin = new S3Client({ ...connection(), forcePathStyle: true });
  });
  afterEach(() => admin.destroy());

  const problemsOf = async (asked: Promise<void>): Promise<readonly string[]> => {
    const error: unknown = await asked.then(
      () => undefined,
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(UnfitStoreError);
    return (error as UnfitStoreError).problems;
  };

  describe("the check of the buckets", () => {
    const check = (changed: Partial<S3Buckets> = {}) =>
      checkBuckets({ ...connection(), buckets: { ...buckets, ...changed } });
    const defaultRetention = (retention: { Days: number } | { Years: number }) =>
      admin.send(
        new PutObjectLockConfigurationCommand({
          Bucket: buckets.records,
          ObjectLockConfiguration: {
            ObjectLockEnabled: "Enabled",
            Rule: { DefaultRetention: { Mode: "COMPLIANCE", ...retention } },
          },
        }),
      );

    it("is content with what was made for it, again and again", async () => {
      await check();
      await check();
    });

    it("names every fault of every bucket, a line each", async () => {
      const versioned = `${buckets.heads}-versioned`;
      const locked = `${buckets.keyring}-locked`;
      await admin.send(new CreateBucketCommand({ Bucket: versioned }));
      await admin.send(
        new PutBucketVersioningCommand({
          Bucket: versioned,
          VersioningConfiguration: { Status: "Enabled" },
        }),
      );
      await admin.send(new CreateBucketCommand({ Bucket: locked, ObjectLockEnabledForBucket: true }));

      const records = buckets.heads;
      await expect(problemsOf(check({ records, heads: versioned, keyring: locked }))).resolves.toEqual([
        expect.stringContaining(`bucket ${records} has no versioning`),
        expect.stringContaining(`bucket ${records} has no Object Lock`),
        expect.stringContaining(`bucket ${versioned} has, or had, versioning`),
        expect.stringContaining(`bucket ${locked} has, or had, versioning`),
        expect.stringContaining(`bucket ${locked} has Object Lock`),
      ]);
    });

    it("refuses a bucket whose versioning was suspended", async () => {
      for (const Status of ["Enabled", "Suspended"] as const) {
        await admin.send(
          new PutBucketVersioningCommand({ Bucket: buckets.heads, VersioningConfiguration: { Status } }),
        );
      }
      await expect(problemsOf(check())).resolves.toEqual([
        expect.stringContaining("has, or had, versioning"),
      ]);
    });

    it("refuses a default lock beyond the horizon, and only that", async () => {
      await defaultRetention({ Days: 400 });
      await check();
      await defaultRetention({ Years: 2 });
      await expect(problemsOf(check())).resolves.toEqual([
        expect.stringContaining("beyond the horizon of 400"),
      ]);
    });

    it("says which bucket is not there", async () => {
      await expect(problemsOf(check({ heads: "no-such-bucket" }))).resolves.toEqual([
        expect.stringContaining("bucket no-such-bucket does not exist"),
      ]);
    });
  });

  describe("the probe", () => {
    it("lets the store pass, writes under probe/ alone and leaves nothing among the heads", async () => {
      await probeLocks({ ...connection(), buckets });
      await probeLocks({ ...connection(), buckets });

      const listed = async (Bucket: string) =>
        ((await admin.send(new ListObjectsV2Command({ Bucket }))).Contents ?? []).map(({ Key }) => Key!);
      expect((await listed(buckets.records)).filter((key) => !key.startsWith("probe/"))).toEqual([]);
      await expect(listed(buckets.heads)).resolves.toEqual([]);
      await checkBuckets({ ...connection(), buckets });
    });

    it("sees that locks which can be bypassed are bypassed", async () => {
      const found = await tryLocks({ client: admin, name: buckets.records }, "probe/weak", "GOVERNANCE");

      expect(found).toEqual([
        expect.stringContaining("removed a locked version for one who may bypass locks"),
        expect.stringContaining("removed a locked version in a batch"),
        expect.stringContaining("shortened a lock"),
      ]);
    });

    it("refuses a bucket without Object Lock", async () => {
      const wrong = { ...buckets, records: buckets.keyring };
      await expect(probeLocks({ ...connection(), buckets: wrong })).rejects.toThrow("Object Lock");
    });

    it("sees a store that tells more than one writer that it won", async () => {
      const proxy = await FaultProxy.open(connection().endpoint);
      const lie = { status: 200, code: "None" };
      proxy.fail(new RegExp(`^PUT /${buckets.records}/.*/condition`), lie);
      proxy.fail(new RegExp(`^PUT /${buckets.heads}/.*/condition`), lie);
      const found = await problemsOf(probeLocks({ ...connection(), endpoint: proxy.endpoint, buckets }));
      await proxy.close();

      expect(found).toEqual([
        expect.stringContaining(`bucket ${buckets.records} let 2 of 8 writers win a race by If-None-Match`),
        expect.stringContaining(`bucket ${buckets.heads} let 2 of 8 writers win a race by If-None-Match`),
      ]);
    });

    it("knows nothing when the store does not answer", async () => {
      const proxy = await FaultProxy.open(connection().endpoint);
      proxy.fail(/^DELETE/, "kept");
      await expect(probeLocks({ ...connection(), endpoint: proxy.endpoint, buckets })).rejects.toMatchObject({
        code: "store-unavailable",
      });
      await proxy.close();
    });
  });
});
