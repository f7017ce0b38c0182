import { fromBinary } from "@bufbuild/protobuf";
import {
  plain,
  ProtocolAddress,
  processSenderKeyDistributionMessage,
  SenderKeyDistributionMessage,
} from "../libsignal.ts";
import { type Content, ContentSchema } from "../protocol/gen/content_pb.ts";
import type { DataMessage, StoryMessage } from "../protocol/gen/data_pb.ts";
import type { Envelope } from "../protocol/gen/envelope_pb.ts";
import { type SyncMessage, SyncMessage_FetchLatest_Type } from "../protocol/gen/sync_pb.ts";
import { groupIdOf } from "../protocol/group-id.ts";
import { type LinkedAccount, writeAccount } from "../store/account.ts";
import type { Changes } from "../store/changes.ts";
import { learnContact } from "../store/contacts.ts";
import { learnGroup, readGroup, rememberGroupOf } from "../store/groups.ts";
import { addResendRequest } from "../store/resend-requests.ts";
import { wantProfile } from "../store/wanted-profiles.ts";
import type { ProtocolStores } from "../store/protocol-stores.ts";
import { messageId } from "../protocol/message-id.ts";
import { changedNumber } from "./changed-number.ts";
import { timestampIn } from "./envelope.ts";
import { learnUnreadable } from "./unreadable.ts";
import type { Unsealed } from "./unseal.ts";

/** What a message asks of this device once it is durable. */
export type Errand =
  /** Something of people is to be fetched: what, the file says. */
  | { readonly what: "sync" }
  | { readonly what: "keys" }
  /** A message came from a group: it may be another than it was known to be. */
  | { readonly what: "group"; /** Base64. */ readonly id: string; readonly change?: Uint8Array }
  | { readonly what: "resend" };

/** What was learned from a message. */
export interface Learned {
  readonly content: Content | undefined;
  readonly account: LinkedAccount;
  readonly errands: readonly Errand[];
  /** It brought keys that may open what waited. */
  readonly newKeys: boolean;
}

/** Under these a contact list that is to be fetched waits. */
export const PENDING_CONTACTS = "pending-contacts";

/**
 * Takes what a message says to this device itself: keys, profiles, the official's own settings. All of it goes into
 * `changes`, with the message. A content that cannot be read teaches nothing, and is recorded all the same.
 */
export async function learn(
  unsealed: Unsealed,
  envelope: Envelope,
  account: LinkedAccount,
  changes: Changes,
  stores: ProtocolStores,
): Promise<Learned> {
  const content = readContent(unsealed.content);
  if (!content) return { content, account, errands: [], newKeys: unsealed.newSession };
  const { sender, device } = unsealed;
  let newKeys = unsealed.newSession;
  if (content.senderKeyDistributionMessage?.length) {
    const from = ProtocolAddress.new(sender, device);
    newKeys = (await takeSenderKey(content.senderKeyDistributionMessage, from, stores)) || newKeys;
  }
  const fromPerson = learnPerson(content, unsealed, account.aci, changes);
  const own = content.content.case === "syncMessage" && sender === account.aci;
  const fromPhone = own
    ? learnFromPhone(content.content.value as SyncMessage, envelope, account, changes)
    : undefined;
  const errands: Errand[] = [...(fromPhone?.errands ?? []), ...fromPerson];
  if (content.content.case === "decryptionErrorMessage") {
    learnUnreadable(content.content.value, unsealed, account, changes);
    const error = Buffer.from(content.content.value).toString("base64");
    addResendRequest(changes, { sender, device, error });
    errands.push({ what: "resend" });
  }
  return { content, account: fromPhone?.account ?? account, errands, newKeys };
}

/** Undefined for what cannot be read. */
export function readContent(bytes: Uint8Array): Content | undefined {
  try {
    return fromBinary(ContentSchema, bytes);
  } catch {
    return undefined;
  }
}

async function takeSenderKey(
  bytes: Uint8Array,
  from: ProtocolAddress,
  stores: ProtocolStores,
): Promise<boolean> {
  try {
    const message = SenderKeyDistributionMessage.deserialize(plain(bytes));
    await processSenderKeyDistributionMessage(from, message, stores.senderKeys);
    return true;
  } catch {
    // A damaged key harms what comes under it, which is quarantined; what came with it is a message like any other.
    return false;
  }
}

