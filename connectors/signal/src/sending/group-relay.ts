import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import type { Outbound, RelayFailure, RelayOutcome } from "@daybook/contract";
import type { AccountLink } from "../account-link.ts";
import { SignalError } from "../error.ts";
import type { FreshGroup } from "../groups/group-keeper.ts";
import { Aci, type zkgroup } from "../libsignal.ts";
import { ContentSchema } from "../protocol/gen/content_pb.ts";
import { GroupCipher } from "../protocol/group-cipher.ts";
import { messageId } from "../protocol/message-id.ts";
import type { AccountFile } from "../store/account-file.ts";
import { type GroupState, readGroup, readGroupState } from "../store/groups.ts";
import { Missed } from "./group-missed.ts";
import { sendToGroup } from "./group-send.ts";
import { failed, FAILURES, readProgress, settle } from "./progress.ts";
import { begin, MAX_TEXT_BYTES, recordDelivered, tellPhone } from "./relay.ts";

/** The storage service is asked who is in a group before something is sent to it, and waited for so long. */
const PATIENCE_MS = 10_000;

/** What sending to a group needs of an account. */
export interface GroupRelay {
  readonly link: Pick<AccountLink, "account" | "groups" | "inTurn">;
  readonly file: AccountFile;
  readonly server: zkgroup.ServerPublicParams;
  readonly now: () => Date;
}

/**
 * Sends a text to a group as the account, as `relay` does to one person: once, under one timestamp, and recorded before the
 * phone is told. Whom it does not reach is told by number and reason, and nothing is tried again for them.
 *
 * @throws {SignalError} `unavailable`: it may have been sent, and may be sent again
 */
export async function relayToGroup(sender: GroupRelay, message: Outbound): Promise<RelayOutcome> {
  const { link, file, now } = sender;
  const known = readProgress(file, message.id);
  if (known?.state === "sent" || known?.state === "failed") return known;
  const refuse = (code: RelayFailure, why: string) => settle(file, message.id, failed(code, why), now());
  const fresh = known?.state === "delivered" ? undefined : await look(sender, message.conversation);
  if (fresh === "gone")
    return refuse("no-such-conversation", "Signal does not show the account that group any more");
  const { state, masterKey } = await link.inTurn(() => {
    const kept = readGroupState(file, message.conversation);
    const about = readGroup(file, message.conversation);
    return Promise.resolve({ state: fresh?.state ?? kept, masterKey: about?.masterKey });
  });
  if (!state || masterKey === undefined)
    throw new SignalError("unavailable", "who is in the group is not known yet");
  const timestamp = known?.timestamp ?? now().getTime();
  const members = state.members.map(({ id }) => id).filter((id) => id !== link.account.aci);
  const data = dataOf(message, { masterKey, state, timestamp, profileKey: link.account.profileKey });
  let told = known?.state === "delivered" ? known.why : undefined;
  if (known?.state !== "delivered") {
    const refusal = whyNot(state, link.account.aci, message);
    if (refusal) return refuse(...refusal);
    const content = bytesOf({ case: "dataMessage", value: data });
    if (!known) {
      const transcript = transcriptOf(data, timestamp, members);
      const said = { to: members, content, transcript, group: message.conversation };
      begin({ file, account: link.account }, message, timestamp, said);
    }
    const missed = new Missed();
    try {
      const group = new GroupCipher(Buffer.from(masterKey, "base64"));
      const sent = { group, members, fresh, server: sender.server, content, timestamp };
      await sendToGroup((work) => link.inTurn(work), sent, missed);
    } catch (cause) {
      const code = cause instanceof SignalError ? FAILURES[cause.code] : undefined;
      if (!code) throw cause;
      return refuse(code, (cause as SignalError).message);
    }
    told = missed.told(members.length);
    if (told !== undefined && missed.size === members.length)
      return refuse(FAILURES[missed.mostly ?? "unavailable"] ?? "refused", told);
    const reached = members.filter((member) => !missed.has(member));
    const about = { why: told, group: message.conversation };
    await link.inTurn((context) => {
      recordDelivered(context, message, timestamp, transcriptOf(data, timestamp, reached), about);
      return Promise.resolve();
    });
  }
  await link.inTurn((context) => tellPhone(context, transcriptOf(data, timestamp, members), timestamp));
  const networkId = messageId(link.account.aci, timestamp);
  const why = told === undefined ? {} : { why: told };
  return settle(file, message.id, { state: "sent", networkId, ...why }, now());
}

/** The group as it is now; undefined where Signal's storage does not tell in time. */
async function look({ link }: GroupRelay, id: string): Promise<FreshGroup | "gone" | undefined> {
  try {
    return await link.groups.refresh(id, AbortSignal.timeout(PATIENCE_MS));
  } catch (cause) {
    if (!(cause instanceof SignalError)) throw cause;
    return cause.code === "not-possible" ? "gone" : undefined;
  }
}

function whyNot(
  { members, terminated, announcementsOnly }: GroupState,
  own: string,
  { text }: Outbound,
): [RelayFailure, string] | undefined {
  const self = members.find(({ id }) => id === own);
  if (!self) return ["no-such-conversation", "the account is not in that group"];
  if (terminated) return ["refused", "the group was ended: nobody can write to it"];
  if (announcementsOnly && !self.admin) return ["refused", "only administrators may write to that group"];
  if (Buffer.byteLength(text) > MAX_TEXT_BYTES)
    return ["too-long", `Signal takes ${MAX_TEXT_BYTES} bytes of text at most`];
  return undefined;
}

function dataOf(
  { text }: Outbound,
  about: { masterKey: string; state: GroupState; timestamp: number; profileKey: string },
) {
  const { masterKey, state, timestamp, profileKey } = about;
  return {
    body: text,
    timestamp: BigInt(timestamp),
    profileKey: Buffer.from(profileKey, "base64"),
    groupV2: { masterKey: Buffer.from(masterKey, "base64"), revision: state.revision },
    ...(state.timerSeconds > 0 && { expireTimer: state.timerSeconds }),
  };
}

/** What the official's phone is told: what was sent, and to whom. */
function transcriptOf(
  message: ReturnType<typeof dataOf>,
  timestamp: number,
  reached: readonly string[],
): Uint8Array {
  const unidentifiedStatus = reached.map((member) => ({
    unidentified: true,
    destinationServiceId: member,
    destinationServiceIdBinary: Aci.fromUuid(member).getServiceIdBinary(),
  }));
  const sent = { timestamp: BigInt(timestamp), message, unidentifiedStatus };
  return bytesOf({ case: "syncMessage", value: { content: { case: "sent", value: sent } } });
}

function bytesOf(content: NonNullable<MessageInitShape<typeof ContentSchema>["content"]>): Uint8Array {
  return toBinary(ContentSchema, create(ContentSchema, { content }));
}
