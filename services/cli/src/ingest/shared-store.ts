import { ArchiveError, type MutableStore } from "@daybook/archive-core";
import { openUnderPassphrase, sealUnderPassphrase } from "@daybook/openpgp";
import type { Secret } from "@daybook/runtime";
import { generateIngestKey } from "@daybook/stream";
import { type IngestKey, ingestKeys, type IngestKeyStore } from "./key-list.ts";

const KEY = "ingest/keys";

/**
 * The ingest keys of a deployment whose archivers are several: one object beside the heads, where nothing keeps an older
 * version, sealed under a secret that the archivers alone hold. The first to ask makes the first key.
 *
 * @param heads for `ingest/keys`: compare-and-swap decides between archivers
 */
export function sharedIngestKeys(
  heads: Pick<MutableStore, "read" | "replace">,
  secret: Secret,
): IngestKeyStore {
  let seen: { tag: string; keys: readonly IngestKey[] } | undefined;

  const write = async (keys: readonly IngestKey[], tag: string | undefined) => {
    const sealed = await sealUnderPassphrase(Buffer.from(JSON.stringify(keys)), secret.reveal());
    return heads.replace(KEY, sealed, tag);
  };

  const read = async (): Promise<readonly IngestKey[]> => {
    const there = await heads.read(KEY);
    if (there && there.tag === seen?.tag) return seen.keys;
    if (!there) return make();
    const opened = await openUnderPassphrase(there.body, secret.reveal());
    const keys = ingestKeys.parse(JSON.parse(opened.toString("utf8")));
    seen = { tag: there.tag, keys };
    return keys;
  };

  const make = async (): Promise<readonly IngestKey[]> => {
    const keys = [await generateIngestKey()];
    try {
      seen = { tag: await write(keys, undefined), keys };
      return keys;
    } catch (error) {
      if (error instanceof ArchiveError && error.code === "conflict") return read();
      throw error;
    }
  };

  return {
    read,
    async save(keys) {
      seen = { tag: await write(keys, seen?.tag), keys };
    },
  };
}
