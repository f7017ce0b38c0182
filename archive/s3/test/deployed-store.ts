import { CreateBucketCommand, PutBucketPolicyCommand, S3Client } from "@aws-sdk/client-s3";
import {
  importMinioIdentities,
  type S3Credentials,
  type S3Engine,
  startMinio,
  startVersitygw,
} from "@daybook/lab";
import type { S3Buckets } from "@daybook/s3";
import { type IdentityName, minioPolicyOf, policyOf, type PolicyKind } from "@daybook/s3/testing";
import { freshBuckets } from "./engines.ts";

/** A store with the buckets of a deployment and the keyring's second home, empty, and what is deployed of policies. */
export interface Deployed {
  readonly engine: S3Engine;
  readonly buckets: S3Buckets;
  readonly copy: string;
}

/** Each store of the lab, with its own way of saying who may do what. */
export const STORES: readonly {
  readonly name: string;
  readonly deploy: (dir: string, users: readonly S3Credentials[]) => Promise<Deployed>;
}[] = [
  {
    name: "versitygw",
    async deploy(dir, users) {
      const engine = (await startVersitygw({ dir, users, sidecar: true }))!;
      const made = await emptyBuckets(engine);
      const admin = adminOf(engine);
      for (const [kind, Bucket] of Object.entries(byKind(made)) as [PolicyKind, string][])
        await admin.send(new PutBucketPolicyCommand({ Bucket, Policy: await policyOf(kind, Bucket) }));
      admin.destroy();
      return { engine, ...made };
    },
  },
  {
    name: "minio",
    async deploy(dir, users) {
      const engine = (await startMinio({ dir }))!;
      const made = await emptyBuckets(engine);
      const identities = users.map(async (credentials) => ({
        credentials,
        policy: await minioPolicyOf(credentials.accessKeyId as IdentityName, byKind(made)),
      }));
      await importMinioIdentities(engine, await Promise.all(identities));
      return { engine, ...made };
    },
  },
];

function adminOf({ endpoint, region, root }: S3Engine): S3Client {
  return new S3Client({ endpoint, region, credentials: root, forcePathStyle: true });
}

async function emptyBuckets(engine: S3Engine): Promise<{ buckets: S3Buckets; copy: string }> {
  const { endpoint, region, root: credentials } = engine;
  const buckets = await freshBuckets({ endpoint, region, credentials });
  const copy = `${buckets.keyring}-copy`;
  const admin = adminOf(engine);
  await admin.send(new CreateBucketCommand({ Bucket: copy }));
  admin.destroy();
  return { buckets, copy };
}

function byKind({ buckets, copy }: { buckets: S3Buckets; copy: string }): Record<PolicyKind, string> {
  return { ...buckets, "keyring-copy": copy };
}

/** Every key of a list. */
export async function all(keys: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = [];
  for await (const key of keys) found.push(key);
  return found;
}

/** That an identity removes nothing locked. One that sees versions, as on MinIO all who list do, gets as far as the lock. */
export async function notRemoved(removal: Promise<unknown>): Promise<void> {
  const code = await removal.then(
    () => "removed",
    (error: unknown) => (error as { code?: unknown }).code,
  );
  expect(["store-refused", "object-locked"]).toContain(code);
}
