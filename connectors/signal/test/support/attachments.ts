import { createCipheriv, createHash, createHmac, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createWriteStream, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Proto } from "@signalapp/mock-server";
import type { MockSignal } from "./mock-signal.ts";

/** Senders hide the size of what they send behind so many zeros, more or less. */
const PADDING = Buffer.alloc(100);

export type Pointer = Proto.AttachmentPointer.Params;

/** What there is of an attachment at Signal, under a name. */
export function pointerTo(cdnKey: string, fields: Partial<Pointer>): Pointer {
  return {
    attachmentIdentifier: { cdnKey },
    cdnNumber: 3,
    contentType: "text/plain",
    fileName: "note.txt",
    ...fields,
  } as Pointer;
}

/** Encrypts as a sender does. */
export function encrypted(content: Buffer): { blob: Buffer; fields: Partial<Pointer> } {
  const [key, iv] = [randomBytes(64), randomBytes(16)];
  const cipher = createCipheriv("aes-256-cbc", key.subarray(0, 32), iv);
  const body = Buffer.concat([iv, cipher.update(content), cipher.update(PADDING), cipher.final()]);
  const blob = Buffer.concat([body, createHmac("sha256", key.subarray(32)).update(body).digest()]);
  const digest = new Uint8Array(createHash("sha256").update(blob).digest());
  return { blob, fields: { key: new Uint8Array(key), digest, size: content.length } };
}

/** Encrypts it and puts it where the pointer says. */
export async function uploaded(
  mock: MockSignal,
  content: Buffer,
  fields: Partial<Pointer> = {},
): Promise<Pointer> {
  const cdnKey = randomBytes(8).toString("hex");
  const { blob, fields: claim } = encrypted(content);
  await mock.server.storeAttachmentOnCdn(3, cdnKey, new Uint8Array(blob));
  return pointerTo(cdnKey, { ...claim, ...fields });
}

/** As `uploaded`, of so many mebibytes of one byte, without ever having them in memory. */
export async function uploadedLarge(mock: MockSignal, mebibytes: number): Promise<Pointer> {
  const [cdnKey, key, iv] = [randomBytes(8).toString("hex"), randomBytes(64), randomBytes(16)];
  const cipher = createCipheriv("aes-256-cbc", key.subarray(0, 32), iv);
  const [mac, digest] = [createHmac("sha256", key.subarray(32)), createHash("sha256")];
  mkdirSync(join(mock.cdn3, "attachments"), { recursive: true });
  const file = createWriteStream(join(mock.cdn3, "attachments", cdnKey));
  const put = async (bytes: Buffer) => {
    digest.update(bytes);
    if (!file.write(bytes)) await once(file, "drain");
  };
  const chunk = Buffer.alloc(1024 * 1024, 0x61);
  for (let i = -1; i <= mebibytes; i += 1) {
    const bytes = i < 0 ? iv : i < mebibytes ? cipher.update(chunk) : cipher.final();
    mac.update(bytes);
    await put(bytes);
  }
  await put(mac.digest());
  file.end();
  await once(file, "finish");
  const claim = { key: new Uint8Array(key), digest: new Uint8Array(digest.digest()) };
  return pointerTo(cdnKey, { ...claim, size: mebibytes * chunk.length, fileName: "film.mp4" });
}
