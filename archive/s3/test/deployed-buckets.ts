import { CreateBucketCommand, PutBucketPolicyCommand, S3Client } from "@aws-sdk/client-s3";
import type { S3Buckets, S3Connection } from "@daybook/s3";
import { policyOf, type PolicyKind } from "@daybook/s3/testing";
import { freshBuckets } from "./engines.ts";

/** The buckets of a deployment and the keyring's second home, empty, with the policies that are deployed. */
export async function bucketsWithPolicies(root: S3Connection): Promise<{ buckets: S3Buckets; copy: string }> {
  const buckets = await freshBuckets(root);
  const copy = `${buckets.keyring}-copy`;
  const admin = new S3Client({ ...root, forcePathStyle: true });
  try {
    await admin.send(new CreateBucketCommand({ Bucket: copy }));
    const all = [...Object.entries(buckets), ["keyring-copy", copy]] as [PolicyKind, string][];
    for (const [kind, Bucket] of all) {
      await admin.send(new PutBucketPolicyCommand({ Bucket, Policy: await policyOf(kind, Bucket) }));
    }
  } finally {
    admin.destroy();
  }
  return { buckets, copy };
}

/** Every key of a list. */
export async function all(keys: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = [];
  for await (const key of keys) found.push(key);
  return found;
}
