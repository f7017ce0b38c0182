import { createSecretKey } from "node:crypto";
import { checkpointSigner } from "@daybook/archive-core";
import {
  generateArchiveKey,
  type PrivateKey,
  readPublicKeys,
  type Recipient,
  unlockPrivateKey,
} from "@daybook/openpgp";
import { createPayloadOpener, createPayloadSealer, generateIngestKey, type IngestKey } from "@daybook/stream";

export const namingKey = createSecretKey(Buffer.alloc(32, 1));
export const tokenKey = Buffer.alloc(32, 2);
export const signerOf = (shard: string) => checkpointSigner(`dept.example/${shard}`, Buffer.alloc(32, 3));

/** A deployment's keys, real ones. */
export interface TestKeys {
  readonly privateKey: PrivateKey;
  readonly publicKey: string;
  readonly recipients: readonly Recipient[];
  readonly ingest: IngestKey;
}

let made: Promise<TestKeys> | undefined;

/** Made once a process: unlocking takes a while, by design. */
export function testKeys(): Promise<TestKeys> {
  made ??= (async () => {
    const key = await generateArchiveKey({
      userId: { name: "Archive" },
      passphrase: "p",
      type: "curve25519",
    });
    return {
      privateKey: await unlockPrivateKey(key.privateKey, "p"),
      publicKey: key.publicKey,
      recipients: await readPublicKeys(key.publicKey),
      ingest: await generateIngestKey(),
    };
  })();
  return made;
}

export function ciphers(ingest: IngestKey) {
  return {
    opener: createPayloadOpener({
      privateKey: (kid) => (kid === ingest.kid ? ingest.privateKey : undefined),
    }),
    sealer: createPayloadSealer({ publicKey: () => ingest.publicKey }),
  };
}
