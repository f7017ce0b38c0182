import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  GetObjectLegalHoldCommand,
  GetObjectRetentionCommand,
  ListObjectVersionsCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import type { Stores } from "@daybook/archive-core";
import { hasPostgres, startTestPostgres, type TestPostgres } from "@daybook/catalogue/testing";
import { cachedProgram, type S3Engine, startVersitygw } from "@daybook/lab";
import { formatSessionKey, type PrivateKey, readKeyBlock, wrappedTo } from "@daybook/openpgp";
import { makeBuckets, openS3Stores, type S3Connection } from "@daybook/s3";
import { type Deployment, deploymentOver, type Running } from "./support/deployment.ts";
import { keyActs } from "./support/key-acts.ts";

const isBuilt = cachedProgram("versitygw") !== undefined;
if (!isBuilt) console.warn("versitygw is not built (npm run lab -- --install): its tests are SKIPPED");
const suite = isBuilt && hasPostgres ? describe : describe.skip;

const BUCKETS = { records: "records", heads: "heads", keyring: "keyring" };
const COPY = { records: "copy-records", heads: "copy-heads", keyring: "copy-keyring" };

suite("a change of the archive key on versitygw", () => {
  let dir: string;
  let engine: S3Engine;
  let postgres: TestPostgres;
  let admin: S3Client;
  let home: Deployment<Stores>;
  let running: Running;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "s3-"));
    [engine, postgres] = await Promise.all([
      startVersitygw({ dir }).then((one) => one!),
      startTestPostgres(),
    ]);
    const connection: S3Connection = {
      endpoint: engine.endpoint,
      region: engine.region,
      credentials: engine.root,
    };
    await makeBuckets({ ...connection, buckets: BUCKETS });
    await makeBuckets({ ...connection, buckets: COPY });
    admin = new S3Client({ ...connection, forcePathStyle: true });
    const stores = openS3Stores({
      ...connection,
      buckets: BUCKETS,
      keyringCopy: { ...connection, bucket: COPY.keyring },
    });
    // The store has a clock of its own, and locks are judged by it.
    home = await deploymentOver(postgres, stores, { time: Date.now() }, { segmentRecords: 3 });
    running = await home.start();
  });
  afterAll(async () => {
    await running.stop();
    await home.close();
    admin.destroy();
    await Promise.all([engine.stop(), postgres.stop()]);
    await rm(dir, { recursive: true });
  });

  const { add, census, rewrap, finished } = keyActs(
    () => running.owner,
    () => home,
  );

  /** Every version of every object of the records bucket, with its lock: but for what is archived meanwhile. */
  const versions = async () => {
    const found: unknown[] = [];
    const listed = await admin.send(new ListObjectVersionsCommand({ Bucket: BUCKETS.records }));
    expect(listed.IsTruncated).not.toBe(true);
    for (const { Key, VersionId, ETag, Size, LastModified } of listed.Versions ?? []) {
      if (Key?.startsWith("log/audit/")) continue;
      const of = { Bucket: BUCKETS.records, Key, VersionId };
      const { Retention } = await admin.send(new GetObjectRetentionCommand(of));
      const hold = await admin.send(new GetObjectLegalHoldCommand(of)).catch(() => undefined);
      found.push({ Key, VersionId, ETag, Size, LastModified, Retention, hold: hold?.LegalHold?.Status });
    }
    return { found, markers: listed.DeleteMarkers ?? [] };
  };
  const lines = async (key: PrivateKey) => {
    const found = new Map<string, string>();
    for (const [where, store] of [
      ["first", home.stores.keyring],
      ["copy", home.stores.keyringCopy!],
    ] as const) {
      for await (const name of store.list("keyring/0/")) {
        const { body } = (await store.read(name))!;
        expect(wrappedTo(body)).toHaveLength(1);
        const read = await readKeyBlock(body, key);
        found.set(`${where} ${name}`, read.map((one) => `${one.index} ${formatSessionKey(one.key)}`).join());
      }
    }
    return found;
  };

  it("re-wraps the keyring's two homes and gives no object of the records bucket a version or a lock", async () => {
    await home.capture(...Array.from({ length: 30 }, (_, i) => ({ text: `harbour number${i}` })));
    const [old] = home.archiveKeys.held;
    const before = await lines(old!.privateKey);
    expect(before.size).toBe(20);
    const { key } = await add();
    const locked = await versions();
    expect(locked.found.length).toBeGreaterThanOrEqual(10);

    await rewrap(key.fingerprint, old!.privateKey.fingerprint);
    expect(await finished()).toMatchObject({ state: "done", failed: 0 });

    expect(await versions()).toEqual(locked);
    const next = home.archiveKeys.held[1]!;
    expect(await lines(next.privateKey)).toEqual(before);
    home.archiveKeys.held.shift();
    for (const { total, byKey } of (await census()) as unknown as { total: number; byKey: object }[]) {
      expect(byKey).toEqual({ [key.fingerprint]: total });
    }
    const body = { title: "M", kind: "foi" };
    const { id } = (await running.owner.call("post", "/api/v1/matters", { body })) as { id: string };
    const query = { q: "harbour", matter: id };
    expect(await running.owner.call("get", "/api/v1/search", { query })).toMatchObject({ total: 30 });
  }, 120_000);
});
