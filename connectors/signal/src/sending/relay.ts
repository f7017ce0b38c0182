import { create, toBinary } from "@bufbuild/protobuf";
import { SignalError } from "../error.ts";
import { Aci, type ServiceId } from "../libsignal.ts";
import { ContentSchema } from "../protocol/gen/content_pb.ts";
import { messageId } from "../protocol/message-id.ts";
import { readServiceId } from "../protocol/service-id.ts";
import { Changes } from "../store/changes.ts";
import type { Entry } from "../store/entry.ts";
import { sendTo, type SendContext } from "./send.ts";

/** Longer texts travel as attachments on Signal. */
const MAX_TEXT_BYTES = 2_000;

/** A message that the official, or their office, writes elsewhere. */
export interface Relayed {
  /** Whom it is for: the id of a direct conversation. */
  readonly conversation: string;
  readonly text: string;
}

/**
 * Sends a text as the account, recorded before anything leaves and again when the outcome is known, and tells the
 * official's phone, which shows it as sent. Never repeated by itself.
 *
 * @returns the network's id of the message
 * @throws {SignalError} `not-possible` for a conversation or a text that cannot be sent to; `unregistered`, `challenge`,
 *   `rate-limited`: it was not sent; `unavailable`: it may have been
 */
export async function relay(context: SendContext, { conversation, text }: Relayed): Promise<string> {
  const { account, now } = context;
  const to = readServiceId(undefined, conversation);
  if (!(to instanceof Aci) || conversation === account.aci)
    throw new SignalError("not-possible", "only a talk with one other person can be answered");
  if (text === "" || Buffer.byteLength(text) > MAX_TEXT_BYTES)
    throw new SignalError("not-possible", `a text has 1 to ${MAX_TEXT_BYTES} bytes`);
  const timestamp = now().getTime();
  const message = {
    body: text,
    timestamp: BigInt(timestamp),
    profileKey: Buffer.from(account.profileKey, "base64"),
  };
  const content = create(ContentSchema, { content: { case: "dataMessage", value: message } });
  const transcript = toBinary(ContentSchema, transcriptOf(to, timestamp, message));
  record(context, {
    what: "content",
    sender: account.aci,
    device: account.deviceId,
    timestamp,
    receivedAt: timestamp,
    toNumber: false,
    content: Buffer.from(transcript).toString("base64"),
  });
  const networkId = messageId(account.aci, timestamp);
  const outcome = (words: string) => {
    record(context, {
      what: "notice",
      id: `relayed:${networkId}`,
      receivedAt: now().getTime(),
      text: words,
      target: networkId,
    });
  };
  try {
    await sendTo(context, to, toBinary(ContentSchema, content), timestamp);
  } catch (cause) {
    const told = cause instanceof SignalError ? cause : undefined;
    outcome(
      told?.code === "unavailable"
        ? "It is not known whether this was sent"
        : `Not sent: ${told?.message ?? "an error"}`,
    );
    throw cause;
  }
  outcome("Sent");
  await sendTo(context, Aci.fromUuid(account.aci), transcript, timestamp);
  return networkId;
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

function record({ file, now }: SendContext, entry: Entry): void {
  const changes = new Changes(file);
  changes.entries.push(entry);
  file.commit(changes, now().getTime());
}
