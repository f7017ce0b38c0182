import { CreateBucketCommand, S3ServiceException } from "@aws-sdk/client-s3";
import { connect, type S3Connection } from "./connect.ts";
import type { S3Buckets } from "./open.ts";
import { onStore } from "./outcome.ts";

/**
 * Makes the buckets of a deployment, as an administrator would: records with Object Lock, which can only be had
 * from the start. May be repeated; a bucket that is there stays as it is (`checkBuckets` says whether it will do).
 */
export async function makeBuckets(options: S3Connection & { readonly buckets: S3Buckets }): Promise<void> {
  const client = connect(options);
  const { records, heads, keyring } = options.buckets;
  try {
    for (const name of [records, heads, keyring]) {
      const bucket = new CreateBucketCommand({ Bucket: name, ObjectLockEnabledForBucket: name === records });
      await onStore(() =>
        client.send(bucket).catch((error: unknown) => {
          const isOurs = error instanceof S3ServiceException && error.name === "BucketAlreadyOwnedByYou";
          if (!isOurs) throw error;
        }),
      );
    }
  } finally {
    client.destroy();
  }
}
