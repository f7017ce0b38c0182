import { createHash } from "node:crypto";
import { fromBinary } from "@bufbuild/protobuf";
import { plain, zkgroup } from "../libsignal.ts";
import type { GroupCipher } from "./group-cipher.ts";
import { type GroupChange_Actions, GroupChange_ActionsSchema, GroupChangeSchema } from "./gen/group_pb.ts";

/** A change that is what Signal's server made of the group. */
export interface VerifiedChange {
  readonly actions: GroupChange_Actions;
  /** Of the group after it. */
  readonly revision: number;
  /** SHA-256, hex, of what was signed: the same wherever the change is learned from. */
  readonly digest: string;
}

/** Where a change came from: a member's message proves nothing, the server's own log needs no proof. */
export type ChangeSource = "message" | "log";

/**
 * Opens a change of a group, and checks that Signal's server signed it, for this group.
 *
 * @returns in words why it is not to be believed, where it is not
 */
export function openChange(
  bytes: Uint8Array,
  group: GroupCipher,
  server: zkgroup.ServerPublicParams,
  source: ChangeSource,
): VerifiedChange | string {
  let change, actions;
  try {
    change = fromBinary(GroupChangeSchema, bytes);
    actions = fromBinary(GroupChange_ActionsSchema, change.actions);
  } catch {
    return "it cannot be read";
  }
  const isSigned = change.serverSignature.length > 0;
  if ((isSigned || source === "message") && !isSignedBy(server, change.actions, change.serverSignature))
    return "Signal's server has not signed it";
  // Whoever made it is named under the group's own key, also where the group is not.
  const named = actions.groupId.length === 0 || Buffer.from(actions.groupId).toString("base64") === group.id;
  if (!named || group.who(actions.sourceUserId) === undefined) return "it is of another group";
  if (actions.version === 0) return "it names no revision";
  const digest = createHash("sha256").update(change.actions).digest("hex");
  return { actions, revision: actions.version, digest };
}

function isSignedBy(server: zkgroup.ServerPublicParams, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    server.verifySignature(plain(message), new zkgroup.NotarySignature(plain(signature)));
    return true;
  } catch {
    return false;
  }
}
