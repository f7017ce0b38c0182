import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import type { Outbound, RelayFailure, RelayOutcome } from "@daybook/contract";
import { SignalError } from "../error.ts";
import { Aci, type ServiceId } from "../libsignal.ts";
import { ContentSchema } from "../protocol/gen/content_pb.ts";
import { messageId } from "../protocol/message-id.ts";
import { readServiceId } from "../protocol/service-id.ts";
import type { LinkedAccount } from "../store/account.ts";
import type { AccountFile } from "../store/account-file.ts";
import { Changes } from "../store/changes.ts";
import { confirmIdentity, newIdentitySince } from "../store/identity-changes.ts";
import { failed, FAILURES, readProgress, setProgress, settle } from "./progress.ts";
import { sendTo, type SendContext } from "./send.ts";

/** Longer texts travel as attachments on Signal. */
const MAX_TEXT_BYTES = 2_000;

/**
 * Sends a text as the account and tells the official's phone, which shows it as sent. It has one timestamp, which is on
 * disk before anything leaves and by which Signal knows a message: sent again after a crash it is the same message. Once
 * resolved, what came of it is in the file, and so is the record of what was sent.
 *
 * @throws {SignalError} `unavailable`: it may have been sent, and may be sent again
 */
export async function relay(context: SendContext, message: Outbound): Promise<RelayOutcome> {
  const { file, account, now } = context;
  const known = readProgress(file, message.id);
  if (known?.state === "sent" || known?.state === "failed") return known;
  const to = readServiceId(undefined, message.conversation);
  const refuse = (code: RelayFailure, why: string) => settle(file, message.id, failed(code, why), now());
  if (!(to instanceof Aci) || message.conversation === account.aci)
    return refuse("no-such-conversation", "only a talk with one other person can be answered");
  if (Buffer.byteLength(message.text) > MAX_TEXT_BYTES)
    return refuse("too-long", `Signal takes ${MAX_TEXT_BYTES} bytes of text at most`);
  const timestamp = known?.timestamp ?? now().getTime();
  const { content, transcript } = contentsOf(message, to, timestamp, account);
  if (!known) begin(file, message, timestamp);
  if (known?.state !== "delivered") {
    try {
      await sendTo(context, to, content, timestamp);
    } catch (cause) {
      const code = cause instanceof SignalError ? FAILURES[cause.code] : undefined;
      if (!code) throw cause;
      return refuse(code, (cause as SignalError).message);
    }
    recordDelivered(context, message, timestamp, transcript);
  }
  try {
    await sendTo(context, Aci.fromUuid(account.aci), transcript, timestamp);
  } catch (cause) {
    // It was sent: a phone that cannot be told of it changes nothing about that.
    if (!(cause instanceof SignalError) || cause.code === "unavailable") throw cause;
  }
  const networkId = messageId(account.aci, timestamp);
  return settle(file, message.id, { state: "sent", networkId }, now());
}

/** What is confirmed is what was known when it was asked for: what changed later is not. */
function begin(file: AccountFile, message: Outbound, timestamp: number): void {
  const changes = new Changes(file);
  setProgress(changes, message.id, { state: "begun", timestamp });
  const since = newIdentitySince(file, message.conversation);
  if (message.acceptsNewIdentity && since !== undefined && since <= Date.parse(message.requestedAt))
    confirmIdentity(changes, message.conversation);
  file.commit(changes, timestamp);
}

function recordDelivered(
  { file, account, now }: SendContext,
  message: Outbound,
  timestamp: number,
  transcript: Uint8Array,
): void {
  const changes = new Changes(file);
  changes.entries.push({
    what: "content",
    sender: account.aci,
    device: account.deviceId,
    timestamp,
    receivedAt: timestamp,
    toNumber: false,
    content: Buffer.from(transcript).toString("base64"),
    relay: { id: message.id, by: message.by },
  });
  const networkId = messageId(account.aci, timestamp);
  setProgress(changes, message.id, { state: "delivered", timestamp, networkId });
  file.commit(changes, now().getTime());
}

/** What the other person gets, and what the official's phone is told. */
function contentsOf(
  { text }: Outbound,
  to: ServiceId,
  timestamp: number,
  account: LinkedAccount,
): { readonly content: Uint8Array; readonly transcript: Uint8Array } {
  const message = {
    body: text,
    timestamp: BigInt(timestamp),
    profileKey: Buffer.from(account.profileKey, "base64"),
  };
  const sent = {
    timestamp: BigInt(timestamp),
    message,
    destinationServiceId: to.getServiceIdString(),
    destinationServiceIdBinary: to.getServiceIdBinary(),
  };
  const bytes = (content: NonNullable<MessageInitShape<typeof ContentSchema>["content"]>) =>
    toBinary(ContentSchema, create(ContentSchema, { content }));
  return {
    content: bytes({ case: "dataMessage", value: message }),
    transcript: bytes({ case: "syncMessage", value: { content: { case: "sent", value: sent } } }),
  };
}
