import {
  DeleteObjectCommand,
  GetObjectLegalHoldCommand,
  GetObjectRetentionCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
} from "@aws-sdk/client-s3";
import { ArchiveError } from "@daybook/archive-core";
import type { Bucket } from "./bucket.ts";
import { outcomeOf } from "./outcome.ts";

/**
 * Removes every version of an object, by its id, if none is locked or held: never by a marker that only hides
 * it. Markers go first and the newest version last, so that one that is left is one that can be read. Errors as
 * the store gives them.
 *
 * @throws {ArchiveError} `object-locked`
 */
export async function removeVersions(bucket: Bucket, key: string): Promise<void> {
  const { versions, markers } = await findVersions(bucket, key);
  for (const id of versions) await refuseIfLocked(bucket, key, id);
  for (const id of [...markers, ...versions.toReversed()]) {
    try {
      await bucket.client.send(new DeleteObjectCommand({ Bucket: bucket.name, Key: key, VersionId: id }));
    } catch (error) {
      const outcome = outcomeOf(error);
      if (outcome === "refused") await refuseIfLocked(bucket, key, id);
      if (outcome !== "missing") throw error;
    }
  }
}

/** Ids, newest first. A store may repeat entries at the edges of pages. */
async function findVersions(bucket: Bucket, key: string) {
  const versions = new Set<string>();
  const markers = new Set<string>();
  let page: ListObjectVersionsCommandOutput | undefined;
  do {
    page = await bucket.client.send(
      new ListObjectVersionsCommand({
        Bucket: bucket.name,
        Prefix: key,
        ...(page && { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker }),
      }),
    );
    for (const found of page.Versions ?? [])
      if (found.Key === key && found.VersionId) versions.add(found.VersionId);
    for (const found of page.DeleteMarkers ?? []) {
      if (found.Key === key && found.VersionId) markers.add(found.VersionId);
    }
    // Keys that go on after this one come after all of its versions.
  } while (page.IsTruncated && page.NextKeyMarker === key);
  return { versions: [...versions], markers: [...markers] };
}

/** Asks rather than trusts the deletion alone: a store may forget a hold once the date has passed. */
async function refuseIfLocked(bucket: Bucket, key: string, id: string): Promise<void> {
  // Not by HEAD: versitygw leaves the lock of an older version out of it.
  const at = { Bucket: bucket.name, Key: key, VersionId: id };
  const hold = await orNone(bucket.client.send(new GetObjectLegalHoldCommand(at)));
  if (hold?.LegalHold?.Status === "ON") {
    throw new ArchiveError("object-locked", "the object is under a legal hold: release it first");
  }
  const retention = await orNone(bucket.client.send(new GetObjectRetentionCommand(at)));
  const until = retention?.Retention?.RetainUntilDate;
  if (until && until > new Date()) {
    throw new ArchiveError("object-locked", `the object is locked until ${until.toISOString()}`);
  }
}

async function orNone<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    const outcome = outcomeOf(error);
    if (outcome === "missing" || outcome === "unlocked") return undefined;
    throw error;
  }
}
