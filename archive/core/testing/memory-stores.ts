import { createHash, randomBytes } from "node:crypto";
import {
  ArchiveError,
  type Body,
  type Expirer,
  type LockedObject,
  type LockedReader,
  type LockedWriter,
  type LockExtender,
  type Measured,
  type MutableStore,
} from "../src/index.ts";

/**
 * `lost`: the operation does not happen. `kept`: it happens and only its answer is lost, as in a timeout; both
 * throw `store-unavailable`. `full`: it does not happen, and throws `store-full`.
 */
export type Fault = "lost" | "kept" | "full";

/** Told of each operation before and after it happens. What it throws, the caller gets: a crash, for instance. */
export type Hook<Operation extends string> = (
  at: { readonly operation: Operation; readonly key: string },
  when: "before" | "after",
) => void | Promise<void>;

/** Makes a memory store misbehave. */
class Misbehaviour<Operation extends string> {
  readonly #faults: { operation: Operation; fault: Fault }[] = [];
  hook: Hook<Operation> | undefined;

  add(operation: Operation, faults: readonly Fault[]): void {
    this.#faults.push(...faults.map((fault) => ({ operation, fault })));
  }

  async around<T>(operation: Operation, key: string, happen: () => T | Promise<T>): Promise<T> {
    const at = { operation, key };
    await this.hook?.(at, "before");
    const next = this.#faults.findIndex((planned) => planned.operation === operation);
    const fault = next === -1 ? undefined : this.#faults.splice(next, 1)[0]?.fault;
    if (fault === "full") throw new ArchiveError("store-full", "injected: full");
    if (fault === "lost") throw new ArchiveError("store-unavailable", "injected: lost");
    const result = await happen();
    if (fault === "kept") throw new ArchiveError("store-unavailable", "injected: kept");
    await this.hook?.(at, "after");
    return result;
  }
}

interface StoredObject {
  readonly body: Buffer;
  retainUntil: Date;
  legalHold: boolean;
}

export type LockedOperation = "put" | "get" | "stat" | "extend" | "setLegalHold" | "remove";

/** Locked objects in memory. Works, enforces its locks, and fails when told to. */
export class MemoryLockedStore implements LockedWriter, LockedReader, LockExtender, Expirer, Measured {
  readonly objects = new Map<string, StoredObject>();
  readonly #now: () => Date;
  readonly #misbehaviour = new Misbehaviour<LockedOperation>();

  constructor(now: () => Date = () => new Date()) {
    this.#now = now;
  }

  /** Plans what happens to the coming calls of `operation`, in order. */
  fail(operation: LockedOperation, ...faults: readonly Fault[]): void {
    this.#misbehaviour.add(operation, faults);
  }

  set hook(hook: Hook<LockedOperation> | undefined) {
    this.#misbehaviour.hook = hook;
  }

  async put(object: {
    key: string;
    body: Body;
    retainUntil: Date;
    sha256?: string;
  }): Promise<{ created: boolean }> {
    checkKey(object.key);
    return this.#misbehaviour.around("put", object.key, async () => {
      const body = await bytesOf(object.body);
      if (object.sha256 !== undefined && createHash("sha256").update(body).digest("hex") !== object.sha256) {
        throw new ArchiveError("corrupt", "a body does not have the digest that was announced");
      }
      if (this.objects.has(object.key)) return { created: false };
      this.objects.set(object.key, { body, retainUntil: object.retainUntil, legalHold: false });
      return { created: true };
    });
  }

  async get(key: string, range?: { start: number; end: number }): Promise<Uint8Array> {
    const { start = 0, end = Infinity } = range ?? {};
    if (!(start >= 0 && end >= start)) throw new RangeError("a range ends at or after its start, from 0 on");
    return this.#misbehaviour.around("get", key, () =>
      Buffer.from(this.#find(key).body.subarray(start, end)),
    );
  }

  async *stream(key: string): AsyncGenerator<Uint8Array, void, undefined> {
    const body = await this.get(key);
    for (let at = 0; at < body.length; at += 65_536) yield body.subarray(at, at + 65_536);
  }

  async stat(key: string): Promise<LockedObject | undefined> {
    checkKey(key);
    return this.#misbehaviour.around("stat", key, () => {
      const object = this.objects.get(key);
      return (
        object && {
          sizeBytes: object.body.length,
          retainUntil: object.retainUntil,
          legalHold: object.legalHold,
        }
      );
    });
  }

  async *sizes(prefix: string): AsyncGenerator<{ key: string; sizeBytes: number }, void, undefined> {
    for (const key of keysFrom(this.objects, prefix, ""))
      yield { key, sizeBytes: this.objects.get(key)?.body.length ?? 0 };
  }

  async *list(prefix: string, after = ""): AsyncGenerator<string, void, undefined> {
    yield* keysFrom(this.objects, prefix, after);
  }

  async extend(key: string, retainUntil: Date): Promise<void> {
    await this.#misbehaviour.around("extend", key, () => {
      const object = this.#find(key);
      if (retainUntil > object.retainUntil) object.retainUntil = retainUntil;
    });
  }

  async setLegalHold(key: string, on: boolean): Promise<void> {
    await this.#misbehaviour.around("setLegalHold", key, () => {
      this.#find(key).legalHold = on;
    });
  }

  async remove(key: string): Promise<void> {
    checkKey(key);
    await this.#misbehaviour.around("remove", key, () => {
      const object = this.objects.get(key);
      if (object?.legalHold || (object && object.retainUntil > this.#now())) {
        throw new ArchiveError("object-locked", "the object is locked");
      }
      this.objects.delete(key);
    });
  }

  #find(key: string): StoredObject {
    checkKey(key);
    const object = this.objects.get(key);
    if (!object) throw new ArchiveError("object-missing", "no such object");
    return object;
  }
}

