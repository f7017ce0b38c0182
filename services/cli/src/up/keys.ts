import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { generateArchiveKey, openUnderPassphrase, sealUnderPassphrase } from "@daybook/openpgp";
import { generateIngestKey } from "@daybook/stream";
import { z } from "zod";
import { CliError } from "../error.ts";
import { type IngestKeyStore, ingestKeys } from "../ingest/key-list.ts";
import { FileArchiveKeys } from "../keys/archive-keys.ts";
import { RecipientsFile } from "../keys/recipients-file.ts";
import { writeDurably } from "../keys/write-durably.ts";

const key32 = z.base64().refine((text) => Buffer.from(text, "base64").length === 32);

const serviceKeys = z.strictObject({
  v: z.literal(1),
  /** Names records. */
  naming: key32,
  /** Blinds words and identifiers in the catalogue. */
  tokens: key32,
  /** Signs checkpoints (Ed25519 seed). */
  log: key32,
  /** Seals the registry's cells. */
  registry: key32,
  /** Blinds what imports remember. */
  lines: key32,
  /** Blinds conversations in scope rules. */
  scope: key32,
  ingest: ingestKeys,
  /** Encrypts the files of Signal accounts: made when there are to be any. */
  signal: key32.optional(),
  /** Encrypts the sessions and files of WhatsApp accounts: made when there are to be any. */
  whatsappWeb: key32.optional(),
  /** Encrypts what is remembered of official WhatsApp numbers: made when there are to be any. */
  whatsappBusiness: key32.optional(),
  /** Encrypts what is remembered of text messages: made when there are to be any. */
  sms: key32.optional(),
  /** Encrypts what is remembered of mail: made when there is to be any. */
  email: key32.optional(),
  /** Encrypts what is remembered of mailboxes that are read by IMAP: made when there are to be any. */
  imap: key32.optional(),
  /** Encrypts what is remembered of a Mac's Messages: made when there are to be any. */
  imessage: key32.optional(),
});
export type ServiceKeys = z.infer<typeof serviceKeys>;

/** Everything secret that a deployment on one machine holds. */
export interface Keys {
  readonly service: ServiceKeys;
  /** What the archive is encrypted to, and opens with. */
  readonly archive: FileArchiveKeys;
  /** Whether they were made just now. */
  readonly created: boolean;
  /** Writes the service keys again, durably; what is no longer among them is gone from the file. */
  save(service: ServiceKeys): Promise<void>;
}

/** Whom a home's archive is encrypted to, once there was more than its first key. Then `archive-public.asc` is history. */
const RECIPIENTS_FILE = "recipients.json";

/** Files of a home's `keys/` that there are from the first start on. */
export const KEY_FILES = {
  private: "archive-private.asc",
  public: "archive-public.asc",
  service: "service-keys.pgp",
} as const;

/**
 * Opens a home's keys, or makes them where there are none: an OpenPGP archive key whose private half is under
 * the passphrase, and the service keys, encrypted under the same.
 *
 * @throws {CliError} for a wrong passphrase, or when only some of the files are there
 */
export async function openKeys(dir: string, passphrase: (first: boolean) => Promise<string>): Promise<Keys> {
  const path = (name: keyof typeof KEY_FILES) => join(dir, KEY_FILES[name]);
  const there = (["private", "public", "service"] as const).filter((name) => existsSync(path(name)));
  if (there.length !== 0 && there.length !== 3) {
    throw new CliError(
      `some key files are missing from ${dir}: restore all of ${Object.values(KEY_FILES).join(", ")} from your copy`,
    );
  }
  const created = there.length === 0;
  const secret = await passphrase(created);
  if (created) await createKeys(path, secret);
  try {
    const service = serviceKeys.parse(
      JSON.parse(
        Buffer.from(await openUnderPassphrase(await readFile(path("service")), secret)).toString("utf8"),
      ),
    );
    return {
      service,
      archive: await FileArchiveKeys.open({
        privateDir: dir,
        passphrase: secret,
        recipients: await RecipientsFile.open(join(dir, RECIPIENTS_FILE), { until: path("public") }),
        generates: true,
      }),
      created,
      save: async (changed) =>
        writeDurably(
          path("service"),
          await sealUnderPassphrase(Buffer.from(JSON.stringify(changed)), secret),
        ),
    };
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    throw new CliError("the keys do not open: check the passphrase", { cause });
  }
}

/** The ingest keys among a home's service keys. */
export function homeIngestKeys(keys: Keys): IngestKeyStore {
  let kept = keys.service.ingest;
  return {
    read: () => Promise.resolve(kept),
    async save(ingest) {
      await keys.save({ ...keys.service, ingest: [...ingest] });
      kept = [...ingest];
    },
  };
}

async function createKeys(path: (name: keyof typeof KEY_FILES) => string, passphrase: string): Promise<void> {
  const fresh = () => randomBytes(32).toString("base64");
  const service: ServiceKeys = {
    v: 1,
    naming: fresh(),
    tokens: fresh(),
    log: fresh(),
    registry: fresh(),
    lines: fresh(),
    scope: fresh(),
    ingest: [await generateIngestKey()],
  };
  const { privateKey, publicKey } = await generateArchiveKey({
    userId: { name: "Daybook archive" },
    passphrase,
    type: "curve25519",
  });
  await writeDurably(path("private"), privateKey);
  await writeDurably(path("public"), publicKey);
  await writeDurably(
    path("service"),
    await sealUnderPassphrase(Buffer.from(JSON.stringify(service)), passphrase),
  );
}
