import { ArchiveError } from "@daybook/archive-core";
import { anyOf, type ListedRecipient, type PrivateKey, rewrap, wrappedTo } from "@daybook/openpgp";
import { RecordsError } from "../error.ts";
import type { WrappedHome } from "./wrapped-home.ts";

/** Whom things are to be wrapped to as well, and whom no longer. */
export interface RewrapChange {
  readonly to: ListedRecipient;
  readonly drop: ListedRecipient | undefined;
}

const ATTEMPTS = 10;

/** Whether something is not yet wrapped as wanted. @throws {ArchiveError} `malformed` */
export function needsRewrap(body: Uint8Array, { to, drop }: RewrapChange): boolean {
  const ids = wrappedTo(body);
  const has = (key: ListedRecipient) => ids.some((id) => key.recipient.keyIds.includes(id));
  return !has(to) || (drop !== undefined && has(drop));
}

/**
 * Wraps one thing for another recipient, by compare-and-swap, and reads it back. What is wrapped is the same bytes
 * before and after, and is opened before and after: a line that a disposal takes away at the same time stays away,
 * since then the write is refused and what is there is read anew. May be repeated, also after a crash.
 *
 * @returns false when there is nothing of that name any more
 * @throws {ArchiveError} `undecryptable`, `malformed`: left as it is; `store-unavailable` (retryable); `conflict` if
 *   others keep writing
 */
export async function rewrapOne(
  home: WrappedHome,
  name: string,
  change: RewrapChange,
  privateKeys: readonly PrivateKey[],
): Promise<boolean> {
  const { to, drop } = change;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const stored = await home.read(name);
    if (!stored) return false;
    const body = await rewrap(
      stored.body,
      anyOf(() => privateKeys),
      {
        add: [to.recipient],
        drop: drop ? [drop.recipient] : [],
      },
    );
    await checkSame(home, stored.body, body, change, privateKeys);
    if (body.equals(stored.body)) return true;
    try {
      await home.replace(name, body, stored.tag);
    } catch (error) {
      const again = error as { code?: unknown; retryable?: unknown };
      if ((again.code !== "conflict" && again.retryable !== true) || attempt === ATTEMPTS) throw error;
    }
  }
  throw new ArchiveError("conflict", `${name} changes faster than it can be written`);
}

/** Opens it as it was and as it will be, and there by each private key that it will be wrapped to by this. */
async function checkSame(
  home: WrappedHome,
  before: Uint8Array,
  after: Uint8Array,
  { to, drop }: RewrapChange,
  privateKeys: readonly PrivateKey[],
): Promise<void> {
  const content = await home.contentOf(
    before,
    anyOf(() => privateKeys),
  );
  const staying = privateKeys.filter(({ fingerprint }) => fingerprint !== drop?.recipient.fingerprint);
  const own = staying.find(({ fingerprint }) => fingerprint === to.recipient.fingerprint);
  // To an escrow key, whose private half is elsewhere, only what stays can be tried.
  const again = await home.contentOf(after, own ?? anyOf(() => staying));
  if (again !== content) throw new RecordsError("corrupt", "what was wrapped again is not what it was");
}
