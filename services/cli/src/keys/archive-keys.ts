import { hash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  generateArchiveKey,
  type PrivateKey,
  RecipientList,
  type Recipient,
  unlockPrivateKey,
} from "@daybook/openpgp";
import type { ArchiveKeys } from "@daybook/records";
import type { RecipientsFile } from "./recipients-file.ts";
import { writeDurably } from "./write-durably.ts";

const PRIVATE = /^archive-private(?:-[0-9A-F]{40})?\.asc$/;

export interface ArchiveKeyOptions {
  /** Where private keys are: `archive-private.asc` and `archive-private-FINGERPRINT.asc`, under one passphrase. */
  readonly privateDir: string;
  readonly passphrase: string;
  readonly recipients: Pick<RecipientsFile, "list" | "refresh" | "replace">;
  /** Whether this machine makes new keys itself; else they are placed by ceremony. */
  readonly generates: boolean;
}

/** The archive's keys in files of this machine. */
export class FileArchiveKeys implements ArchiveKeys {
  readonly #options: ArchiveKeyOptions;
  readonly #passphrase: string;
  /** By the digest of their file: unlocking takes some tenths of a second, and is done once. */
  #unlocked: ReadonlyMap<string, PrivateKey> = new Map();
  readonly generate: (() => Promise<string>) | undefined;

  private constructor(options: ArchiveKeyOptions) {
    this.#options = options;
    this.#passphrase = options.passphrase;
    this.generate = options.generates ? () => this.#generate() : undefined;
  }

  /** @throws {ArchiveError} `undecryptable`: another passphrase; `malformed` */
  static async open(options: ArchiveKeyOptions): Promise<FileArchiveKeys> {
    const keys = new FileArchiveKeys(options);
    await keys.#unlock();
    return keys;
  }

  recipients(): RecipientList {
    const { list } = this.#options.recipients;
    const held = new Set([...this.#unlocked.values()].map(({ fingerprint }) => fingerprint));
    // Plain armored keys do not say what they are: an archive key is one that opens the archive.
    const plain = list.keys.every(({ role, from, retired }) => role === "archive" && !from && !retired);
    if (!plain || !list.keys.some(({ recipient }) => held.has(recipient.fingerprint))) return list;
    return new RecipientList(
      list.keys.map(({ recipient }) => ({
        recipient,
        role: held.has(recipient.fingerprint) ? "archive" : "escrow",
      })),
    );
  }

  /** Those in force, to encrypt to. */
  inForce(now: Date): readonly Recipient[] {
    return this.#options.recipients.list.inForce(now);
  }

  privateKeys(): readonly PrivateKey[] {
    const { list } = this.#options.recipients;
    return [...this.#unlocked.values()].filter(({ fingerprint }) => !list.find(fingerprint)?.retired);
  }

  async refresh(): Promise<void> {
    await this.#options.recipients.refresh();
    await this.#unlock();
  }

  replace(list: RecipientList): Promise<void> {
    return this.#options.recipients.replace(list);
  }

  async #generate(): Promise<string> {
    const made = await generateArchiveKey({
      userId: { name: "Daybook archive" },
      passphrase: this.#passphrase,
      type: "curve25519",
    });
    await writeDurably(
      join(this.#options.privateDir, `archive-private-${made.fingerprint}.asc`),
      made.privateKey,
    );
    await this.#unlock();
    return made.publicKey;
  }

  async #unlock(): Promise<void> {
    const names = (await readdir(this.#options.privateDir)).filter((name) => PRIVATE.test(name)).sort();
    const files = await Promise.all(
      names.map((name) => readFile(join(this.#options.privateDir, name), "utf8")),
    );
    this.#unlocked = new Map(
      await Promise.all(
        files.map(async (text): Promise<[string, PrivateKey]> => {
          const digest = hash("sha256", text);
          return [digest, this.#unlocked.get(digest) ?? (await unlockPrivateKey(text, this.#passphrase))];
        }),
      ),
    );
  }
}
