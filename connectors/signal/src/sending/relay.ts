import { create, toBinary } from "@bufbuild/protobuf";
import type { Outbound, RelayFailure, RelayOutcome } from "@daybook/contract";
import { SignalError } from "../error.ts";
import { Aci, type ServiceId } from "../libsignal.ts";
import { ContentSchema } from "../protocol/gen/content_pb.ts";
import { messageId } from "../protocol/message-id.ts";
import { readServiceId } from "../protocol/service-id.ts";
import { Changes } from "../store/changes.ts";
import { failed, FAILURES, readProgress, setProgress, settle, writeProgress } from "./progress.ts";
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
  if (known && known.state !== "begun") return known;
  const to = readServiceId(undefined, message.conversation);
  const refuse = (code: RelayFailure, why: string) => settle(file, message.id, failed(code, why), now());
  if (!(to instanceof Aci) || message.conversation === account.aci)
    return refuse("no-such-conversation", "only a talk with one other person can be answered");
  if (Buffer.byteLength(message.text) > MAX_TEXT_BYTES)
    return refuse("too-long", `Signal takes ${MAX_TEXT_BYTES} bytes of text at most`);
  const timestamp = known?.timestamp ?? now().getTime();
  if (!known) writeProgress(file, message.id, { state: "begun", timestamp }, now());
  const data = {
    body: message.text,
    timestamp: BigInt(timestamp),
    profileKey: Buffer.from(account.profileKey, "base64"),
  };
  const content = create(ContentSchema, { content: { case: "dataMessage", value: data } });
  const transcript = toBinary(ContentSchema, transcriptOf(to, timestamp, data));
  try {
    await sendTo(context, to, toBinary(ContentSchema, content), timestamp);
  } catch (cause) {
    const code = cause instanceof SignalError ? FAILURES[cause.code] : undefined;
    if (!code) throw cause;
    return refuse(code, (cause as SignalError).message);
  }
  await sendTo(context, Aci.fromUuid(account.aci), transcript, timestamp);
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
  const outcome = { state: "sent" as const, networkId: messageId(account.aci, timestamp) };
  setProgress(changes, message.id, outcome);
  file.commit(changes, now().getTime());
  return outcome;
}

function transcriptOf(
  to: ServiceId,
  timestamp: number,
  message: { readonly body: string; readonly timestamp: bigint; readonly profileKey: Uint8Array },
) {
  const sent = {
    timestamp: BigInt(timestamp),
    message,
    destinationServiceId: to.getServiceIdString(),
    destinationServiceIdBinary: to.getServiceIdBinary(),
  };
  return create(ContentSchema, {
    content: { case: "syncMessage", value: { content: { case: "sent", value: sent } } },
  });
}
