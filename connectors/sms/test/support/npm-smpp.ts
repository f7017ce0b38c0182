import { createRequire } from "node:module";

/** A PDU as npm's `smpp` has it. */
export interface PeerPdu {
  readonly command: string;
  readonly sequence_number: number;
  readonly [field: string]: unknown;
}

interface NpmSmpp {
  readonly PDU: {
    new (command: string, fields: Readonly<Record<string, unknown>>): PeerPdu & { toBuffer(): Buffer };
    fromBuffer(bytes: Buffer): PeerPdu;
  };
  /** Its alphabets: `chars` has 128 characters, in order. */
  readonly gsmCoder: Readonly<Record<"GSM" | "GSM_TR" | "GSM_PT", { readonly chars: string }>>;
}

/** An SMPP implementation that Daybook did not write: a judge of the codec, never part of what runs. */
export const npmSmpp = createRequire(import.meta.url)("smpp") as NpmSmpp;
