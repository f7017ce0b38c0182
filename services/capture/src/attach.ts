import { createHash, type Hash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { ArchiveError, type LockedWriter } from "@daybook/archive-core";
import { ConnectorError, type SealedAttachment } from "@daybook/contract";
import { formatSessionKey, newSessionKey, sealStream } from "@daybook/openpgp";
import { isFull } from "./error.ts";

const FIRST_LOCK_DAYS = 30;
const DAY_MS = 86_400_000;

export interface AttachOptions {
  readonly records: LockedWriter;
  /** Directory for sealed bytes on their way to the store. Only ciphertext is ever written there. */
  readonly spoolDir: string;
  readonly maxBytes: number;
  readonly now: () => Date;
}

/**
 * Seals bytes under a key of their own and stores them as `attachment/<sha256 of the sealed bytes>`, first
 * locked for 30 days. Durable once resolved. Each call makes an object of its own.
 *
 * @throws {ConnectorError} `store-unavailable` (retryable), `too-large`
 */
export async function attach(
  body: AsyncIterable<Uint8Array>,
  about: { name: string; mediaType: string },
  { records, spoolDir, maxBytes, now }: AttachOptions,
): Promise<SealedAttachment> {
  const key = newSessionKey();
  const plain = createHash("sha256");
  const measured = measure(body, plain, maxBytes);
  const path = join(spoolDir, `attachment-${randomUUID()}`);
  try {
    const { sealed, sizeBytes } = await writeHashed(path, sealStream(measured.bytes, key));
    await records.put({
      key: `attachment/${sealed}`,
      sha256: sealed,
      body: { sizeBytes, open: () => createReadStream(path) },
      retainUntil: new Date(now().getTime() + FIRST_LOCK_DAYS * DAY_MS),
    });
    return {
      name: about.name,
      mediaType: about.mediaType,
      sizeBytes: measured.total(),
      sha256: plain.digest("hex"),
      sealed,
      sessionKey: formatSessionKey(key),
    };
  } catch (cause) {
    if (cause instanceof ConnectorError) throw cause;
    if (cause instanceof ArchiveError && !cause.retryable) throw cause;
    const why = isFull(cause) ? "there is no room for an attachment" : "an attachment could not be stored";
    throw new ConnectorError("store-unavailable", why, { cause });
  } finally {
    await rm(path, { force: true });
  }
}

function measure(body: AsyncIterable<Uint8Array>, digest: Hash, maxBytes: number) {
  let total = 0;
  async function* bytes(): AsyncIterable<Uint8Array> {
    for await (const chunk of body) {
      total += chunk.length;
      if (total > maxBytes) throw new ConnectorError("too-large", `an attachment is over ${maxBytes} bytes`);
      digest.update(chunk);
      yield chunk;
    }
  }
  return { bytes: bytes(), total: () => total };
}

async function writeHashed(
  path: string,
  body: AsyncIterable<Uint8Array>,
): Promise<{ sealed: string; sizeBytes: number }> {
  const digest = createHash("sha256");
  const file = await open(path, "wx", 0o600);
  try {
    for await (const chunk of body) {
      digest.update(chunk);
      await file.writeFile(chunk);
    }
  } finally {
    await file.close();
  }
  return { sealed: digest.digest("hex"), sizeBytes: (await stat(path)).size };
}
