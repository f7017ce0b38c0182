import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { PutBucketPolicyCommand, S3Client } from "@aws-sdk/client-s3";
import type { Stores } from "@daybook/archive-core";
import { cachedProgram, type S3Engine, startVersitygw } from "@daybook/lab";
import { openS3Stores, probeLocks, type S3Buckets, StoreRefusedError } from "@daybook/s3";
import { freshBuckets } from "./engines.ts";

/** What each identity needs on the records bucket; `ListBucket` and the like are of the bucket itself. */
const OBJECTS = {
  archiver: ["s3:PutObject", "s3:PutObjectRetention", "s3:GetObject", "s3:AbortMultipartUpload"],
  extender: [
    "s3:GetObjectRetention",
    "s3:PutObjectRetention",
    "s3:GetObjectLegalHold",
    "s3:PutObjectLegalHold",
  ],
  expirer: ["s3:GetObjectRetention", "s3:GetObjectLegalHold", "s3:DeleteObjectVersion"],
  reader: ["s3:GetObject"],
} as const;
const NAMES = ["archiver", "extender", "expirer", "reader", "probe"] as const;
const CONTENT = Buffer.from("content of an object");

// MinIO takes users only through a client of its own, so versitygw alone judges these.
const isBuilt = cachedProgram("versitygw") !== undefined;
if (!isBuilt) console.warn("versitygw is not built (npm run lab -- --install): its tests are SKIPPED");

(isBuilt ? describe : describe.skip)("each identity may do its own work and no other's", () => {
  let dir: string;
  let engine: S3Engine;
  let buckets: S3Buckets;
  const users = NAMES.map((accessKeyId) => ({
    accessKeyId,
    secretAccessKey: randomBytes(20).toString("hex"),
  }));
  const as = (name: (typeof NAMES)[number]) => ({
    endpoint: engine.endpoint,
    region: engine.region,
    credentials: users.find(({ accessKeyId }) => accessKeyId === name)!,
    buckets,
  });
  const recordsOf = (name: (typeof NAMES)[number]): Stores["records"] => openS3Stores(as(name)).records;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "s3-"));
    engine = (await startVersitygw({ dir, users }))!;
    const root = { endpoint: engine.endpoint, region: engine.region, credentials: engine.root };
    buckets = await freshBuckets(root);
    const admin = new S3Client({ ...root, forcePathStyle: true });
    const allow = (name: string, actions: readonly string[], ...paths: string[]) => ({
      Effect: "Allow",
      Principal: { AWS: [name] },
      Action: actions,
      Resource: paths.map((path) => `arn:aws:s3:::${path}`),
    });
    const { records, heads } = buckets;
    const put = (Bucket: string, Statement: unknown[]) =>
      admin.send(
        new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Version: "2012-10-17", Statement }) }),
      );
    await put(records, [
      ...Object.entries(OBJECTS).map(([name, actions]) => allow(name, actions, `${records}/*`)),
      // Without it some stores say of what is missing that it is forbidden.
      ...["archiver", "extender", "reader"].map((name) => allow(name, ["s3:ListBucket"], records)),
      allow("expirer", ["s3:ListBucketVersions"], records),
      allow(
        "probe",
        [
          "s3:PutObject",
          "s3:GetObject",
          "s3:GetObjectVersion",
          "s3:DeleteObject",
          "s3:DeleteObjectVersion",
          "s3:GetObjectRetention",
          "s3:PutObjectRetention",
          "s3:BypassGovernanceRetention",
        ],
        `${records}/probe/*`,
      ),
      allow("probe", ["s3:GetBucketVersioning", "s3:PutBucketVersioning"], records),
    ]);
    await put(heads, [
      allow("probe", ["s3:PutObject", "s3:GetObject", "s3:DeleteObject"], `${heads}/probe/*`),
      allow("archiver", ["s3:PutObject", "s3:GetObject"], `${heads}/*`),
    ]);
    admin.destroy();
  });
  afterAll(async () => {
    await engine.stop();
    await rm(dir, { recursive: true });
  });

  const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1_000);
  const put = (key: string, seconds = 3_600) =>
    recordsOf("archiver").put({ key, body: CONTENT, retainUntil: inSeconds(seconds) });

  it("lets the archiver write and read, and neither hold nor remove", async () => {
    await expect(put("w")).resolves.toEqual({ created: true });
    await expect(put("w")).resolves.toEqual({ created: false });

    const records = recordsOf("archiver");
    expect(Buffer.from(await records.get("w"))).toEqual(CONTENT);
    await expect(records.remove("w")).rejects.toThrow(StoreRefusedError);
    await expect(records.setLegalHold("w", true)).rejects.toThrow(StoreRefusedError);
  });

  it("lets the archiver swap heads, and not the keyring's blocks", async () => {
    const { heads, keyring } = openS3Stores(as("archiver"));
    const tag = await heads.replace("log/s/head", CONTENT, undefined);
    await heads.replace("log/s/head", Buffer.from("next"), tag);

    await expect(keyring.replace("k", CONTENT, undefined)).rejects.toThrow(StoreRefusedError);
  });

  it("lets the extender lengthen and hold what it can neither read, write nor remove", async () => {
    await put("x");
    const records = recordsOf("extender");
    await records.extend("x", inSeconds(7_200));
    await records.setLegalHold("x", true);

    await expect(recordsOf("reader").stat("x")).resolves.toMatchObject({ legalHold: true });
    await expect(records.get("x")).rejects.toThrow(StoreRefusedError);
    await expect(records.remove("x")).rejects.toThrow(StoreRefusedError);
    await expect(records.put({ key: "y", body: CONTENT, retainUntil: inSeconds(60) })).rejects.toThrow(
      StoreRefusedError,
    );
  });

  it("lets the expirer remove what has lapsed and can no more be read than written", async () => {
    await put("locked");
    await put("lapsed", 1);
    const reader = recordsOf("reader");
    while ((await reader.stat("lapsed"))!.retainUntil >= new Date()) await sleep(100);
    const records = recordsOf("expirer");
    await records.remove("lapsed");

    await expect(reader.stat("lapsed")).resolves.toBeUndefined();
    await expect(records.remove("locked")).rejects.toMatchObject({ code: "object-locked" });
    await expect(records.get("locked")).rejects.toThrow(StoreRefusedError);
    await expect(records.extend("locked", inSeconds(9_000))).rejects.toThrow(StoreRefusedError);
  });

  it("lets the probe do its work, under probe/ alone", async () => {
    await probeLocks(as("probe"));

    const records = recordsOf("probe");
    await expect(
      records.put({ key: "elsewhere", body: CONTENT, retainUntil: inSeconds(60) }),
    ).rejects.toThrow(StoreRefusedError);
  });
});
