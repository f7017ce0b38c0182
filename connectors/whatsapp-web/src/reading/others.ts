import type { ObservationOf } from "../observation.ts";
import { keyOf, widOf } from "./ids.ts";
import { placeOf } from "./message.ts";
import type { People } from "./people.ts";
import { cut, given, idOf, instantOf, joined, nameOf, type Reading } from "./reading.ts";

type Keyed = ObservationOf<"reaction"> | ObservationOf<"vote">;

/** Who did something to which message, and when. */
function deedOf({ key, parent, sender, time, at }: Keyed, people: People) {
  const who = idOf(sender);
  const isOwn = key.fromMe || people.isOwn(who);
  const conversation = people.conversation(widOf(parent.remote));
  return {
    ...placeOf({ conversation, sender: isOwn ? people.own : people.party(who), isOwn }, people),
    target: idOf(parent.id),
    networkId: idOf(key.id),
    ...given("sentAt", instantOf(time)),
    ...given("receivedAt", instantOf(at)),
  };
}

export function readReaction(it: ObservationOf<"reaction">, people: People): Reading[] {
  const { key, parent, sender, text, time } = it;
  const about = [sender, parent._serialized, time ?? key._serialized, text];
  return [
    {
      ...deedOf(it, people),
      kind: "reaction",
      text: cut(text, 64),
      id: `reaction:${about.join(":")}`,
      stable: ["reaction", ...about],
    },
  ];
}

export function readVote(it: ObservationOf<"vote">, people: People): Reading[] {
  const { key, parent, sender, choices, question, time } = it;
  const about = [sender, parent._serialized, time ?? key._serialized];
  const voted = choices.length === 0 ? "Took back their vote" : `Voted: ${joined(choices)}`;
  return [
    {
      ...deedOf(it, people),
      kind: "notice",
      text: question ? joined([voted, `in the poll: ${question}`]) : cut(voted),
      id: `vote:${about.join(":")}`,
      stable: ["vote", ...about, choices],
    },
  ];
}

/** What becomes of a message with those whom it reaches; 0 is that it waits to be sent. */
const ACKS: Readonly<Record<number, string>> = {
  [-1]: "failed",
  1: "sent",
  2: "delivered",
  3: "read",
  4: "played",
};

/** A state of a message. In a group WhatsApp tells of all of them together, and when is never told. */
export function readAck({ key, ack, at }: ObservationOf<"ack">, people: People): Reading[] {
  if (ack === 0) return [];
  const conversation = people.conversation(widOf(key.remote));
  const isPeers = key.fromMe && ack > 1 && conversation?.kind === "direct";
  const sender = key.fromMe ? (isPeers ? people.party(conversation.id) : undefined) : people.own;
  const id = key._serialized;
  return [
    {
      kind: "receipt",
      direction: key.fromMe ? "incoming" : "outgoing",
      target: idOf(key.id),
      text: ACKS[ack] ?? `a state that Daybook does not know: ${ack}`,
      ...given("sender", sender),
      ...given("conversation", conversation),
      ...given("receivedAt", instantOf(at)),
      id: `ack:${id}:${ack}`,
      stable: ["ack", id, ack],
    },
  ];
}

export function readCall({ call, at }: ObservationOf<"call">, people: People): Reading[] {
  const { id, isVideo, isGroup, participants } = call;
  const isOwn = call.outgoing === true;
  const peer = idOf(call.peer);
  const conversation = people.conversation(peer);
  const isPerson = !peer.endsWith("@g.us");
  const sender = isOwn ? people.own : isPerson ? people.party(peer) : undefined;
  const what = `${isGroup ? "Group " : ""}${isVideo ? "video" : "voice"} call offered`;
  const others = (participants ?? []).map((one) => people.called(idOf(one)));
  return [
    {
      ...placeOf({ conversation, sender, isOwn }, people),
      kind: "call",
      text: joined([
        `${what[0]?.toUpperCase() ?? ""}${what.slice(1)}`,
        others.length > 0 && `with ${joined(others)}`,
      ]),
      networkId: idOf(id),
      ...given("receivedAt", instantOf(at)),
      id: `call:${id}`,
      stable: ["call", id, peer],
    },
  ];
}

const CHAT: Readonly<Record<ObservationOf<"chat">["change"], { kind: "delete" | "notice"; text: string }>> = {
  removed: { kind: "delete", text: "Conversation deleted on the account's own devices" },
  archived: { kind: "notice", text: "Conversation archived on the account's own devices" },
  unarchived: { kind: "notice", text: "Conversation no longer archived on the account's own devices" },
};

export function readChat({ chat, change, at }: ObservationOf<"chat">, people: People): Reading[] {
  const conversation = people.conversation(undefined);
  const about = [chat?.id ?? "", change, at];
  return [
    {
      ...CHAT[change],
      sender: people.own,
      direction: "outgoing",
      ...given("conversation", conversation),
      ...given("receivedAt", instantOf(at)),
      id: `chat:${about.join(":")}`,
      stable: ["chat", ...about],
    },
  ];
}

export function readFailed({ part, key, at }: ObservationOf<"failed">, people: People): Reading[] {
  const conversation = people.conversation(widOf(key?.remote));
  const about = [part, key?._serialized ?? "", at];
  const seen = instantOf(at);
  return [
    {
      kind: "gap",
      ...given("conversation", conversation),
      ...given("receivedAt", seen),
      gap: {
        why: `WhatsApp Web did something that Daybook could not read: ${nameOf(part)}`,
        ...given("about", keyOf(key)?.id),
        ...given("from", seen),
        ...given("to", seen),
      },
      id: `failed:${about.join(":")}`,
      stable: ["failed", ...about],
    },
  ];
}

/** The phone numbers that the page knows of people whose ids tell none, one event for each pair. */
export function readNumbers(
  { people: known = [], at }: Pick<ObservationOf<"chat">, "people" | "at">,
  people: People,
) {
  return known.flatMap((person): Reading[] => {
    const { id, number } = person;
    if (!id.endsWith("@lid") || number === undefined || number === "") return [];
    return [
      {
        kind: "identity",
        sender: people.party(idOf(id)),
        text: `Seen at this time: phone number ${nameOf(number)}`,
        ...given("conversation", people.conversation(undefined)),
        ...given("receivedAt", instantOf(at)),
        id: `identity:${id}:${number}`,
        stable: ["identity", id, number],
        raw: JSON.stringify(person),
      },
    ];
  });
}
