import { hash } from "node:crypto";
import { DeleteObjectCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { ArchiveError, type Measured, type MutableStore } from "@daybook/archive-core";
import { type Bucket, listKeys, listObjects, open } from "./bucket.ts";
import { checkKey } from "./key.ts";
import { asPortError, onStore, outcomeOf } from "./outcome.ts";

/** As the store gives it: a quoted string. */
const TAG = /^"[\x21\x23-\x7e]+"$/;

/**
 * Small objects that change, in a bucket without versions or locks. The tag is the ETag, which most stores make
 * of the content: a tag comes back with the same bytes, so to replace what was changed and changed back succeeds.
 */
export class MutableBucket implements MutableStore, Measured {
  readonly #bucket: Bucket;
  readonly #once: S3Client;

  /** @param once makes each request one time: repeated by itself, a swap would find its own work and say `conflict` */
  constructor(bucket: Bucket, once: S3Client) {
    this.#bucket = bucket;
    this.#once = once;
  }

  async read(key: string): Promise<{ body: Uint8Array; tag: string } | undefined> {
    checkKey(key);
    try {
      const { body, tag } = await open(this.#bucket, key);
      return { body: await body.transformToByteArray(), tag };
    } catch (error) {
      if (outcomeOf(error) === "missing") return undefined;
      throw asPortError(error);
    }
  }

  async replace(key: string, body: Uint8Array, tag: string | undefined): Promise<string> {
    checkKey(key);
    if (tag !== undefined && !TAG.test(tag)) throw conflict();
    try {
      const condition = tag === undefined ? { IfNoneMatch: "*" } : { IfMatch: tag };
      const { ETag } = await this.#once.send(
        new PutObjectCommand({ ...this.#write(key, body), ...condition }),
      );
      if (ETag === undefined) throw new ArchiveError("store-unavailable", "the store answered without a tag");
      return ETag;
    } catch (error) {
      if (outcomeOf(error) === "missing") throw conflict();
      throw asPortError(error);
    }
  }

  async put(key: string, body: Uint8Array): Promise<void> {
    checkKey(key);
    await onStore(() => this.#bucket.client.send(new PutObjectCommand(this.#write(key, body))));
  }

  async remove(key: string): Promise<void> {
    checkKey(key);
    try {
      await this.#bucket.client.send(new DeleteObjectCommand({ Bucket: this.#bucket.name, Key: key }));
    } catch (error) {
      if (outcomeOf(error) !== "missing") throw asPortError(error);
    }
  }

  async *list(prefix: string): AsyncGenerator<string, void, undefined> {
    yield* listKeys(this.#bucket, prefix);
  }

  async *sizes(prefix: string): AsyncGenerator<{ key: string; sizeBytes: number }, void, undefined> {
    yield* listObjects(this.#bucket, prefix);
  }

  #write(key: string, body: Uint8Array) {
    return {
      Bucket: this.#bucket.name,
      Key: key,
      Body: body,
      ChecksumSHA256: hash("sha256", body, "base64"),
    };
  }
}

function conflict(): ArchiveError {
  return new ArchiveError("conflict", "the object was changed or removed in the meantime");
}
