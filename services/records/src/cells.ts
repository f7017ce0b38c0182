import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from "node:crypto";
import { RecordsError } from "./error.ts";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Seals the names and numbers of the registry for PostgreSQL. The same text in the same place gives the same
 * bytes, so that tables made again from the audit log are the same tables; in another place it does not.
 */
export interface Cells {
  /** @param place table, column and row: a cell opens only where it was sealed */
  seal(place: string, text: string): Buffer;
  /** @throws {RecordsError} `corrupt`: altered, moved, or of another key */
  open(place: string, cell: Uint8Array): string;
  /** What to look a text up by: 16 bytes that tell nothing without the key. */
  lookup(domain: string, ...parts: string[]): Buffer;
}

/** @param registryKey 32 bytes; three keys are derived from it, for sealing, for nonces and for look-ups */
export function createCells(registryKey: Uint8Array): Cells {
  const derive = (info: string) =>
    Buffer.from(hkdfSync("sha256", registryKey, Buffer.alloc(0), `daybook/registry/${info}`, 32));
  const sealing = derive("cell");
  const nonces = derive("nonce");
  const lookups = derive("lookup");
  return {
    seal(place, text) {
      // Derived, not random: a nonce recurs only with the text and place that it came from.
      const nonce = createHmac("sha256", nonces)
        .update(JSON.stringify([place, text]))
        .digest()
        .subarray(0, NONCE_BYTES);
      const cipher = createCipheriv("aes-256-gcm", sealing, nonce).setAAD(Buffer.from(place));
      return Buffer.concat([nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
    },
    open(place, cell) {
      const bytes = Buffer.from(cell);
      const tagAt = bytes.length - TAG_BYTES;
      if (tagAt < NONCE_BYTES) throw damaged();
      const decipher = createDecipheriv("aes-256-gcm", sealing, bytes.subarray(0, NONCE_BYTES))
        .setAAD(Buffer.from(place))
        .setAuthTag(bytes.subarray(tagAt));
      try {
        return (
          decipher.update(bytes.subarray(NONCE_BYTES, tagAt), undefined, "utf8") + decipher.final("utf8")
        );
      } catch {
        throw damaged();
      }
    },
    lookup: (domain, ...parts) =>
      createHmac("sha256", lookups)
        .update(JSON.stringify([domain, ...parts]))
        .digest()
        .subarray(0, 16),
  };
}

/** A name as it is looked up: compatibility forms, case and white space make no difference. */
export function foldName(name: string): string {
  return name.normalize("NFKC").toUpperCase().toLowerCase().replaceAll(/\s+/gu, " ").trim();
}

function damaged(): RecordsError {
  return new RecordsError(
    "corrupt",
    "a sealed cell of the registry does not open: is this the registry key?",
  );
}
