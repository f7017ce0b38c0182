import { fromBinary } from "@bufbuild/protobuf";
import { z } from "zod";
import { SignalError } from "../error.ts";
import { openAttachment } from "../protocol/attachment-cipher.ts";
import { ContactDetailsSchema } from "../protocol/gen/sync_pb.ts";
import { serviceIdText } from "../protocol/service-id.ts";
import { learnNames } from "../store/learn-names.ts";
import type { SyncContext } from "../sync/context.ts";
import { PENDING_CONTACTS } from "./learn.ts";

const MAX_BYTES = 64 * 1024 * 1024;
/** Contacts that are kept at a time: receiving goes on between. */
const BATCH = 500;
const pending = z.strictObject({
  cdn: z.int(),
  at: z.string(),
  key: z.base64(),
  digest: z.base64(),
  sizeBytes: z.int().nonnegative(),
});

/** One entry of a contact list. */
export interface ListedContact {
  readonly serviceId: string;
  readonly name?: string;
  readonly number?: string;
}

/**
 * Fetches the contact list that the phone named, if one waits. Repeatable: it waits until it is learned, or is there no more.
 *
 * @throws {SignalError} `unavailable`: it waits on
 */
export async function fetchContacts(
  { file, web, now, keep }: SyncContext,
  signal: AbortSignal,
): Promise<void> {
  const waiting = file.get("link", PENDING_CONTACTS);
  if (!waiting) return;
  let listed: ListedContact[] = [];
  try {
    const { cdn, at, key, digest, sizeBytes } = pending.parse(
      JSON.parse(Buffer.from(waiting).toString("utf8")),
    );
    if (sizeBytes > MAX_BYTES) throw new SignalError("attachment-invalid", "a contact list is too large");
    const claim = { key: Buffer.from(key, "base64"), digest: Buffer.from(digest, "base64"), sizeBytes };
    const chunks: Uint8Array[] = [];
    for await (const chunk of openAttachment(web.attachment({ cdn, at }, signal), claim)) chunks.push(chunk);
    listed = readContacts(Buffer.concat(chunks));
  } catch (cause) {
    if (!(cause instanceof SignalError) || cause.retryable) throw cause;
  }
  const at = now().getTime();
  for (let from = 0; from < listed.length; from += BATCH)
    await keep((changes) => {
      for (const { serviceId, name, number } of listed.slice(from, from + BATCH))
        learnNames(changes, serviceId, { ...(name && { name }), ...(number && { number }) }, at);
      return undefined;
    });
  await keep((changes) => {
    // Another list may have come meanwhile.
    if (Buffer.from(changes.get("link", PENDING_CONTACTS) ?? []).equals(waiting))
      changes.set("link", PENDING_CONTACTS, undefined);
    return undefined;
  });
}

/** The entries of a list, each with its length (varint) before it, and its picture's bytes after it. A damaged rest is left out. */
export function readContacts(list: Uint8Array): ListedContact[] {
  const contacts: ListedContact[] = [];
  let at = 0;
  while (at < list.length) {
    const length = varint(list, at);
    if (!length || length.next + length.value > list.length) break;
    at = length.next + length.value;
    try {
      const details = fromBinary(ContactDetailsSchema, list.subarray(length.next, at));
      at += details.avatar?.length ?? 0;
      const serviceId = serviceIdText(details.aciBinary, details.aci);
      if (serviceId !== undefined)
        contacts.push({
          serviceId,
          ...(details.name && { name: details.name }),
          ...(details.number && { number: details.number }),
        });
    } catch {
      break;
    }
  }
  return contacts;
}

function varint(bytes: Uint8Array, from: number): { value: number; next: number } | undefined {
  let value = 0;
  for (let i = 0; i < 5; i += 1) {
    const byte = bytes[from + i];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return { value, next: from + i + 1 };
  }
  return undefined;
}
