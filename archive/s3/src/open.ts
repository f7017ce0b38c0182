import type { Stores } from "@daybook/archive-core";
import { connect, type S3Connection } from "./connect.ts";
import { LockedBucket } from "./locked-bucket.ts";
import { MutableBucket } from "./mutable-bucket.ts";

/** Which bucket holds what: records with versioning and Object Lock, the others with neither. */
export interface S3Buckets {
  readonly records: string;
  readonly heads: string;
  readonly keyring: string;
}

export interface S3StoresOptions extends S3Connection {
  readonly buckets: S3Buckets;
  /** A second home of the keyring, under other administrators and so with credentials of its own. */
  readonly keyringCopy?: S3Connection & { readonly bucket: string };
  /** Bodies above this go in parts, one of them in memory. At least 5 MiB, as S3 demands. */
  readonly partBytes?: number;
}

const MIN_PART = 5 * 1024 * 1024;

/**
 * Opens the stores of a deployment on S3. Asks nothing of the store yet: see `checkBuckets` and `probeLocks`. Besides
 * the errors of the ports, each operation throws `StoreRefusedError` where an administrator must act.
 *
 * @throws {RangeError} when two stores share a bucket, or a part is too small
 */
export function openS3Stores(options: S3StoresOptions): Stores {
  const { buckets, keyringCopy, partBytes = 8 * 1024 * 1024 } = options;
  const names = [buckets.records, buckets.heads, buckets.keyring];
  if (new Set(names).size < names.length) throw new RangeError("each store needs a bucket of its own");
  if (partBytes < MIN_PART) throw new RangeError("S3 takes no parts below 5 MiB");
  const client = connect(options);
  const once = connect({ ...options, attempts: 1 });
  return {
    records: new LockedBucket({ client, name: buckets.records }, partBytes),
    heads: new MutableBucket({ client, name: buckets.heads }, once),
    keyring: new MutableBucket({ client, name: buckets.keyring }, once),
    ...(keyringCopy && {
      keyringCopy: new MutableBucket(
        { client: connect(keyringCopy), name: keyringCopy.bucket },
        connect({ ...keyringCopy, attempts: 1 }),
      ),
    }),
  };
}
