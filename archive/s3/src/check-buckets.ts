import {
  type DefaultRetention,
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  S3ServiceException,
} from "@aws-sdk/client-s3";
import type { Bucket } from "./bucket.ts";
import { connect } from "./connect.ts";
import type { S3StoresOptions } from "./open.ts";
import { asPortError, outcomeOf } from "./outcome.ts";
import { UnfitStoreError } from "./unfit-store.ts";

const DAYS_PER_YEAR = 366;

/**
 * Looks at the settings of a deployment's buckets, and changes nothing. May be repeated.
 *
 * @param options.horizonDays to which every object is locked at first: a longer default would outlast disposal
 * @throws {UnfitStoreError} with every fault found
 * @throws {ArchiveError} `store-unavailable`
 */
export async function checkBuckets(
  options: S3StoresOptions & { readonly horizonDays?: number },
): Promise<void> {
  const { buckets, keyringCopy, horizonDays = 400 } = options;
  const client = connect(options);
  const changing: Bucket[] = [
    { client, name: buckets.heads },
    { client, name: buckets.keyring },
    ...(keyringCopy ? [{ client: connect(keyringCopy), name: keyringCopy.bucket }] : []),
  ];
  try {
    const problems = await Promise.all([
      check({ client, name: buckets.records }, (found) => recordsProblems(found, horizonDays)),
      ...changing.map((bucket) => check(bucket, changingProblems)),
    ]);
    if (problems.flat().length > 0) throw new UnfitStoreError(problems.flat());
  } finally {
    for (const bucket of changing) bucket.client.destroy();
  }
}

interface Settings {
  readonly versioning: "Enabled" | "Suspended" | undefined;
  readonly hasLock: boolean;
  readonly retention: DefaultRetention | undefined;
}

function recordsProblems({ versioning, hasLock, retention }: Settings, horizonDays: number): string[] {
  const problems: string[] = [];
  if (versioning !== "Enabled")
    problems.push("has no versioning: records need it for their locks; enable it");
  if (!hasLock) problems.push("has no Object Lock: records could be removed; make a bucket that has it");
  const days = retention?.Days ?? (retention?.Years ?? 0) * DAYS_PER_YEAR;
  if (days > horizonDays) {
    problems.push(
      `locks by default for ${days} days, beyond the horizon of ${horizonDays}: disposal would fail; take the default off`,
    );
  }
  return problems;
}

function changingProblems({ versioning, hasLock }: Settings): string[] {
  const problems: string[] = [];
  if (versioning !== undefined) {
    problems.push("has, or had, versioning: what is replaced or destroyed would stay; make a bucket without");
  }
  if (hasLock)
    problems.push("has Object Lock: what must change or be destroyed could not; make a bucket without");
  return problems;
}

/** What is wrong with one bucket, by its name. */
async function check(bucket: Bucket, judge: (found: Settings) => string[]): Promise<string[]> {
  const problems = await settingsOf(bucket).then(judge, (error: unknown) => {
    // What nobody answered, such as over a certificate that is not trusted, is no bucket's fault.
    if (outcomeOf(error) !== "refused" || !(error instanceof S3ServiceException)) throw asPortError(error);
    if (error.name === "NoSuchBucket") return ["does not exist: create it, or correct its name"];
    return [
      `does not show its settings (${error.name}): check the credentials, and allow ` +
        "s3:GetBucketVersioning and s3:GetBucketObjectLockConfiguration",
    ];
  });
  return problems.map((problem) => `bucket ${bucket.name} ${problem}`);
}

async function settingsOf({ client, name }: Bucket): Promise<Settings> {
  const { Status } = await client.send(new GetBucketVersioningCommand({ Bucket: name }));
  const lock = await client
    .send(new GetObjectLockConfigurationCommand({ Bucket: name }))
    .then(({ ObjectLockConfiguration }) => ObjectLockConfiguration)
    .catch((error: unknown) => {
      if (outcomeOf(error) === "missing") return undefined;
      throw error;
    });
  return {
    versioning: Status,
    hasLock: lock?.ObjectLockEnabled === "Enabled",
    retention: lock?.Rule?.DefaultRetention,
  };
}