export type MutableOperation = "read" | "replace" | "put" | "remove";

/** Objects that change, in memory. Works, and fails when told to. */
export class MemoryMutableStore implements MutableStore, Measured {
  readonly objects = new Map<string, { readonly body: Buffer; readonly tag: string }>();
  readonly #misbehaviour = new Misbehaviour<MutableOperation>();

  /** Plans what happens to the coming calls of `operation`, in order. */
  fail(operation: MutableOperation, ...faults: readonly Fault[]): void {
    this.#misbehaviour.add(operation, faults);
  }

  set hook(hook: Hook<MutableOperation> | undefined) {
    this.#misbehaviour.hook = hook;
  }

  async read(key: string): Promise<{ body: Uint8Array; tag: string } | undefined> {
    checkKey(key);
    return this.#misbehaviour.around("read", key, () => {
      const object = this.objects.get(key);
      return object && { body: Buffer.from(object.body), tag: object.tag };
    });
  }

  async replace(key: string, body: Uint8Array, tag: string | undefined): Promise<string> {
    checkKey(key);
    return this.#misbehaviour.around("replace", key, () => {
      if (this.objects.get(key)?.tag !== tag) {
        throw new ArchiveError("conflict", "the object was changed or removed in the meantime");
      }
      return this.#write(key, body);
    });
  }

  async put(key: string, body: Uint8Array): Promise<void> {
    checkKey(key);
    await this.#misbehaviour.around("put", key, () => void this.#write(key, body));
  }

  async remove(key: string): Promise<void> {
    checkKey(key);
    await this.#misbehaviour.around("remove", key, () => void this.objects.delete(key));
  }

  async *sizes(prefix: string): AsyncGenerator<{ key: string; sizeBytes: number }, void, undefined> {
    for (const key of keysFrom(this.objects, prefix, ""))
      yield { key, sizeBytes: this.objects.get(key)?.body.length ?? 0 };
  }

  async *list(prefix: string): AsyncGenerator<string, void, undefined> {
    yield* keysFrom(this.objects, prefix, "");
  }

  #write(key: string, body: Uint8Array): string {
    const tag = randomBytes(16).toString("hex");
    this.objects.set(key, { body: Buffer.from(body), tag });
    return tag;
  }
}

/** The stores of a deployment in memory: `Stores`, with the handles of the fakes. */
export interface MemoryStores {
  readonly records: MemoryLockedStore;
  readonly heads: MemoryMutableStore;
  readonly keyring: MemoryMutableStore;
  readonly keyringCopy?: MemoryMutableStore;
}

export function memoryStores(options: { now?: () => Date; keyringCopy?: boolean } = {}): MemoryStores {
  return {
    records: new MemoryLockedStore(options.now),
    heads: new MemoryMutableStore(),
    keyring: new MemoryMutableStore(),
    ...(options.keyringCopy && { keyringCopy: new MemoryMutableStore() }),
  };
}

function checkKey(key: string): void {
  const isKey =
    key.length <= 512 && key.split("/").every((s) => /^[A-Za-z0-9._-]+$/.test(s) && s !== "." && s !== "..");
  if (!isKey) throw new ArchiveError("malformed", "not a key of an object");
}

async function bytesOf(body: Body): Promise<Buffer> {
  if (body instanceof Uint8Array) return Buffer.from(body);
  const chunks: Uint8Array[] = [];
  for await (const chunk of body.open()) chunks.push(Uint8Array.from(chunk));
  const bytes = Buffer.concat(chunks);
  if (bytes.length !== body.sizeBytes) {
    throw new ArchiveError("corrupt", "a body is not of the size that was announced");
  }
  return bytes;
}

function keysFrom(objects: ReadonlyMap<string, unknown>, prefix: string, after: string): string[] {
  return [...objects.keys()]
    .filter((key) => key.startsWith(prefix) && key > after)
    .sort((a, b) => (a < b ? -1 : 1));
}
