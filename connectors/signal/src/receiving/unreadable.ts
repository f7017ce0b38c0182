import { DecryptionErrorMessage, plain } from "../libsignal.ts";
import { messageId } from "../protocol/message-id.ts";
import type { LinkedAccount } from "../store/account.ts";
import type { Changes } from "../store/changes.ts";
import { forgetHolder } from "../store/group-keys.ts";
import { groupOfMessage } from "../store/groups.ts";
import type { Unsealed } from "./unseal.ts";

/** Somebody could not read a message of this device's: if it was to a group, they are given its key again. */
export function learnUnreadable(
  error: Uint8Array,
  { sender, device }: Unsealed,
  account: LinkedAccount,
  changes: Changes,
): void {
  let unread;
  try {
    unread = DecryptionErrorMessage.deserialize(plain(error));
  } catch {
    return;
  }
  if (unread.deviceId() !== account.deviceId) return;
  const group = groupOfMessage(changes, messageId(account.aci, unread.timestamp()));
  if (group !== undefined) forgetHolder(changes, group, sender, device);
}
