import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  DeleteObjectCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import type { Stores } from "@daybook/archive-core";
import { cachedProgram, type S3Engine } from "@daybook/lab";
import { checkBuckets, openS3Stores, probeLocks, type S3Buckets, StoreRefusedError } from "@daybook/s3";
import { IDENTITIES, type IdentityName, policyOf } from "@daybook/s3/testing";
import { all, notRemoved, STORES } from "./deployed-store.ts";

const CONTENT = Buffer.from("content of an object");
const SEGMENT = "log/0/segment/000000000000";
const BLOCK = "keyring/0/000000000000";
/** Those who read records. None of them writes any. */
const READERS = ["records", "evidence", "retention"] as const;

describe.each(STORES)("on $name", ({ name, deploy }) => {
  const isBuilt = cachedProgram(name) !== undefined;
  if (!isBuilt) console.warn(`${name} is not built (npm run lab -- --install): its tests are SKIPPED`);

  (isBuilt ? describe : describe.skip)("each identity may do its own work and no other's", () => {
    let dir: string;
    let engine: S3Engine;
    let buckets: S3Buckets;
    let copy: string;
    const users = IDENTITIES.map((accessKeyId) => ({
      accessKeyId,
      secretAccessKey: randomBytes(20).toString("hex"),
    }));
    const reach = (name: IdentityName) => ({
      endpoint: engine.endpoint,
      region: engine.region,
      credentials: users.find(({ accessKeyId }) => accessKeyId === name)!,
    });
    const as = (name: IdentityName) => ({
      ...reach(name),
      buckets,
      keyringCopy: { ...reach(name), bucket: copy },
    });
    const storesOf = (name: IdentityName): Required<Stores> => openS3Stores(as(name)) as Required<Stores>;
    const recordsOf = (name: IdentityName) => storesOf(name).records;

    beforeAll(async () => {
      dir = await mkdtemp(join(tmpdir(), "s3-"));
      ({ engine, buckets, copy } = await deploy(dir, users));
    });
    afterAll(async () => {
      await engine.stop();
      await rm(dir, { recursive: true });
    });

    const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1_000);
    const lock = (seconds = 3_600) => ({ body: CONTENT, retainUntil: inSeconds(seconds) });
    const put = (key: string, seconds?: number) => recordsOf("archiver").put({ key, ...lock(seconds) });
    const refused = (asked: Promise<unknown>) => expect(asked).rejects.toThrow(StoreRefusedError);
    const lapsed = async (key: string) => {
      await put(key, 1);
      while ((await recordsOf("retention").stat(key))!.retainUntil >= new Date()) await sleep(100);
    };

    it("lets the archiver write and read the log, and neither hold nor remove", async () => {
      const key = `${SEGMENT}-w`;
      await expect(put(key)).resolves.toEqual({ created: true });
      await expect(put(key)).resolves.toEqual({ created: false });

      const records = recordsOf("archiver");
      expect(Buffer.from(await records.get(key))).toEqual(CONTENT);
      await notRemoved(records.remove(key));
      await refused(records.setLegalHold(key, true));
    });

    it("lets the archiver remove no more than partial tiles that have passed", async () => {
      const { heads, keyring, keyringCopy } = storesOf("archiver");
      await heads.put("log/0/tile/0/000.p/7", CONTENT);
      await heads.remove("log/0/tile/0/000.p/7");
      expect(await heads.read("log/0/tile/0/000.p/7")).toBeUndefined();

      await heads.put("log/0/head", CONTENT);
      await refused(heads.remove("log/0/head"));
      await keyring.put(`${BLOCK}-r`, CONTENT);
      await refused(keyring.remove(`${BLOCK}-r`));
      await keyringCopy.put(`${BLOCK}-r`, CONTENT);
      await refused(keyringCopy.remove(`${BLOCK}-r`));
    });

    it("lets the archiver swap heads and ingest keys, and add blocks to both keyrings", async () => {
      const { heads, keyring, keyringCopy } = storesOf("archiver");
      for (const key of ["log/1/head", "log/1/checkpoint", "ingest/keys"]) {
        const tag = await heads.replace(key, CONTENT, undefined);
        await heads.replace(key, Buffer.from("next"), tag);
      }
      for (const store of [keyring, keyringCopy]) {
        await store.replace(`${BLOCK}-a`, CONTENT, undefined);
        await expect(store.replace(`${BLOCK}-a`, CONTENT, undefined)).rejects.toMatchObject({
          code: "conflict",
        });
        expect(await store.read(`${BLOCK}-a`)).toBeDefined();
        expect(await store.read(`${BLOCK}-none`)).toBeUndefined();
      }
    });

    it("lets nobody but archivers see their ingest keys", async () => {
      await storesOf("archiver").heads.put("ingest/keys", CONTENT);

      for (const name of IDENTITIES.filter((one) => one !== "archiver")) {
        await refused(storesOf(name).heads.read("ingest/keys"));
      }
    });

    it("lets capture write attachments, and nothing into the log", async () => {
      const { records, heads, keyring } = storesOf("capture");
      const large = Buffer.alloc(9 * 1024 * 1024);
      await expect(records.put({ key: "attachment/c", ...lock() })).resolves.toEqual({ created: true });
      await expect(records.put({ key: "attachment/c", ...lock() })).resolves.toEqual({ created: false });
      await records.put({ key: "attachment/large", ...lock(), body: large });

      await refused(records.put({ key: `${SEGMENT}-c`, ...lock() }));
      await notRemoved(records.remove("attachment/c"));
      await refused(heads.put("log/0/head", CONTENT));
      await refused(keyring.read(`${BLOCK}-a`));
    });

    it("lets the archiver lengthen the lock of an attachment that it cannot write", async () => {
      await recordsOf("capture").put({ key: "attachment/claimed", ...lock() });
      const records = recordsOf("archiver");
      const until = inSeconds(7_200);
      await records.extend("attachment/claimed", until);

      expect((await records.stat("attachment/claimed"))!.retainUntil.getTime()).toBeGreaterThanOrEqual(
        until.getTime(),
      );
      await refused(records.put({ key: "attachment/own", ...lock() }));
    });

    it("lets readers read records and the log, and write neither", async () => {
      await put(`${SEGMENT}-read`);
      await storesOf("archiver").heads.put("log/2/head", CONTENT);
      for (const name of READERS) {
        const { records, heads } = storesOf(name);
        expect(Buffer.from(await records.get(`${SEGMENT}-read`))).toEqual(CONTENT);
        expect(await records.stat(`${SEGMENT}-none`)).toBeUndefined();
        expect(await all(records.list(SEGMENT))).toContain(`${SEGMENT}-read`);
        expect(await heads.read("log/2/head")).toBeDefined();

        await refused(records.put({ key: `${SEGMENT}-mine`, ...lock() }));
        await refused(records.extend(`${SEGMENT}-read`, inSeconds(9_000)));
        await refused(records.setLegalHold(`${SEGMENT}-read`, true));
        await notRemoved(records.remove(`${SEGMENT}-read`));
        await refused(heads.put("log/2/head", CONTENT));
      }
    });

    it("lets the records service alone write blocks anew, in both keyrings", async () => {
      await storesOf("archiver").keyring.put(`${BLOCK}-d`, CONTENT);
      await storesOf("archiver").keyringCopy.put(`${BLOCK}-d`, CONTENT);
      const { keyring, keyringCopy } = storesOf("records");
      for (const store of [keyring, keyringCopy]) {
        const { tag } = (await store.read(`${BLOCK}-d`))!;
        await store.replace(`${BLOCK}-d`, Buffer.from("without a line"), tag);
      }

      const evidence = storesOf("evidence");
      expect(await evidence.keyring.read(`${BLOCK}-d`)).toBeDefined();
      await refused(evidence.keyring.put(`${BLOCK}-d`, CONTENT));
      await refused(evidence.keyring.remove(`${BLOCK}-d`));
      await refused(evidence.keyringCopy.read(`${BLOCK}-d`));
      await refused(storesOf("retention").keyring.put(`${BLOCK}-d`, CONTENT));
    });

    it("lets the retention service copy the keyring, and sweep it and partial tiles", async () => {
      const archiver = storesOf("archiver");
      const { records, heads, keyring, keyringCopy } = storesOf("retention");
      for (const name of ["keyring", "keyringCopy"] as const) await archiver[name].put(`${BLOCK}-s`, CONTENT);
      await archiver.heads.put("log/0/tile/0/001.p/7", CONTENT);
      await records.put({ key: "keyring-snapshot/2030-01-01/0/s", ...lock() });
      expect(await keyringCopy.read(`${BLOCK}-s`)).toBeDefined();
      for (const store of [keyring, keyringCopy]) {
        expect(await all(store.list("keyring/0/"))).toContain(`${BLOCK}-s`);
        await store.remove(`${BLOCK}-s`);
        expect(await store.read(`${BLOCK}-s`)).toBeUndefined();
      }
      await heads.remove("log/0/tile/0/001.p/7");

      await archiver.heads.put("log/3/head", CONTENT);
      await refused(heads.remove("log/3/head"));
    });

    it("lets the witnessing service keep what outsiders say of the log, and nothing else", async () => {
      const { records, heads, keyring } = storesOf("witnessing");
      await storesOf("archiver").heads.put("log/4/checkpoint", CONTENT);
      await put("log/4/tile/0/000");
      expect(await heads.read("log/4/checkpoint")).toBeDefined();
      expect(Buffer.from(await records.get("log/4/tile/0/000"))).toEqual(CONTENT);
      const tag = await heads.replace("log/4/witnessed", CONTENT, undefined);
      await heads.replace("log/4/witnessed", Buffer.from("next"), tag);
      await heads.put("log/4/stamped/7-ab/checkpoint.tsr", CONTENT);
      expect(await all(heads.list("log/4/stamped/"))).toEqual(["log/4/stamped/7-ab/checkpoint.tsr"]);

      await put(`${SEGMENT}-unread`);
      await refused(records.get(`${SEGMENT}-unread`));
      await refused(heads.put("log/4/checkpoint", CONTENT));
      await refused(heads.remove("log/4/witnessed"));
      await refused(keyring.read(`${BLOCK}-a`));
    });

    it("lets the extender lengthen and hold what it can neither read, write nor remove", async () => {
      const key = `${SEGMENT}-x`;
      await put(key);
      const records = recordsOf("extender");
      await records.extend(key, inSeconds(7_200));
      await records.setLegalHold(key, true);

      await expect(recordsOf("retention").stat(key)).resolves.toMatchObject({ legalHold: true });
      await refused(records.get(key));
      await notRemoved(records.remove(key));
      await refused(records.put({ key: `${SEGMENT}-y`, ...lock() }));
      for (const name of ["heads", "keyring", "keyringCopy"] as const)
        await refused(storesOf("extender")[name].read("k"));
    });

    it("lets the expirer remove what has lapsed and can no more be read than written", async () => {
      const [locked, gone] = [`${SEGMENT}-locked`, `${SEGMENT}-lapsed`];
      await put(locked);
      await lapsed(gone);
      const reader = recordsOf("retention");
      const records = recordsOf("expirer");
      await records.remove(gone);

      await expect(reader.stat(gone)).resolves.toBeUndefined();
      await expect(records.remove(locked)).rejects.toMatchObject({ code: "object-locked" });
      await refused(records.get(locked));
      await refused(records.extend(locked, inSeconds(9_000)));
    });

    it("lets only the expirer remove what has lapsed, and nobody hide it", async () => {
      const key = `${SEGMENT}-lapsed-too`;
      await lapsed(key);
      for (const name of IDENTITIES) {
        if (name !== "expirer") await refused(recordsOf(name).remove(key));
        const client = new S3Client({ ...reach(name), forcePathStyle: true });
        const hidden = client.send(new DeleteObjectCommand({ Bucket: buckets.records, Key: key }));
        await expect(hidden).rejects.toMatchObject({ name: "AccessDenied" });
        client.destroy();
      }

      await expect(recordsOf("retention").stat(key)).resolves.toBeDefined();
    });

    it("lets nobody suspend versions, but for the probe, which the store refuses", async () => {
      for (const name of IDENTITIES) {
        const client = new S3Client({ ...reach(name), forcePathStyle: true });
        const suspended = client.send(
          new PutBucketVersioningCommand({
            Bucket: buckets.records,
            VersioningConfiguration: { Status: "Suspended" },
          }),
        );
        await expect(suspended).rejects.toMatchObject({
          name: name === "probe" ? "InvalidBucketState" : "AccessDenied",
        });
        client.destroy();
      }
    });

    it("lets the archiver look at every bucket's settings, and nobody write policies", async () => {
      await checkBuckets(as("archiver"));

      for (const name of IDENTITIES) {
        const client = new S3Client({ ...reach(name), forcePathStyle: true });
        for (const Bucket of [buckets.records, buckets.heads, buckets.keyring, copy]) {
          const Policy = await policyOf("heads", Bucket);
          const written = client.send(new PutBucketPolicyCommand({ Bucket: Bucket, Policy }));
          await expect(written).rejects.toMatchObject({ name: "AccessDenied" });
        }
        client.destroy();
      }
    });

    it("lets the probe do its work, under probe/ alone", async () => {
      await probeLocks(as("probe"));

      const { records, heads, keyring } = storesOf("probe");
      await refused(records.put({ key: `${SEGMENT}-elsewhere`, ...lock(60) }));
      await refused(heads.put("log/0/head", CONTENT));
      await refused(keyring.read(`${BLOCK}-a`));
    });
  });
});
