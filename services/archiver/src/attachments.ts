import { ArchiveError, type LockExtender } from "@daybook/archive-core";

const AT_ONCE = 8;

/** Where the sealed bytes of an attachment are. @param sealed their SHA-256, hex */
export function attachmentKey(sealed: string): string {
  return `attachment/${sealed}`;
}

/**
 * Lengthens the locks of attachments that a record is about to claim. May be repeated.
 *
 * @param sealed SHA-256 of their sealed bytes, hex
 * @returns those that are not in the store
 * @throws {ArchiveError} `store-unavailable` (retryable)
 */
export async function claimAttachments(
  store: LockExtender,
  sealed: readonly string[],
  retainUntil: Date,
): Promise<Set<string>> {
  const missing = new Set<string>();
  const waiting = sealed.values();
  const claimer = async () => {
    for (const one of waiting) {
      try {
        await store.extend(attachmentKey(one), retainUntil);
      } catch (error) {
        if (!(error instanceof ArchiveError) || error.code !== "object-missing") throw error;
        missing.add(one);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, sealed.length) }, claimer));
  return missing;
}
