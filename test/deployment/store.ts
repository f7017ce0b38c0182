import { randomBytes } from "node:crypto";
import { PutBucketPolicyCommand, S3Client } from "@aws-sdk/client-s3";
import {
  importMinioIdentities,
  type S3Credentials,
  type S3Engine,
  startMinio,
  startVersitygw,
} from "@daybook/lab";
import { makeBuckets, type S3Buckets } from "@daybook/s3";
import { IDENTITIES, type IdentityName, minioPolicyOf, type PolicyKind, policyOf } from "@daybook/s3/testing";

export const COPY_BUCKET = "keyring-copy";
export const BUCKETS: S3Buckets = { records: "records", heads: "heads", keyring: "keyring" };
const BY_KIND: Readonly<Record<PolicyKind, string>> = { ...BUCKETS, "keyring-copy": COPY_BUCKET };

export type StoreName = "versitygw" | "minio";

/** Takes rights away from an identity: what a store's administrator may do by mistake. */
export interface Denial {
  readonly identity: IdentityName;
  readonly bucket: PolicyKind;
  readonly actions: readonly string[];
  /** Of the objects, as in a policy: may hold `*`. */
  readonly key: string;
}

/** A store with the buckets and the identities of `infra/deploy/s3`. */
export interface DeployedStore {
  readonly engine: S3Engine;
  readonly identities: Readonly<Record<IdentityName, S3Credentials>>;
  /** Sets the policies again, with nothing denied beyond what they say but this. */
  readonly deny: (denials: readonly Denial[]) => Promise<void>;
}

interface Policy {
  readonly Statement: readonly object[];
}

/**
 * Starts a store, makes its buckets, and sets who may do what in the way that the store has.
 *
 * @param options.tls paths of a certificate and its key, and the PEM that vouches for it
 * @param options.requestLog for versitygw alone: a file for a line a request
 * @returns undefined when it is not installed
 */
export async function startStore(
  name: StoreName,
  {
    dir,
    tls,
    requestLog,
    keepAlive = false,
  }: {
    dir: string;
    tls: { cert: string; key: string; ca: string };
    requestLog: string | undefined;
    keepAlive?: boolean;
  },
): Promise<DeployedStore | undefined> {
  const identities = Object.fromEntries(
    IDENTITIES.map((one) => [one, { accessKeyId: one, secretAccessKey: randomBytes(20).toString("hex") }]),
  ) as Record<IdentityName, S3Credentials>;
  // With more identities than ext4 has room for in an attribute, versitygw's policy lies in a file.
  const engine =
    name === "minio"
      ? await startMinio({ dir, tls })
      : await startVersitygw({
          dir,
          tls,
          users: Object.values(identities),
          sidecar: true,
          keepAlive,
          ...(requestLog !== undefined && { requestLog }),
        });
  if (!engine) return undefined;
  const { endpoint, region, root } = engine;
  const deny = (denials: readonly Denial[]) =>
    name === "minio"
      ? giveRights(engine, identities, denials, tls.ca)
      : setBucketPolicies(engine, denials, tls.ca);
  try {
    const connection = { endpoint, region, credentials: root, ca: tls.ca };
    await makeBuckets({ ...connection, buckets: BUCKETS });
    await makeBuckets({ ...connection, buckets: { ...BUCKETS, keyring: COPY_BUCKET } });
    await deny([]);
  } catch (error) {
    await engine.stop("SIGKILL");
    throw error;
  }
  return { engine, identities, deny };
}

async function setBucketPolicies(engine: S3Engine, denials: readonly Denial[], ca: string): Promise<void> {
  const { endpoint, region, root: credentials } = engine;
  const requestHandler = { httpsAgent: { ca } };
  const admin = new S3Client({ endpoint, region, credentials, forcePathStyle: true, requestHandler });
  for (const [kind, bucket] of Object.entries(BY_KIND) as [PolicyKind, string][]) {
    const policy = JSON.parse(await policyOf(kind, bucket)) as Policy;
    const more = denials
      .filter((denial) => denial.bucket === kind)
      .map((denial) => ({ ...statement(denial), Principal: { AWS: denial.identity } }));
    const Policy = JSON.stringify({ ...policy, Statement: [...policy.Statement, ...more] });
    await admin.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }));
  }
  admin.destroy();
}

async function giveRights(
  engine: S3Engine,
  identities: Readonly<Record<IdentityName, S3Credentials>>,
  denials: readonly Denial[],
  ca: string,
): Promise<void> {
  const all = IDENTITIES.map(async (identity) => {
    const policy = JSON.parse(await minioPolicyOf(identity, BY_KIND)) as Policy;
    const more = denials.filter((denial) => denial.identity === identity).map(statement);
    return {
      credentials: identities[identity],
      policy: JSON.stringify({ ...policy, Statement: [...policy.Statement, ...more] }),
    };
  });
  await importMinioIdentities(engine, await Promise.all(all), ca);
}

function statement({ bucket, actions, key }: Denial): object {
  return { Effect: "Deny", Action: actions, Resource: `arn:aws:s3:::${BY_KIND[bucket]}/${key}` };
}
