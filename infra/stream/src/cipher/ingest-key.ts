import { generateKeyPair } from "node:crypto";
import { promisify } from "node:util";
import { kidOf } from "./format.ts";

/** A key pair that payloads are encrypted to. X25519, raw, base64. */
export interface IngestKey {
  /** Key id: the first 8 bytes of the SHA-256 of the public key, hex. */
  readonly kid: string;
  readonly publicKey: string;
  readonly privateKey: string;
  /** RFC 3339, UTC, milliseconds. */
  readonly createdAt: string;
}

/** Makes an ingest key. It is stored nowhere: losing it before what lies under it is archived loses that. */
export async function generateIngestKey(): Promise<IngestKey> {
  const pair = await promisify(generateKeyPair)("x25519");
  const { x = "", d = "" } = pair.privateKey.export({ format: "jwk" });
  const publicKey = Buffer.from(x, "base64url");
  return {
    kid: kidOf(publicKey),
    publicKey: publicKey.toString("base64"),
    privateKey: Buffer.from(d, "base64url").toString("base64"),
    createdAt: new Date().toISOString(),
  };
}
