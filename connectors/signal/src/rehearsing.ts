import { create, toBinary } from "@bufbuild/protobuf";
import type { Captured, Party, SealedAttachment } from "@daybook/contract";
import { zkgroup } from "./libsignal.ts";
import { ContentSchema } from "./protocol/gen/content_pb.ts";
import { groupIdOf } from "./protocol/group-id.ts";
import { aciOf } from "./protocol/service-id.ts";
import { draftsOf, withAttachments } from "./reading/captured.ts";
import { People } from "./reading/people.ts";
import { Changes } from "./store/changes.ts";
import { learnContact } from "./store/contacts.ts";
import type { Entry } from "./store/entry.ts";
import { writeGroup } from "./store/groups.ts";

/** A made-up account and who is on it: nobody and nothing of it is on Signal. */
export interface MadeUpAccount {
  readonly aci: string;
  readonly custodian: Party;
  /** Accounts by their ids, with the names that the official's phone has for them. */
  readonly people: readonly Party[];
  readonly groups: readonly {
    /** Base64, 32 bytes. */
    readonly masterKey: string;
    readonly title: string;
    readonly members: readonly string[];
  }[];
}

/** A message that is named by who wrote it, and when. */
export interface MessageName {
  readonly author: string;
  readonly at: Date;
}

/** What the official's linked device would decrypt. */
export type MadeUpEvent = { readonly at: Date } & (
  | {
      readonly what: "sent";
      readonly author: string;
      /** The group's master key, base64, or the account of the one whom the talk is with. */
      readonly to: { readonly group: string } | { readonly peer: string };
      readonly message: MadeUpMessage;
    }
  | Pick<Extract<Entry, { what: "coverage" }>, "what" | "from" | "to" | "state">
  | { readonly what: "gap"; readonly why: string; readonly about?: MessageName }
);

export interface MadeUpMessage {
  readonly text?: string | undefined;
  readonly replyTo?: MessageName | undefined;
  readonly deletes?: MessageName | undefined;
  /** Of this message; or of those to come, where it says nothing else. */
  readonly timerSeconds?: number | undefined;
  readonly isTimerChange?: boolean;
  readonly viewOnce?: boolean;
}

const TIMER_CHANGE = 2;
const PHONE = 1;

/**
 * Makes the records of made-up messages as capturing them would: their bytes are Signal's, and read as those that come over
 * the network are.
 *
 * @returns what makes the record of one event; the same for the same event
 */
export function rehearsed(
  account: MadeUpAccount,
): (event: MadeUpEvent, attachments?: readonly SealedAttachment[]) => Captured {
  const values = new Changes({ get: () => undefined });
  for (const { id, name } of account.people) learnContact(values, id, { name });
  for (const { masterKey, title, members } of account.groups) {
    const id = groupIdOf(Buffer.from(masterKey, "base64"));
    if (id !== undefined) writeGroup(values, id, { masterKey, title, members: [...members] });
  }
  const device = { aci: account.aci, custodian: account.custodian, deviceId: 2 };
  const people = new People(device, values, zkgroup.ServerSecretParams.generate().getPublicParams());
  return (event, attachments = []) => {
    const [draft] = draftsOf(entryOf(event, account.aci), device, people);
    if (!draft) throw new TypeError("a made-up event is no event on Signal");
    // What a link says of itself has no time but that of its capture, which is now; the week is long ago.
    const { sentAt = event.at.toISOString() } = draft.event;
    return withAttachments({ ...draft, event: { ...draft.event, sentAt } }, attachments);
  };
}

function entryOf(event: MadeUpEvent, own: string): Entry {
  const at = event.at.getTime();
  if (event.what === "coverage")
    return { what: "coverage", from: event.from, to: event.to, state: event.state };
  if (event.what === "gap") {
    const about = event.about && `${event.about.author}:${event.about.at.getTime()}`;
    return { what: "gap", id: String(at), from: at, why: event.why, ...(about && { about }) };
  }
  const message = dataOf(event.message, at, event.to);
  const content = create(ContentSchema, {
    content:
      event.author === own
        ? { case: "syncMessage", value: { content: { case: "sent", value: sentOf(event.to, at, message) } } }
        : { case: "dataMessage", value: message },
  });
  return {
    what: "content",
    sender: event.author,
    device: PHONE,
    timestamp: at,
    receivedAt: at,
    toNumber: false,
    content: Buffer.from(toBinary(ContentSchema, content)).toString("base64"),
  };
}

type Where = Extract<MadeUpEvent, { what: "sent" }>["to"];

function sentOf(to: Where, at: number, message: ReturnType<typeof dataOf>) {
  return {
    timestamp: BigInt(at),
    message,
    ...("peer" in to && { destinationServiceIdBinary: bytesOf(to.peer) }),
  };
}

function dataOf(
  { text, replyTo, deletes, timerSeconds, isTimerChange, viewOnce }: MadeUpMessage,
  at: number,
  to: Where,
) {
  return {
    timestamp: BigInt(at),
    ...(text !== undefined && { body: text }),
    ...("group" in to && { groupV2: { masterKey: Buffer.from(to.group, "base64") } }),
    ...(replyTo && { quote: { id: BigInt(replyTo.at.getTime()), authorAciBinary: bytesOf(replyTo.author) } }),
    ...(deletes && { delete: { targetSentTimestamp: BigInt(deletes.at.getTime()) } }),
    ...(timerSeconds !== undefined && { expireTimer: timerSeconds }),
    ...(isTimerChange && { flags: TIMER_CHANGE }),
    ...(viewOnce && { isViewOnce: true }),
  };
}

function bytesOf(aci: string): Uint8Array<ArrayBuffer> {
  return aciOf(aci).getRawUuidBytes();
}
