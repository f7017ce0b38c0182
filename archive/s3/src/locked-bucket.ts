import {
  GetObjectRetentionCommand,
  HeadObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectRetentionCommand,
} from "@aws-sdk/client-s3";
import {
  ArchiveError,
  type Body,
  type Expirer,
  type LockedObject,
  type LockedReader,
  type LockedWriter,
  type LockExtender,
  type Measured,
  Turns,
} from "@daybook/archive-core";
import { type Bucket, listKeys, listObjects, open, pieces } from "./bucket.ts";
import { checkKey } from "./key.ts";
import { asPortError, onStore, outcomeOf } from "./outcome.ts";
import { removeVersions } from "./remove-versions.ts";
import { sizeOf, upload } from "./upload.ts";

/** Times that a longer lock is tried which another, lengthening the same, may get in the way of. */
const ATTEMPTS = 3;

/**
 * Write-once objects in a bucket with Object Lock, each with a lock of its own in COMPLIANCE mode. Object Lock
 * binds a version: keys are kept from being written twice by `If-None-Match`, which every write here sends.
 * `extend` belongs to one process at a time.
 */
export class LockedBucket implements LockedWriter, LockedReader, LockExtender, Expirer, Measured {
  readonly #bucket: Bucket;
  readonly #partBytes: number;
  readonly #turns = new Turns();

  /** @param partBytes above which a body goes in parts; at least 5 MiB, as S3 demands */
  constructor(bucket: Bucket, partBytes: number) {
    this.#bucket = bucket;
    this.#partBytes = partBytes;
  }

  async put(object: {
    key: string;
    body: Body;
    retainUntil: Date;
    sha256?: string;
  }): Promise<{ created: boolean }> {
    const { key, body } = object;
    checkKey(key);
    const retainUntil = wholeSecond(object.retainUntil);
    try {
      // Spares the transfer of what is there.
      if (sizeOf(body) > this.#partBytes && (await this.#isThere(key, retainUntil)))
        return { created: false };
      await upload(this.#bucket, { ...object, retainUntil }, this.#partBytes);
      return { created: true };
    } catch (error) {
      const outcome = outcomeOf(error);
      if (outcome !== "taken" && outcome !== "retry") throw asPortError(error);
      // Unanswered, it may be there; refused as taken, it may be gone again, or its lock not yet set.
      if (await onStore(() => this.#isThere(key, retainUntil))) return { created: false };
      throw new ArchiveError("store-unavailable", "the store did not keep an object", { cause: error });
    }
  }

  async get(key: string, range?: { start: number; end: number }): Promise<Uint8Array> {
    const { start = 0, end = Infinity } = range ?? {};
    if (!(start >= 0 && end >= start)) throw new RangeError("a range ends at or after its start, from 0 on");
    checkKey(key);
    return onStore(async () => {
      if (start === end) {
        if (!(await this.#stat(key))) throw missing();
        return new Uint8Array();
      }
      try {
        const { body } = await open(
          this.#bucket,
          key,
          range && `bytes=${start}-${end === Infinity ? "" : end - 1}`,
        );
        return await body.transformToByteArray();
      } catch (error) {
        if (outcomeOf(error) === "beyond-end") return new Uint8Array();
        throw error;
      }
    });
  }

  async *stream(key: string): AsyncGenerator<Uint8Array, void, undefined> {
    checkKey(key);
    const { body } = await onStore(() => open(this.#bucket, key));
    yield* pieces(body as unknown as AsyncIterable<Uint8Array>);
  }

  async stat(key: string): Promise<LockedObject | undefined> {
    checkKey(key);
    return onStore(() => this.#stat(key));
  }

  async *list(prefix: string, after?: string): AsyncGenerator<string, void, undefined> {
    yield* listKeys(this.#bucket, prefix, after);
  }

  async *sizes(prefix: string): AsyncGenerator<{ key: string; sizeBytes: number }, void, undefined> {
    yield* listObjects(this.#bucket, prefix);
  }

  async extend(key: string, retainUntil: Date): Promise<void> {
    checkKey(key);
    const until = wholeSecond(retainUntil);
    // versitygw compares dates and sets the new one in two steps: of two at once the shorter may stay.
    await this.#turns.take(key, () => onStore(() => this.#extend(key, until)));
  }

  async setLegalHold(key: string, on: boolean): Promise<void> {
    checkKey(key);
    await onStore(async () => {
      // Asked first: versitygw takes the hold of a mere prefix for done.
      if (!(await this.#lockOf(key))) throw missing();
      const LegalHold = { Status: on ? "ON" : "OFF" } as const;
      await this.#bucket.client.send(new PutObjectLegalHoldCommand({ ...this.#at(key), LegalHold }));
    });
  }

  async remove(key: string): Promise<void> {
    checkKey(key);
    await onStore(() => removeVersions(this.#bucket, key));
  }

  /** Whether the key is taken. What has no lock at all gets one: some stores set it after the object appears. */
  async #isThere(key: string, retainUntil: Date): Promise<boolean> {
    const object = await this.#stat(key);
    if (object?.retainUntil.getTime() === UNLOCKED.getTime()) await this.#lock(key, retainUntil);
    return object !== undefined;
  }

  async #extend(key: string, until: Date): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const before = await this.#lockOf(key);
      if (!before) throw missing();
      if (before >= until) return;
      try {
        await this.#lock(key, until);
        return;
      } catch (error) {
        if (outcomeOf(error) !== "refused" || attempt === ATTEMPTS) throw error;
      }
    }
  }

  /** Until when an object is locked, for one who may not read it; undefined when there is none. */
  async #lockOf(key: string): Promise<Date | undefined> {
    try {
      const { Retention } = await this.#bucket.client.send(new GetObjectRetentionCommand(this.#at(key)));
      return Retention?.RetainUntilDate ?? UNLOCKED;
    } catch (error) {
      const outcome = outcomeOf(error);
      if (outcome === "missing") return undefined;
      if (outcome === "unlocked") return (await this.#stat(key))?.retainUntil;
      throw error;
    }
  }

  async #lock(key: string, until: Date): Promise<void> {
    await this.#bucket.client.send(
      new PutObjectRetentionCommand({
        ...this.#at(key),
        Retention: { Mode: "COMPLIANCE", RetainUntilDate: until },
      }),
    );
  }

  async #stat(key: string): Promise<LockedObject | undefined> {
    try {
      const head = await this.#bucket.client.send(new HeadObjectCommand(this.#at(key)));
      return {
        sizeBytes: head.ContentLength ?? 0,
        retainUntil: head.ObjectLockRetainUntilDate ?? UNLOCKED,
        legalHold: head.ObjectLockLegalHoldStatus === "ON",
      };
    } catch (error) {
      if (outcomeOf(error) === "missing") return undefined;
      throw error;
    }
  }

  #at(key: string) {
    return { Bucket: this.#bucket.name, Key: key };
  }
}

/** What `stat` says of an object that has no lock. */
const UNLOCKED = new Date(0);

/** S3 keeps whole seconds; rounding up never unlocks early. */
function wholeSecond(date: Date): Date {
  return new Date(Math.ceil(date.getTime() / 1_000) * 1_000);
}

function missing(): ArchiveError {
  return new ArchiveError("object-missing", "no such object");
}
