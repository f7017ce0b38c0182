import { randomBytes } from "node:crypto";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { AUDIT_SHARD } from "@daybook/contract";
import { checkpointSigner } from "@daybook/archive-core";
import { generateArchiveKey } from "@daybook/openpgp";
import { generateIngestKey } from "@daybook/stream";
import { CliError } from "../error.ts";
import { newServiceToken } from "../host.ts";
import { writeDurably } from "./write-durably.ts";

/** What a ceremony made. */
export interface Ceremony {
  readonly dir: string;
  /** Of the archive key, upper-case hex. */
  readonly fingerprint: string;
  /** To give to auditors. */
  readonly vkeys: readonly string[];
}

const PASSPHRASE_BYTES = 24;

/**
 * Makes every secret of a deployment, in one folder a service: each is to hold its own and nobody else's. For a
 * machine without a network, whose disk is destroyed afterwards.
 *
 * @param dir made if need be; must be empty
 * @throws {CliError} when it is not
 */
export async function holdCeremony(of: {
  dir: string;
  deployment: string;
  shards: number;
}): Promise<Ceremony> {
  const { dir, deployment, shards } = of;
  await mkdir(dir, { recursive: true, mode: 0o700 });
  if ((await readdir(dir)).length > 0) throw new CliError(`${dir} is not empty: name a new folder`);
  const fresh = () => randomBytes(32).toString("base64");
  const passphrase = randomBytes(PASSPHRASE_BYTES).toString("base64url");
  const { publicKey, privateKey, fingerprint } = await generateArchiveKey({
    userId: { name: `Daybook archive of ${deployment}` },
    passphrase,
    type: "curve25519",
  });
  const logKey = fresh();
  const seed = Buffer.from(logKey, "base64");
  const names = [...Array.from({ length: shards }, (_, i) => String(i)), AUDIT_SHARD];
  const vkeys = names.map((shard) => checkpointSigner(`${deployment}/${shard}`, seed).vkey);
  const tokens = fresh();
  const scope = fresh();
  const relay = await generateIngestKey();
  const reading = {
    "tokens-key": tokens,
    "archive-passphrase": passphrase,
    "archive-keys/archive-private.asc": privateKey,
  };
  const files: Record<string, Record<string, string>> = {
    shared: {
      "service-token": newServiceToken().reveal(),
      "recipients.asc": publicKey,
      "log-vkeys": vkeys.join("\n"),
    },
    archiver: {
      "naming-key": fresh(),
      "log-key": logKey,
      "ingest-secret": fresh(),
      "tokens-key": tokens,
    },
    records: { ...reading, "registry-key": fresh(), "scope-key": scope },
    evidence: reading,
    capture: {
      "lines-key": fresh(),
      "scope-key": scope,
      "relay-key": relay.privateKey,
      "signal-key": fresh(),
    },
    gateway: { "request-key": fresh(), "relay-public-key": relay.publicKey },
    console: { "console-secret": fresh() },
  };
  for (const [service, secrets] of Object.entries(files)) {
    for (const [name, content] of Object.entries(secrets)) {
      await mkdir(join(dir, service, name, ".."), { recursive: true, mode: 0o700 });
      await writeDurably(join(dir, service, name), `${content.trimEnd()}\n`);
    }
  }
  return { dir, fingerprint, vkeys };
}
