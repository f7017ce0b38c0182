import { createHash, hash } from "node:crypto";
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { ArchiveError, type Body } from "@daybook/archive-core";
import type { Bucket } from "./bucket.ts";

/** S3 allows no more parts than this in an object. */
const MAX_PARTS = 10_000;

export interface Upload {
  readonly key: string;
  readonly body: Body;
  /** A whole second. */
  readonly retainUntil: Date;
  readonly sha256?: string;
}

export function sizeOf(body: Body): number {
  return body instanceof Uint8Array ? body.length : body.sizeBytes;
}

/**
 * Writes an object that is not there, locked from the start; above `partBytes` in parts, of which one is in
 * memory. A failed upload in parts is aborted; what an abort that fails leaves is for the bucket's lifecycle.
 * Errors as the store gives them.
 *
 * @throws {ArchiveError} `corrupt` when the body does not have the announced size or digest
 */
export async function upload(bucket: Bucket, object: Upload, partBytes: number): Promise<void> {
  if (sizeOf(object.body) > partBytes) return uploadInParts(bucket, object, partBytes);
  const bytes = await wholeOf(object);
  await bucket.client.send(
    new PutObjectCommand({
      ...target(bucket, object),
      ...lock(object),
      Body: bytes,
      IfNoneMatch: "*",
      ChecksumSHA256: hash("sha256", bytes, "base64"),
    }),
  );
}

/** As `upload`, in parts however small the body. */
export async function uploadInParts(bucket: Bucket, object: Upload, partBytes: number): Promise<void> {
  const { client } = bucket;
  const { UploadId } = await client.send(
    new CreateMultipartUploadCommand({
      ...target(bucket, object),
      ...lock(object),
      ChecksumAlgorithm: "SHA256",
    }),
  );
  const upload = { ...target(bucket, object), UploadId };
  try {
    const parts: CompletedPart[] = [];
    const sizeBytes = Math.max(partBytes, Math.ceil(sizeOf(object.body) / MAX_PARTS));
    for await (const bytes of partsOf(object, sizeBytes)) {
      const part = { PartNumber: parts.length + 1, ChecksumSHA256: hash("sha256", bytes, "base64") };
      const { ETag } = await client.send(new UploadPartCommand({ ...upload, ...part, Body: bytes }));
      parts.push({ ...part, ETag });
    }
    await client.send(
      new CompleteMultipartUploadCommand({ ...upload, IfNoneMatch: "*", MultipartUpload: { Parts: parts } }),
    );
  } catch (error) {
    await client.send(new AbortMultipartUploadCommand(upload)).catch(() => undefined);
    throw error;
  }
}

/** All of it, without a copy where it is in memory and nothing was announced. */
async function wholeOf(object: Upload): Promise<Uint8Array> {
  if (object.body instanceof Uint8Array && object.sha256 === undefined) return object.body;
  let bytes: Uint8Array = Buffer.alloc(0);
  for await (const part of partsOf(object, sizeOf(object.body))) bytes = part;
  return bytes;
}

/** The bytes in pieces of `partBytes`, the last one shorter. Ends only if they are what was announced. */
async function* partsOf({ body, sha256 }: Upload, partBytes: number): AsyncGenerator<Uint8Array> {
  const sizeBytes = sizeOf(body);
  const digest = sha256 === undefined ? undefined : createHash("sha256");
  let part = Buffer.allocUnsafe(Math.min(partBytes, sizeBytes));
  let filled = 0;
  let total = 0;
  for await (const chunk of body instanceof Uint8Array ? [body] : body.open()) {
    digest?.update(chunk);
    total += chunk.length;
    if (total > sizeBytes) throw wrongSize();
    for (let at = 0; at < chunk.length;) {
      const piece = chunk.subarray(at, at + part.length - filled);
      part.set(piece, filled);
      filled += piece.length;
      at += piece.length;
      if (filled < part.length) continue;
      yield part;
      part = Buffer.allocUnsafe(Math.min(partBytes, sizeBytes - total + chunk.length - at));
      filled = 0;
    }
  }
  if (total < sizeBytes) throw wrongSize();
  if (digest && digest.digest("hex") !== sha256) {
    throw new ArchiveError("corrupt", "a body does not have the digest that was announced");
  }
}

function target(bucket: Bucket, { key }: Upload) {
  return { Bucket: bucket.name, Key: key };
}

function lock({ retainUntil }: Upload) {
  return { ObjectLockMode: "COMPLIANCE", ObjectLockRetainUntilDate: retainUntil } as const;
}

function wrongSize(): ArchiveError {
  return new ArchiveError("corrupt", "a body is not of the size that was announced");
}
