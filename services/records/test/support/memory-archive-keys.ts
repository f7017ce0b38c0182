import {
  generateArchiveKey,
  onlyKey,
  type PrivateKey,
  readRecipients,
  type RecipientList,
  unlockPrivateKey,
} from "@daybook/openpgp";
import type { ArchiveKeys } from "../../src/index.ts";

const PASSPHRASE = "test";

/** A key pair, and its private half as `gpg` imports it. */
export interface TestKey {
  readonly privateKey: PrivateKey;
  readonly publicKey: string;
  readonly armored: string;
}

let first: Promise<TestKey> | undefined;

export async function makeKey(type: "curve25519" | "rsa3072" = "curve25519"): Promise<TestKey> {
  const made = await generateArchiveKey({ userId: { name: "Test" }, passphrase: PASSPHRASE, type });
  const privateKey = await unlockPrivateKey(made.privateKey, PASSPHRASE);
  return { privateKey, publicKey: made.publicKey, armored: made.privateKey };
}

/** The archive's keys in memory. The first is the same for all tests: making one takes a while. */
export class MemoryArchiveKeys implements ArchiveKeys {
  readonly passphrase = PASSPHRASE;
  readonly held: TestKey[];
  /** What the next replacements of the list come to. */
  readonly faults: "lost"[] = [];
  #list: RecipientList;

  private constructor(key: TestKey, list: RecipientList) {
    this.held = [key];
    this.#list = list;
  }

  static async create(): Promise<MemoryArchiveKeys> {
    const key = await (first ??= makeKey());
    return new MemoryArchiveKeys(key, await readRecipients(key.publicKey));
  }

  recipients(): RecipientList {
    return this.#list;
  }

  privateKeys(): readonly PrivateKey[] {
    return this.held
      .map(({ privateKey }) => privateKey)
      .filter(({ fingerprint }) => !this.#list.find(fingerprint)?.retired);
  }

  refresh(): Promise<void> {
    return Promise.resolve();
  }

  async generate(): Promise<string> {
    const key = await makeKey();
    this.held.push(key);
    return key.publicKey;
  }

  replace(list: RecipientList): Promise<void> {
    if (this.faults.shift()) return Promise.reject(new Error("the disk is full"));
    this.#list = list;
    return Promise.resolve();
  }

  /** As by ceremony. @returns its fingerprint */
  async place(key: TestKey): Promise<string> {
    this.held.push(key);
    return (await onlyKey(key.publicKey)).fingerprint;
  }
}
