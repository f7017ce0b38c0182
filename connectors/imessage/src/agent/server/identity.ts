import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { ConnectorError, type Signed, signedLine } from "@daybook/contract";
import { z } from "zod";

/** How the server is reached. */
export const serverAddress = z.object({
  url: z.string(),
  /** Files, PEM: who vouches for the server, and what the agent shows it; the system's authorities and nothing unless given. */
  ca: z.string().optional(),
  certificate: z.string().optional(),
  key: z.string().optional(),
});
export type ServerAddress = z.infer<typeof serverAddress>;

/** What the agent is, as it is kept on the Mac. */
export const identity = z.object({
  server: serverAddress,
  /** PKCS #8, DER, base64. */
  key: z.string(),
  agent: z.uuid(),
  heartbeatSeconds: z.int().positive(),
});
export type Identity = z.infer<typeof identity>;

/** A key of ECDSA on P-256, PKCS #8, DER, base64. Node has no way to the Secure Enclave: it is kept sealed beside the spool. */
export function newKey(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return privateKey.export({ type: "pkcs8", format: "der" }).toString("base64");
}

/** What signs for the agent. */
export class Signer {
  readonly #key: KeyObject;

  /** @throws {ConnectorError} `malformed` */
  constructor(key: string) {
    try {
      this.#key = createPrivateKey({ key: Buffer.from(key, "base64"), type: "pkcs8", format: "der" });
    } catch {
      throw new ConnectorError("malformed", "the agent's key is damaged: enrol it again");
    }
  }

  /** SubjectPublicKeyInfo, DER, base64. */
  get publicKey(): string {
    return createPublicKey(this.#key).export({ type: "spki", format: "der" }).toString("base64");
  }

  /** Base64. */
  sign(signed: Signed, body: Uint8Array = Buffer.alloc(0)): string {
    return sign("sha256", Buffer.concat([signedLine(signed), body]), this.#key).toString("base64");
  }
}
