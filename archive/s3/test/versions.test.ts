import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import {
  DeleteObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import type { Body, Stores } from "@daybook/archive-core";
import { openS3Stores } from "@daybook/s3";
import { describeOnEngines, freshBuckets } from "./engines.ts";
import { FaultProxy } from "./fault-proxy.ts";

const MIB = 1024 * 1024;
const SIZE = 12 * MIB + 345;

describeOnEngines((_name, connection) => {
  let bucket: string;
  let admin: S3Client;
  let proxy: FaultProxy;
  let records: Stores["records"];
  beforeEach(async () => {
    const buckets = await freshBuckets(connection());
    bucket = buckets.records;
    admin = new S3Client({ ...connection(), forcePathStyle: true });
    proxy = await FaultProxy.open(connection().endpoint);
    const partBytes = 5 * MIB;
    ({ records } = openS3Stores({ ...connection(), endpoint: proxy.endpoint, buckets, partBytes }));
  });
  afterEach(async () => {
    admin.destroy();
    await proxy.close();
  });

  const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1_000);
  const versions = async () => {
    const { Versions = [], DeleteMarkers = [] } = await admin.send(
      new ListObjectVersionsCommand({ Bucket: bucket }),
    );
    return { versions: Versions.map(({ Key }) => Key), markers: DeleteMarkers.map(({ Key }) => Key) };
  };
  const unfinished = async () =>
    (await admin.send(new ListMultipartUploadsCommand({ Bucket: bucket }))).Uploads ?? [];

  it("locks an object that stands there without a lock, when it is written again", async () => {
    await admin.send(new PutObjectCommand({ Bucket: bucket, Key: "a", Body: "there" }));
    const retainUntil = inSeconds(3_600);
    await expect(records.put({ key: "a", body: Buffer.from("x"), retainUntil })).resolves.toEqual({
      created: false,
    });

    expect((await records.stat("a"))!.retainUntil.getTime()).toBeGreaterThanOrEqual(retainUntil.getTime());
    await expect(records.remove("a")).rejects.toMatchObject({ code: "object-locked" });
  });

  it("removes every version and the markers that hide them, and nothing of its neighbours", async () => {
    for (const key of ["a", "a-b"]) {
      for (const Body of ["one", "two"])
        await admin.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body }));
    }
    await admin.send(new DeleteObjectCommand({ Bucket: bucket, Key: "a" }));
    await records.remove("a");

    await expect(versions()).resolves.toEqual({ versions: ["a-b", "a-b"], markers: [] });
  });

  it("removes nothing while one version is locked", async () => {
    await records.put({ key: "a", body: Buffer.from("one"), retainUntil: inSeconds(3_600) });
    await admin.send(new PutObjectCommand({ Bucket: bucket, Key: "a", Body: "two" }));
    await expect(records.remove("a")).rejects.toMatchObject({ code: "object-locked" });

    await expect(versions()).resolves.toEqual({ versions: ["a", "a"], markers: [] });
  });

  it.each(["lost", "kept"] as const)("can be asked again to remove when that was %s", async (fault) => {
    await records.put({ key: "a", body: Buffer.from("one"), retainUntil: inSeconds(1) });
    while ((await records.stat("a"))!.retainUntil >= new Date()) await sleep(100);
    proxy.fail(/^DELETE/, fault, fault, fault);
    await records.remove("a").catch((error: unknown) => {
      expect(error).toMatchObject({ code: "store-unavailable" });
    });
    await records.remove("a");

    await expect(versions()).resolves.toEqual({ versions: [], markers: [] });
  });

  describe("a body that goes in parts", () => {
    it("is stored whole and locked, with parts that were lost or unanswered sent again", async () => {
      proxy.fail(/partNumber=1/, "lost");
      proxy.fail(/partNumber=2/, "kept");
      const source = new Source(SIZE);
      const retainUntil = inSeconds(3_600);
      const { sha256 } = source;
      await expect(records.put({ key: "a", body: source, retainUntil, sha256 })).resolves.toEqual({
        created: true,
      });

      const stored = await records.get("a");
      expect(createHash("sha256").update(stored).digest("hex")).toBe(sha256);
      expect((await records.stat("a"))!.retainUntil.getTime()).toBeGreaterThanOrEqual(retainUntil.getTime());
      await expect(records.remove("a")).rejects.toMatchObject({ code: "object-locked" });
      expect(proxy.pending).toBe(0);
    });

    it("is not opened when it is there", async () => {
      await records.put({ key: "a", body: Buffer.from("x"), retainUntil: inSeconds(3_600) });
      const source = new Source(SIZE);
      await expect(records.put({ key: "a", body: source, retainUntil: inSeconds(9_000) })).resolves.toEqual({
        created: false,
      });

      expect(source.opened).toBe(0);
    });

    it("is not stored over what another has stored in the meantime", async () => {
      const source = new Source(SIZE, async () => {
        await admin.send(new PutObjectCommand({ Bucket: bucket, Key: "a", Body: "theirs" }));
      });
      const retainUntil = inSeconds(3_600);
      await expect(records.put({ key: "a", body: source, retainUntil })).resolves.toEqual({ created: false });

      expect(Buffer.from(await records.get("a")).toString()).toBe("theirs");
      await expect(unfinished()).resolves.toEqual([]);
    });

    it("is found when its last step was kept but unanswered", async () => {
      proxy.fail(/^POST .*uploadId=/, "kept");
      const source = new Source(SIZE);
      await records.put({ key: "a", body: source, retainUntil: inSeconds(3_600), sha256: source.sha256 });

      expect((await records.stat("a"))!.sizeBytes).toBe(SIZE);
    });

    it("leaves nothing behind when its source fails or it is not what was announced", async () => {
      const broken = new Source(SIZE, () => Promise.reject(new Error("the source failed")));
      const retainUntil = inSeconds(3_600);
      await expect(records.put({ key: "a", body: broken, retainUntil })).rejects.toThrow("the source failed");
      const other = { key: "a", body: new Source(SIZE), retainUntil, sha256: "00".repeat(32) };
      await expect(records.put(other)).rejects.toMatchObject({ code: "corrupt" });

      await expect(unfinished()).resolves.toEqual([]);
      await expect(versions()).resolves.toEqual({ versions: [], markers: [] });
    });

    it("is opened anew when it is written again after the store was away", async () => {
      const source = new Source(SIZE);
      const retainUntil = inSeconds(3_600);
      proxy.fail(/partNumber=2/, "lost", "lost", "lost");
      await expect(records.put({ key: "a", body: source, retainUntil })).rejects.toMatchObject({
        code: "store-unavailable",
      });
      await expect(records.put({ key: "a", body: source, retainUntil })).resolves.toEqual({ created: true });

      expect(source.opened).toBe(2);
      await expect(unfinished()).resolves.toEqual([]);
    });
  });
});

/** A body of numbered pieces that counts how often it was opened. */
class Source implements Exclude<Body, Uint8Array> {
  readonly sizeBytes: number;
  readonly #halfWay: () => Promise<void>;
  opened = 0;

  constructor(sizeBytes: number, halfWay: () => Promise<void> = () => Promise.resolve()) {
    this.sizeBytes = sizeBytes;
    this.#halfWay = halfWay;
  }

  get sha256(): string {
    const digest = createHash("sha256");
    for (const piece of this.#pieces()) digest.update(piece);
    return digest.digest("hex");
  }

  async *open(): AsyncGenerator<Uint8Array> {
    this.opened += 1;
    let sent = 0;
    for (const piece of this.#pieces()) {
      if (sent <= this.sizeBytes / 2 && sent + piece.length > this.sizeBytes / 2) await this.#halfWay();
      sent += piece.length;
      yield piece;
    }
  }

  *#pieces(): Generator<Uint8Array> {
    const piece = 300_007;
    for (let at = 0; at < this.sizeBytes; at += piece) {
      yield Buffer.alloc(Math.min(piece, this.sizeBytes - at), `${at}|`);
    }
  }
}