/** @returns what is to be fetched of them, or of their group */
function learnPerson(
  content: Content,
  { sender, timestamp }: Unsealed,
  own: string,
  changes: Changes,
): Errand[] {
  const { data, story, at = timestamp } = dataOf(content, sender === own);
  const profileKey = data?.profileKey;
  const isNew =
    profileKey?.length === 32 &&
    sender !== own &&
    learnContact(changes, sender, { profileKey: Buffer.from(profileKey).toString("base64") });
  const errands: Errand[] = isNew ? [{ what: "sync" }] : [];
  const { masterKey, revision = 0, groupChange: change } = data?.groupV2 ?? story?.group ?? {};
  const id = groupIdOf(masterKey);
  if (!masterKey || id === undefined) return errands;
  rememberGroupOf(changes, messageId(sender, at), id);
  learnGroup(changes, id, masterKey);
  const known = readGroup(changes, id);
  const isNews = change?.length || known?.closed || revision > (known?.revision ?? -1);
  if (isNews) errands.push({ what: "group", id, ...(change && { change }) });
  return errands;
}

/** What was said, by the sender or, told by their phone, by the official; and when, where the content says so itself. */
function dataOf(
  { content }: Content,
  own: boolean,
): { data?: DataMessage | undefined; story?: StoryMessage | undefined; at?: number } {
  switch (content.case) {
    case "dataMessage":
      return { data: content.value };
    case "editMessage":
      return { data: content.value.dataMessage };
    case "syncMessage": {
      if (!own || content.value.content.case !== "sent") return {};
      const { message, editMessage, storyMessage, timestamp } = content.value.content.value;
      const data = message ?? editMessage?.dataMessage;
      return { data, story: storyMessage, at: timestampIn(timestamp) };
    }
    case "storyMessage":
      return { story: content.value };
    default:
      return {};
  }
}

function learnFromPhone(
  { content }: SyncMessage,
  envelope: Envelope,
  account: LinkedAccount,
  changes: Changes,
): { account: LinkedAccount; errands: Errand[] } {
  switch (content.case) {
    case "contacts": {
      const { blob } = content.value;
      if (!blob) break;
      changes.set("link", PENDING_CONTACTS, Buffer.from(JSON.stringify(pointerFields(blob))));
      return { account, errands: [{ what: "sync" }] };
    }
    case "fetchLatest":
      if (content.value.type === SyncMessage_FetchLatest_Type.LOCAL_PROFILE)
        wantProfile(changes, account.aci);
      return { account, errands: [{ what: "sync" }] };
    case "keys": {
      const { accountEntropyPool, master } = content.value;
      const next = {
        ...account,
        ...(accountEntropyPool && { accountEntropyPool }),
        ...(master?.length && { masterKey: Buffer.from(master).toString("base64") }),
      };
      writeAccount(changes, next);
      return { account: next, errands: [{ what: "sync" }] };
    }
    case "pniChangeNumber": {
      const next = changedNumber(content.value, envelope, account, changes);
      return { account: next, errands: [{ what: "keys" }] };
    }
  }
  return { account, errands: [] };
}

/** What is needed of an attachment pointer to fetch it. */
export interface PointerFields {
  readonly cdn: number;
  readonly at: string;
  readonly key: string;
  readonly digest: string;
  readonly sizeBytes: number;
}

/** Its identifier is a number on the old CDN, else text. */
export function pointerFields(pointer: {
  readonly attachmentIdentifier:
    { case: "cdnId"; value: bigint } | { case: "cdnKey"; value: string } | { case: undefined };
  readonly cdnNumber?: number | undefined;
  readonly key?: Uint8Array | undefined;
  readonly digest?: Uint8Array | undefined;
  readonly size?: number | undefined;
}): PointerFields {
  const { attachmentIdentifier: identifier } = pointer;
  return {
    cdn: pointer.cdnNumber ?? 0,
    at: identifier.case === undefined ? "" : String(identifier.value),
    key: Buffer.from(pointer.key ?? []).toString("base64"),
    digest: Buffer.from(pointer.digest ?? []).toString("base64"),
    sizeBytes: pointer.size ?? 0,
  };
}
