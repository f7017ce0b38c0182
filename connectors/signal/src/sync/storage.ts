import { createHash } from "node:crypto";
import { create, type DescMessage, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { z } from "zod";
import { SignalError } from "../error.ts";
import {
  type ManifestRecord,
  ReadOperationSchema,
  StorageItemsSchema,
  StorageManifestSchema,
  type StorageRecord,
} from "../protocol/gen/storage_pb.ts";
import { openItem, openManifest, storageKeyOf } from "../protocol/storage-cipher.ts";
import type { AccountFile } from "../store/account-file.ts";
import type { WebClient } from "../transport/download.ts";
import { askFor } from "../transport/request.ts";
import type { SyncContext } from "./context.ts";
import { learnRecords } from "./learn-records.ts";

/** Kinds that are read: contacts, groups, the account itself. */
const KINDS: ReadonlySet<number> = new Set([1, 3, 4]);
/** More records than anybody has: the rest is left out, and said so. */
const MAX_RECORDS = 50_000;
/** Records asked for, and kept, at a time. */
const BATCH = 500;
const DIGEST_BYTES = 16;
const MARK = "storage";

const mark = z.strictObject({
  version: z.string(),
  /** Digests of the records that were read, one after another. */
  read: z.base64(),
});
const credentials = z.object({ username: z.string(), password: z.string() });

/**
 * Reads what is new at the storage service: contacts, groups, the account's own profile. Repeatable; what was read is kept
 * as it comes, and the version once all was.
 *
 * @throws {SignalError} `unavailable`, `rate-limited`; `malformed` when it does not open by the key that is known
 */
export async function syncStorage(context: SyncContext, signal: AbortSignal): Promise<void> {
  const { file, log, keep } = context;
  const key = storageKeyOf(context.account());
  if (!key) return;
  const authorization = await authorize(context);
  const before = readMark(file);
  const manifest = await fetchManifest(context, key, authorization, before?.version, signal);
  if (!manifest) return;
  const wanted = manifest.identifiers.filter(({ type }) => KINDS.has(type));
  if (wanted.length > MAX_RECORDS)
    log.warn({ records: wanted.length }, "Signal's storage has too many records");
  const known = new Set(digestsIn(before?.read ?? ""));
  const read: string[] = [];
  const unread: Uint8Array[] = [];
  for (const { raw } of wanted.slice(0, MAX_RECORDS)) {
    const digest = digestOf(raw);
    if (known.has(digest)) read.push(digest);
    else unread.push(raw);
  }
  let unreadable = 0;
  for (let from = 0; from < unread.length; from += BATCH) {
    const asked = unread.slice(from, from + BATCH);
    const records = new Map<string, StorageRecord>();
    for (const item of await fetchItems(context, asked, authorization, signal)) {
      try {
        records.set(digestOf(item.key), openItem(key, manifest.recordIkm, item));
      } catch {
        unreadable += 1;
      }
    }
    const at = context.now().getTime();
    await keep((changes, account) => learnRecords([...records.values()], account, changes, at));
    read.push(...records.keys());
  }
  if (unreadable > 0) log.warn({ records: unreadable }, "some records of Signal's storage do not open");
  const next = {
    version: String(manifest.version),
    read: Buffer.from(read.join(""), "hex").toString("base64"),
  };
  await keep((changes) => {
    changes.set("link", MARK, Buffer.from(JSON.stringify(next)));
    return undefined;
  });
}

async function authorize(context: SyncContext): Promise<string> {
  const request = { verb: "GET", path: "/v1/storage/auth" } as const;
  const { username, password } = await askFor(context.chat(), request, credentials);
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

/** @returns undefined where there is none, or none that is newer */
async function fetchManifest(
  { web }: SyncContext,
  key: Uint8Array,
  authorization: string,
  after: string | undefined,
  signal: AbortSignal,
): Promise<ManifestRecord | undefined> {
  const path = `/v1/storage/manifest${after === undefined ? "" : `/version/${after}`}`;
  const { status, body } = await asked(web, { path, authorization }, signal);
  if (status === 204 || status === 404) return undefined;
  return openManifest(key, decoded(StorageManifestSchema, status, body));
}

async function fetchItems(
  { web }: SyncContext,
  readKey: Uint8Array[],
  authorization: string,
  signal: AbortSignal,
) {
  const body = toBinary(ReadOperationSchema, create(ReadOperationSchema, { readKey }));
  const request = { path: "/v1/storage/read", authorization, method: "PUT", body } as const;
  const answer = await asked(web, request, signal);
  return decoded(StorageItemsSchema, answer.status, answer.body).items;
}

/** An answer without end is no storage service's: another key would not help. */
async function asked(
  web: WebClient,
  request: Parameters<WebClient["storageAnswer"]>[0],
  signal: AbortSignal,
) {
  try {
    return await web.storageAnswer(request, signal);
  } catch (cause) {
    if (!(cause instanceof SignalError) || cause.code !== "malformed") throw cause;
    throw new SignalError("unavailable", cause.message, { cause });
  }
}

function decoded<Desc extends DescMessage>(
  schema: Desc,
  status: number,
  body: Uint8Array,
): MessageShape<Desc> {
  if (status !== 200) throw new SignalError("unavailable", `Signal's storage answered ${status}`);
  try {
    return fromBinary(schema, body);
  } catch (cause) {
    // Whoever answered, it was not the storage service.
    throw new SignalError("unavailable", "Signal's storage answered what cannot be read", { cause });
  }
}

function readMark(file: AccountFile): z.infer<typeof mark> | undefined {
  const stored = file.get("link", MARK);
  return stored && mark.parse(JSON.parse(Buffer.from(stored).toString("utf8")));
}

function digestOf(key: Uint8Array): string {
  return createHash("sha256")
    .update(key)
    .digest("hex")
    .slice(0, 2 * DIGEST_BYTES);
}

function digestsIn(read: string): string[] {
  const all = Buffer.from(read, "base64").toString("hex");
  return all.match(new RegExp(`.{${2 * DIGEST_BYTES}}`, "g")) ?? [];
}
