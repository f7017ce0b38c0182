import { createDecipheriv, createHmac } from "node:crypto";
import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import { SignalError } from "../error.ts";
import { AccountEntropyPool, hkdf, plain, SvrKey } from "../libsignal.ts";
import {
  type ManifestRecord,
  ManifestRecordSchema,
  type StorageItem,
  type StorageManifest,
  type StorageRecord,
  StorageRecordSchema,
} from "./gen/storage_pb.ts";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const ITEM_INFO = "20240801_SIGNAL_STORAGE_SERVICE_ITEM_";

/**
 * The key of what an account keeps at the storage service; undefined where the phone has told neither of its secrets.
 *
 * @returns 32 bytes
 */
export function storageKeyOf(account: {
  readonly accountEntropyPool?: string | undefined;
  /** Base64, 32 bytes. */
  readonly masterKey?: string | undefined;
}): Uint8Array | undefined {
  const { accountEntropyPool: pool, masterKey } = account;
  const master =
    pool !== undefined && AccountEntropyPool.isValid(pool)
      ? AccountEntropyPool.deriveSvrKey(pool)
      : masterKey && plain(Buffer.from(masterKey, "base64"));
  return master && master.length === SvrKey.SIZE ? new SvrKey(master).deriveStorageServiceKey() : undefined;
}

/** @throws {SignalError} `malformed`, also under another key */
export function openManifest(key: Uint8Array, { version, value }: StorageManifest): ManifestRecord {
  const record = opened(ManifestRecordSchema, value, hmac(key, `Manifest_${version}`));
  if (record.version !== version) throw new SignalError("malformed", "a manifest is of another version");
  return record;
}

/**
 * @param recordIkm from the manifest, empty where it has none
 * @throws {SignalError} `malformed`, also under another key
 */
export function openItem(key: Uint8Array, recordIkm: Uint8Array, item: StorageItem): StorageRecord {
  const itemKey =
    recordIkm.length > 0
      ? hkdf(32, plain(recordIkm), plain(Buffer.concat([Buffer.from(ITEM_INFO), item.key])), new Uint8Array())
      : hmac(key, `Item_${Buffer.from(item.key).toString("base64")}`);
  return opened(StorageRecordSchema, item.value, itemKey);
}

/** Of `nonce | AES-256-GCM | tag`. @throws for another key, or damage */
export function openSealed(sealed: Uint8Array, key: Uint8Array): Buffer {
  const end = sealed.length - TAG_BYTES;
  const nonce = sealed.subarray(0, NONCE_BYTES);
  const cipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES }).setAuthTag(
    sealed.subarray(end),
  );
  return Buffer.concat([cipher.update(sealed.subarray(NONCE_BYTES, end)), cipher.final()]);
}

function opened<Desc extends DescMessage>(
  schema: Desc,
  sealed: Uint8Array,
  key: Uint8Array,
): MessageShape<Desc> {
  try {
    return fromBinary(schema, openSealed(sealed, key));
  } catch (cause) {
    throw new SignalError("malformed", "what Signal's storage holds does not open", { cause });
  }
}

function hmac(key: Uint8Array, message: string): Buffer {
  return createHmac("sha256", key).update(message).digest();
}
