import { createHash } from "node:crypto";
import {
  newWrappedKey,
  openPacket,
  sealPacket,
  unwrapKey,
  type PrivateKey,
  type Recipient,
} from "@daybook/openpgp";

/**
 * Seals names, titles and words to the archive key. The session key behind it is wrapped once and kept in
 * the catalogue beside its cells, so the writer can seal and cannot open what it sealed before a restart.
 */
export interface CellSealer {
  /** The session key, encrypted to the archive key: an OpenPGP message. The same for every cell of this sealer. */
  readonly wrapped: Uint8Array;
  /** Never the same bytes twice. */
  seal(plaintext: Uint8Array): Uint8Array;
}

/** Opens cells: only where the archive's private key is. */
export interface CellOpener {
  /** Unwraps a session key; returns what opens the cells under it. */
  unwrap(wrapped: Uint8Array): Promise<(cell: Uint8Array) => Uint8Array>;
}

/** Cells are OpenPGP packets under a fresh session key, which is wrapped for each recipient. */
export async function sealCellsTo(recipients: readonly Recipient[]): Promise<CellSealer> {
  const { key, wrapped } = await newWrappedKey(recipients);
  return { wrapped, seal: (plaintext) => sealPacket(plaintext, key) };
}

/** Opens what `sealCellsTo` sealed to this key. */
export function openCellsWith(privateKey: PrivateKey): CellOpener {
  return {
    async unwrap(wrapped) {
      const key = await unwrapKey(wrapped, privateKey);
      return (cell) => openPacket(cell, key);
    },
  };
}

/** Under which id a wrapped key is kept. */
export function cellKeyId(wrapped: Uint8Array): bigint {
  return createHash("sha256").update(wrapped).digest().readBigInt64BE(0);
}
