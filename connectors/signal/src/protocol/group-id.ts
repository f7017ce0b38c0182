import { plain, zkgroup } from "../libsignal.ts";

const MAX_KNOWN = 4_096;
const known = new Map<string, string>();

/** A group's identifier, base64, the same for all its members; undefined for what is no master key. */
export function groupIdOf(masterKey: Uint8Array | undefined): string | undefined {
  if (masterKey?.length !== 32) return undefined;
  const name = Buffer.from(masterKey).toString("base64");
  const before = known.get(name);
  if (before !== undefined) return before;
  const params = zkgroup.GroupSecretParams.deriveFromMasterKey(new zkgroup.GroupMasterKey(plain(masterKey)));
  const id = Buffer.from(params.getPublicParams().getGroupIdentifier().serialize()).toString("base64");
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(name, id);
  return id;
}
