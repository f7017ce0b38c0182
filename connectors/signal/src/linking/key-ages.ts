import { z } from "zod";
import type { Values } from "../store/changes.ts";
import { type IdentityKind, preKeyName } from "../store/protocol-stores.ts";
import { keyIdAt } from "./prekeys.ts";

/** A message under a key that was replaced may still come for as long as Signal keeps messages, and a little longer. */
const KEEP_MS = 60 * 86_400_000;

const age = {
  madeAt: z.int(),
  /** When the server had it; absent where it did not answer. */ atServer: z.int().optional(),
};
const key = z.strictObject({ id: z.int(), ...age });
const batch = z.strictObject({ first: z.int(), count: z.int().max(1_000), ...age });
const ages = z.strictObject({
  signed: z.array(key),
  lastResort: z.array(key),
  /** One-time keys: a batch at the server replaces the one before. */
  oneTime: z.array(batch),
});

/** Which prekeys of an identity there are private halves of, oldest first. */
export type KeyAges = z.infer<typeof ages>;
type Aged = KeyAges["signed"][number] | KeyAges["oneTime"][number];

const name = (kind: IdentityKind) => `prekeys/${kind}`;

export function readKeyAges(values: Pick<Values, "get">, kind: IdentityKind): KeyAges {
  const stored = values.get("link", name(kind));
  if (!stored) return { signed: [], lastResort: [], oneTime: [] };
  return ages.parse(JSON.parse(Buffer.from(stored).toString("utf8")));
}

export function writeKeyAges(values: Values, kind: IdentityKind, value: KeyAges): void {
  values.set("link", name(kind), Buffer.from(JSON.stringify(value)));
}

/** Notes the keys that the server has for an identity from now on. @param now milliseconds since 1970 */
export function noteKeysAtServer(
  values: Values,
  kind: IdentityKind,
  { signed, lastResort }: { readonly signed: number; readonly lastResort?: number | undefined },
  now: number,
): void {
  const before = readKeyAges(values, kind);
  const fresh = (id: number) => ({ id, madeAt: now, atServer: now });
  writeKeyAges(values, kind, {
    ...before,
    signed: [...before.signed, fresh(signed)],
    lastResort: lastResort === undefined ? before.lastResort : [...before.lastResort, fresh(lastResort)],
  });
}

/** When the server last took a signed key; undefined where it is not known to have one. */
export function signedSince({ signed }: KeyAges): number | undefined {
  return signed.findLast(({ atServer }) => atServer !== undefined)?.atServer;
}

/** Takes the private halves out that nobody can need any more: of keys that another has long replaced at the server. */
export function forgetOldKeys(values: Values, kind: IdentityKind, now: number): void {
  const before = readKeyAges(values, kind);
  const [signed, lastResort, oneTime] = [
    split(before.signed, now),
    split(before.lastResort, now),
    split(before.oneTime, now),
  ];
  if (signed.old.length + lastResort.old.length + oneTime.old.length === 0) return;
  for (const { id } of signed.old) values.set("signed-prekey", preKeyName(kind, id), undefined);
  for (const { id } of lastResort.old) {
    values.set("kyber-prekey", preKeyName(kind, id), undefined);
    values.set("kyber-used", preKeyName(kind, id), undefined);
  }
  for (const { first, count } of oneTime.old) {
    for (let n = 0; n < count; n += 1) {
      const id = keyIdAt(first + n);
      values.set("prekey", preKeyName(kind, id), undefined);
      values.set("kyber-prekey", preKeyName(kind, id), undefined);
    }
  }
  writeKeyAges(values, kind, { signed: signed.kept, lastResort: lastResort.kept, oneTime: oneTime.kept });
}

function split<T extends Aged>(keys: readonly T[], now: number): { old: T[]; kept: T[] } {
  // The newest that has been at the server for so long: whatever is older was replaced at least then.
  const since = keys.findLastIndex(({ atServer }) => atServer !== undefined && now - atServer > KEEP_MS);
  return { old: keys.slice(0, Math.max(since, 0)), kept: keys.slice(Math.max(since, 0)) };
}
