import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetObjectRetentionCommand,
  HeadObjectCommand,
  type ObjectLockRetentionMode,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectRetentionCommand,
} from "@aws-sdk/client-s3";
import type { Bucket } from "./bucket.ts";
import { outcomeOf } from "./outcome.ts";
import { attempt } from "./probe-attempt.ts";
import { uploadInParts } from "./upload.ts";

const DAY_MS = 86_400_000;
const CONTENT = "an object of the probe, locked";

interface Version {
  readonly Bucket: string;
  readonly Key: string;
  readonly VersionId: string | undefined;
}

/**
 * Locks an object for each attack, attacks it with the right to bypass what can be bypassed, and looks at it.
 * Errors as the store gives them.
 *
 * @returns what the store let through, a line each
 */
export async function tryLocks(
  bucket: Bucket,
  prefix: string,
  mode: ObjectLockRetentionMode,
): Promise<string[]> {
  const { client, name } = bucket;
  const until = new Date(Math.ceil(Date.now() / 1_000) * 1_000 + DAY_MS);
  const retain = (at: Version, Mode: ObjectLockRetentionMode, RetainUntilDate: Date) =>
    client.send(
      new PutObjectRetentionCommand({
        ...at,
        Retention: { Mode, RetainUntilDate },
        BypassGovernanceRetention: true,
      }),
    );
  const attacks: Readonly<Record<string, (at: Version) => Promise<unknown>>> = {
    "removed a locked version": (at) => client.send(new DeleteObjectCommand(at)),
    "removed a locked version for one who may bypass locks": (at) =>
      client.send(new DeleteObjectCommand({ ...at, BypassGovernanceRetention: true })),
    "removed a locked version in a batch": ({ Bucket, ...version }) =>
      client.send(
        new DeleteObjectsCommand({ Bucket, Delete: { Objects: [version] }, BypassGovernanceRetention: true }),
      ),
    "shortened a lock": (at) => retain(at, mode, new Date(until.getTime() - DAY_MS / 2)),
    "weakened a lock to GOVERNANCE": (at) => retain(at, "GOVERNANCE", until),
  };
  const problems: string[] = [];
  for (const [index, [line, attack]] of Object.entries(attacks).entries()) {
    const at = await putLocked(bucket, `${prefix}/lock-${index}`, mode, until);
    if (!(await isLocked(bucket, at, mode, until))) {
      return [`bucket ${name} says that it locked an object, and did not: use a store with Object Lock`];
    }
    await attempt(attack(at));
    if (!(await isLocked(bucket, at, mode, until))) problems.push(letThrough(name, line));
  }
  const inParts = await putInParts(bucket, `${prefix}/parts`, until);
  await attempt(client.send(new DeleteObjectCommand(inParts)));
  if (!(await isLocked(bucket, inParts, "COMPLIANCE", until))) {
    problems.push(letThrough(name, "removed a locked version that was written in parts"));
  }
  if (await suspends(bucket)) problems.push(letThrough(name, "suspended versioning"));
  return problems;
}

function letThrough(name: string, what: string): string {
  return `bucket ${name} ${what}: records would not be safe; use a store that keeps Object Lock's promises`;
}

async function putLocked({ client, name }: Bucket, Key: string, mode: ObjectLockRetentionMode, until: Date) {
  const { VersionId } = await client.send(
    new PutObjectCommand({
      Bucket: name,
      Key,
      Body: CONTENT,
      IfNoneMatch: "*",
      ChecksumAlgorithm: "SHA256",
      ObjectLockMode: mode,
      ObjectLockRetainUntilDate: until,
    }),
  );
  return { Bucket: name, Key, VersionId };
}

async function putInParts(bucket: Bucket, key: string, retainUntil: Date): Promise<Version> {
  const body = Buffer.from(CONTENT);
  await uploadInParts(bucket, { key, body, retainUntil }, body.length);
  const at = { Bucket: bucket.name, Key: key };
  const { VersionId } = await bucket.client.send(new HeadObjectCommand(at));
  return { ...at, VersionId };
}

/** Whether the version can be read and its lock is, at the least, what was asked for. */
async function isLocked(
  { client }: Bucket,
  at: Version,
  mode: ObjectLockRetentionMode,
  until: Date,
): Promise<boolean> {
  try {
    const { Body } = await client.send(new GetObjectCommand(at));
    const { Retention } = await client.send(new GetObjectRetentionCommand(at));
    return (
      (await Body?.transformToString()) === CONTENT &&
      Retention?.Mode === mode &&
      Retention.RetainUntilDate !== undefined &&
      Retention.RetainUntilDate >= until
    );
  } catch (error) {
    const outcome = outcomeOf(error);
    if (outcome === "missing" || outcome === "unlocked") return false;
    throw error;
  }
}

/** Whether versioning could be suspended. If so it is enabled again. */
async function suspends({ client, name }: Bucket): Promise<boolean> {
  const set = (Status: "Enabled" | "Suspended") =>
    client.send(new PutBucketVersioningCommand({ Bucket: name, VersioningConfiguration: { Status } }));
  await attempt(set("Suspended"));
  const { Status } = await client.send(new GetBucketVersioningCommand({ Bucket: name }));
  if (Status === "Enabled") return false;
  await set("Enabled");
  return true;
}
