import { type KeyLine, SessionKey } from "@daybook/openpgp";
import type { KeyringHomes } from "./keyring-homes.ts";

const KEY_BYTES = 32;
/** Memory for decrypted session keys: those of some two million records. */
const MAX_CACHED_BYTES = 64 * 1024 * 1024;
/** What a block costs besides its keys. */
const OVERHEAD_BYTES = 512;

/** The session keys of one segment. */
export interface BlockKeys {
  /** Undefined where the line is gone: the record was disposed of. */
  of(index: number, attachment?: number): SessionKey | undefined;
  readonly sizeBytes: number;
}

/** Opens key blocks with the archive's private key and remembers a bounded number of them, in memory only. */
export class KeyRing {
  readonly #homes: KeyringHomes;
  readonly #maxBytes: number;
  readonly #blocks = new Map<string, Promise<BlockKeys>>();
  #bytes = 0;

  constructor(homes: KeyringHomes, maxBytes = MAX_CACHED_BYTES) {
    this.#homes = homes;
    this.#maxBytes = maxBytes;
  }

  /** @throws {ArchiveError} `object-missing`, `undecryptable`, `store-unavailable` (retryable) */
  async keys(block: string): Promise<BlockKeys> {
    const known = this.#blocks.get(block);
    if (known) {
      this.#blocks.delete(block);
      this.#blocks.set(block, known);
      return known;
    }
    const loading = this.read(block);
    this.#blocks.set(block, loading);
    try {
      const keys = await loading;
      if (this.#blocks.get(block) === loading) this.#grow(keys.sizeBytes);
      return keys;
    } catch (error) {
      if (this.#blocks.get(block) === loading) this.#blocks.delete(block);
      throw error;
    }
  }

  /** As `keys`, from the keyring as it is now and without remembering it. */
  async read(block: string): Promise<BlockKeys> {
    return packKeys(await this.#homes.lines(block));
  }

  /** Drops everything remembered: keys that were destroyed must not live on here. */
  forget(): void {
    this.#blocks.clear();
    this.#bytes = 0;
  }

  #grow(by: number): void {
    this.#bytes += by;
    for (const [block, keys] of this.#blocks) {
      if (this.#bytes <= this.#maxBytes || this.#blocks.size === 1) return;
      this.#blocks.delete(block);
      void keys.then(
        ({ sizeBytes }) => (this.#bytes -= sizeBytes),
        () => undefined,
      );
      return;
    }
  }
}

/** Records' keys in one buffer, since objects of their own would take five times as much. */
function packKeys(lines: readonly KeyLine[]): BlockKeys {
  const records = lines.filter((line) => line.attachment === undefined);
  const first = records[0]?.index ?? 0;
  const span = (records.at(-1)?.index ?? -1) - first + 1;
  // Lines stand in order and a segment has few thousand of them: holes are where records were disposed of.
  const keys = Buffer.alloc(Math.max(span, 0) * KEY_BYTES);
  const present = new Uint8Array(Math.max(span, 0));
  const attachments = new Map<string, SessionKey>();
  for (const { index, attachment, key } of lines) {
    if (attachment !== undefined) attachments.set(`${index}.${attachment}`, key);
    else {
      keys.set(key.bytes, (index - first) * KEY_BYTES);
      present[index - first] = 1;
    }
  }
  return {
    sizeBytes: keys.length + present.length + attachments.size * 256 + OVERHEAD_BYTES,
    of(index, attachment) {
      if (attachment !== undefined) return attachments.get(`${index}.${attachment}`);
      const at = index - first;
      return present[at] === 1
        ? new SessionKey(keys.subarray(at * KEY_BYTES, (at + 1) * KEY_BYTES))
        : undefined;
    },
  };
}
