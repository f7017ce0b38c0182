import { createHash } from "node:crypto";
import {
  type KeyHolder,
  newWrappedKey,
  openPacket,
  type Recipient,
  sealPacket,
  unwrapKey,
} from "@daybook/openpgp";

/**
 * Seals names, titles and words to the archive key. The session key behind it is wrapped once and kept in
 * the catalogue beside its cells, so the writer can seal and cannot open what it sealed before a restart.
 */
export interface CellSealer {
  /** What to seal the coming cells with: another than before once the archive key is another. */
  current(): Promise<SealingKey>;
}

/** One session key, and its wrapping. */
export interface SealingKey {
  /** The session key, encrypted to the archive key: an OpenPGP message. The same for every cell under it. */
  readonly wrapped: Uint8Array;
  /** Never the same bytes twice. */
  seal(plaintext: Uint8Array): Uint8Array;
}

/** Opens cells: only where the archive's private key is. */
export interface CellOpener {
  /** Unwraps a session key; returns what opens the cells under it. */
  unwrap(wrapped: Uint8Array): Promise<(cell: Uint8Array) => Uint8Array>;
}

/**
 * Cells are OpenPGP packets under a session key, which is wrapped for each recipient: a fresh one at the start and
 * whenever the recipients change.
 *
 * @param recipients those in force
 */
export function sealCellsTo(recipients: () => readonly Recipient[]): CellSealer {
  let sealing: { to: string; key: Promise<SealingKey> } | undefined;
  return {
    current() {
      const now = recipients();
      const to = now.map(({ fingerprint }) => fingerprint).join();
      if (sealing?.to === to) return sealing.key;
      const key = newSealingKey(now);
      sealing = { to, key };
      key.catch(() => (sealing = undefined));
      return key;
    },
  };
}

async function newSealingKey(recipients: readonly Recipient[]): Promise<SealingKey> {
  const { key, wrapped } = await newWrappedKey(recipients);
  return { wrapped, seal: (plaintext) => sealPacket(plaintext, key) };
}

/** Opens what `sealCellsTo` sealed to this holder. */
export function openCellsWith(holder: KeyHolder): CellOpener {
  return {
    async unwrap(wrapped) {
      const key = await unwrapKey(wrapped, holder);
      return (cell) => openPacket(cell, key);
    },
  };
}

/** Under which id a wrapped key is kept. */
export function cellKeyId(wrapped: Uint8Array): bigint {
  return createHash("sha256").update(wrapped).digest().readBigInt64BE(0);
}
