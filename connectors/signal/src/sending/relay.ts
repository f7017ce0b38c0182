import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import type { Outbound, RelayFailure, RelayOutcome } from "@daybook/contract";
import { SignalError } from "../error.ts";
import { Aci, type ServiceId } from "../libsignal.ts";
import { ContentSchema } from "../protocol/gen/content_pb.ts";
import { messageId } from "../protocol/message-id.ts";
import { readServiceId } from "../protocol/service-id.ts";
import type { LinkedAccount } from "../store/account.ts";
import { Changes } from "../store/changes.ts";
import { rememberGroupOf } from "../store/groups.ts";
import { confirmIdentity, newIdentitySince } from "../store/identity-changes.ts";
import { logSent } from "../store/sent-log.ts";
import { failed, FAILURES, readProgress, setProgress, settle } from "./progress.ts";
import { sendTo, type SendContext } from "./send.ts";

/** Longer texts travel as attachments on Signal. */
export const MAX_TEXT_BYTES = 2_000;

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
  if (!known) begin(context, message, timestamp, { to: [message.conversation], content, transcript });
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
  await tellPhone(context, transcript, timestamp);
  const networkId = messageId(account.aci, timestamp);
  return settle(file, message.id, { state: "sent", networkId }, now());
}

/**
 * Tells the official's phone what was sent, which shows it there. That it cannot be told changes nothing of what was sent.
 *
 * @throws {SignalError} `unavailable`: it may have been told
 */
export async function tellPhone(
  context: SendContext,
  transcript: Uint8Array,
  timestamp: number,
): Promise<void> {
  try {
    await sendTo(context, Aci.fromUuid(context.account.aci), transcript, timestamp);
  } catch (cause) {
    if (!(cause instanceof SignalError) || cause.code === "unavailable") throw cause;
  }
}

/** What is sent of a message, as it is kept for those who cannot decrypt it. */
export interface Said {
  readonly to: readonly string[];
  readonly content: Uint8Array;
  readonly transcript: Uint8Array;
  /** The group that it is for, base64. */
  readonly group?: string;
}

/** What is confirmed of whom it is for is what was known when it was asked for: what changed later is not. */
export function begin(
  { file, account }: Pick<SendContext, "file" | "account">,
  message: Outbound,
  timestamp: number,
  { to, content, transcript, group }: Said,
): void {
  const changes = new Changes(file);
  setProgress(changes, message.id, { state: "begun", timestamp });
  for (const one of message.acceptsNewIdentity ? to : []) {
    const since = newIdentitySince(file, one);
    if (since !== undefined && since <= Date.parse(message.requestedAt)) confirmIdentity(changes, one);
  }
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
  const what = { to: [...to], content: text(content), ...(group !== undefined && { group }) };
  logSent(changes, { timestamp, toSelf: false }, what, timestamp);
  logSent(changes, { timestamp, toSelf: true }, { to: [account.aci], content: text(transcript) }, timestamp);
  file.commit(changes, timestamp);
}

/** @param about the group that it was for, and whom it did not reach */
export function recordDelivered(
  { file, account, now }: SendContext,
  message: Outbound,
  timestamp: number,
  transcript: Uint8Array,
  about: { readonly group?: string; readonly why?: string | undefined } = {},
): void {
  const changes = new Changes(file);
  const why = about.why === undefined ? {} : { why: about.why };
  changes.entries.push({
    what: "content",
    sender: account.aci,
    device: account.deviceId,
    timestamp,
    receivedAt: timestamp,
    toNumber: false,
    content: Buffer.from(transcript).toString("base64"),
    relay: { id: message.id, by: message.by, ...why },
  });
  const networkId = messageId(account.aci, timestamp);
  setProgress(changes, message.id, { state: "delivered", timestamp, networkId, ...why });
  if (about.group !== undefined) rememberGroupOf(changes, networkId, about.group);
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
