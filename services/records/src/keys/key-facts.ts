import { instant } from "@daybook/contract";
import { z } from "zod";

const uuid = z.uuid();
const fingerprint = z.string().regex(/^[0-9A-F]{40}$/);
const count = z.int().nonnegative();
const name = z.string().min(1).max(512);

/** What audit events say of the archive's keys, by their action: see `factSchemas`. */
export const keyFacts = {
  /** A recipient from an instant on. */
  "key.add": z.strictObject({
    change: uuid,
    id: uuid,
    fingerprint,
    role: z.enum(["archive", "escrow"]),
    /** Null: from the beginning on. */
    from: instant.nullable(),
    /** Armored. */
    publicKey: z.string().max(64 * 1024),
  }),
  /** Nothing is encrypted to it any more, and nothing needs it: how many things were looked at, by where they are. */
  "key.retire": z.strictObject({
    change: uuid,
    id: uuid,
    fingerprint,
    checked: z.record(z.string().max(64), count),
  }),
  "key.rewrap": z.strictObject({ change: uuid, id: uuid, to: fingerprint, drop: fingerprint.nullable() }),
  /** What is wrapped again next: the names from `first` to `last` that are not yet wrapped as wanted. */
  "key.rewrap-batch": z.strictObject({
    change: uuid,
    id: uuid,
    home: z.enum(["keyring", "keyring-copy", "catalogue"]),
    count,
    first: name,
    last: name,
    /** SHA-256 of the names, each followed by a line feed, hex. */
    digest: z.string().regex(/^[0-9a-f]{64}$/),
  }),
  "key.rewrap-end": z.strictObject({
    change: uuid,
    id: uuid,
    /** By the run that ended it. */
    rewrapped: count,
    /** What could not be opened, and the first of their names. */
    failed: count,
    failures: z.array(name).max(100),
    complete: z.boolean(),
  }),
} as const;
