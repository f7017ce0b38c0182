import { GetObjectCommand, ListObjectsV2Command, type S3Client } from "@aws-sdk/client-s3";
import { ArchiveError } from "@daybook/archive-core";
import { asPortError, onStore } from "./outcome.ts";

/** A bucket and who asks it. */
export interface Bucket {
  readonly client: S3Client;
  readonly name: string;
}

/** An object's answer, not yet read. Errors as the store gives them. */
export async function open(bucket: Bucket, key: string, range?: string) {
  const { Body, ETag } = await bucket.client.send(
    new GetObjectCommand({ Bucket: bucket.name, Key: key, ...(range !== undefined && { Range: range }) }),
  );
  if (!Body) throw new ArchiveError("store-unavailable", "the store answered without a body");
  return { body: Body, tag: ETag ?? "" };
}

/** Keys in byte order, which is the store's own. */
export async function* listKeys(
  bucket: Bucket,
  prefix: string,
  after?: string,
): AsyncGenerator<string, void, undefined> {
  for await (const { key } of listObjects(bucket, prefix, after)) yield key;
}

/** Keys in byte order, and how many bytes each is: as told by a listing, so that nothing is read. */
export async function* listObjects(
  bucket: Bucket,
  prefix: string,
  after?: string,
): AsyncGenerator<{ key: string; sizeBytes: number }, void, undefined> {
  let next: string | undefined;
  do {
    const page = await onStore(() =>
      bucket.client.send(
        new ListObjectsV2Command({
          Bucket: bucket.name,
          Prefix: prefix,
          ...(after !== undefined && { StartAfter: after }),
          ...(next !== undefined && { ContinuationToken: next }),
        }),
      ),
    );
    for (const { Key, Size } of page.Contents ?? [])
      if (Key !== undefined) yield { key: Key, sizeBytes: Size ?? 0 };
    next = page.IsTruncated ? page.NextContinuationToken : undefined;
  } while (next !== undefined);
}

/** The pieces of an answer's body. */
export async function* pieces(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* body;
  } catch (error) {
    throw asPortError(error);
  }
}
