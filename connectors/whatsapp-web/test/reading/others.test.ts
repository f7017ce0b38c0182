import {
  DIRECT,
  eventsOf,
  FERGUS,
  GROUP,
  HARBOUR,
  idsOf,
  key,
  MAIRI,
  observe,
  OWN,
  PEOPLE,
  SEEN,
  SENT,
  T,
} from "../fixtures/observations.ts";

const MS = T * 1_000;
const reaction = (fields: Record<string, unknown> = {}) =>
  observe({
    what: "reaction",
    key: key("3EB0C1", HARBOUR, { by: MAIRI }),
    parent: key("3EB0A2", HARBOUR, { by: MAIRI }),
    sender: MAIRI,
    text: "\u{1f44d}",
    time: MS,
    people: PEOPLE,
    chat: GROUP,
    ...fields,
  });

describe("a reaction", () => {
  it("is whose, to which message, when", () => {
    expect(eventsOf(reaction())).toMatchObject([
      {
        kind: "reaction",
        text: "\u{1f44d}",
        target: "3EB0A2",
        sender: { id: MAIRI, name: "Mairi Dunn" },
        conversation: { id: HARBOUR },
        sentAt: SENT,
        receivedAt: SEEN,
      },
    ]);
  });

  it("that is taken back is another, of no text", () => {
    expect(eventsOf(reaction({ text: "" }))).toMatchObject([{ kind: "reaction", text: "" }]);
    expect(idsOf(reaction({ text: "" }))).not.toEqual(idsOf(reaction()));
  });

  it("is another for each person and time", () => {
    const all = [reaction(), reaction({ sender: FERGUS }), reaction({ time: MS + 1 }), reaction()].flatMap(
      (one) => idsOf(one),
    );
    expect(new Set(all).size).toBe(3);
  });

  it("has no time where none is told, and its own key instead", () => {
    const [event] = eventsOf(reaction({ time: null }));
    expect(event?.sentAt).toBeUndefined();
    expect(idsOf(reaction({ time: null }))).not.toEqual(idsOf(reaction({ time: null, key: key("3EB0C2") })));
  });

  it("of the account itself is outgoing", () => {
    const own = reaction({ key: key("3EB0C1", HARBOUR, { fromMe: true }), sender: "77@lid" });
    expect(eventsOf(own)).toMatchObject([{ sender: OWN, direction: "outgoing" }]);
  });
});

const vote = (choices: string[]) =>
  observe({
    what: "vote",
    key: key("3EB0D1"),
    parent: key("3EB0A1"),
    sender: FERGUS,
    choices,
    question: "When?",
    time: MS,
    people: PEOPLE,
    chat: DIRECT,
  });

it("reads a vote, and one that is taken back", () => {
  expect(eventsOf(vote(["Noon", "Two"]))).toMatchObject([
    {
      kind: "notice",
      text: "Voted: Noon, Two, in the poll: When?",
      target: "3EB0A1",
      sender: { id: FERGUS },
      sentAt: SENT,
    },
  ]);
  expect(eventsOf(vote([]))[0]?.text).toBe("Took back their vote, in the poll: When?");
});

const ack = (n: number, { fromMe = true, chat = FERGUS } = {}) =>
  observe({
    what: "ack",
    key: key("3EB0B1", chat, { fromMe }),
    ack: n,
    people: PEOPLE,
    chat: chat === HARBOUR ? GROUP : DIRECT,
  });

it.each([
  [-1, "failed", undefined],
  [1, "sent", undefined],
  [2, "delivered", FERGUS],
  [3, "read", FERGUS],
  [4, "played", FERGUS],
  [7, "a state that Daybook does not know: 7", FERGUS],
])("reads the state %d of a message of the account as a receipt: %s", (n, text, by) => {
  const [event] = eventsOf(ack(n));
  expect(event).toMatchObject({
    kind: "receipt",
    text,
    target: "3EB0B1",
    direction: "incoming",
    receivedAt: SEEN,
  });
  expect(event?.sender?.id).toBe(by);
  expect(event?.sentAt).toBeUndefined();
  expect(idsOf(ack(n))).toEqual([`ack:true_${FERGUS}_3EB0B1:${n}`]);
});

it("makes no receipt of a message that waits to be sent", () => {
  expect(eventsOf(ack(0))).toEqual([]);
});

it("says nobody's name for a receipt of a group, of which WhatsApp tells for all together", () => {
  expect(eventsOf(ack(3, { chat: HARBOUR }))[0]?.sender).toBeUndefined();
});

it("knows that the account read what it was sent", () => {
  expect(eventsOf(ack(3, { fromMe: false }))).toMatchObject([
    { text: "read", sender: OWN, direction: "outgoing" },
  ]);
});

const call = (fields: Record<string, unknown>) =>
  observe({ what: "call", call: { id: "CALL1", peer: FERGUS, ...fields }, people: PEOPLE, chat: DIRECT });

it.each<[Record<string, unknown>, Record<string, unknown>]>([
  [{}, { text: "Voice call offered", direction: "incoming", sender: { id: FERGUS } }],
  [{ isVideo: true }, { text: "Video call offered" }],
  [{ outgoing: true }, { direction: "outgoing", sender: OWN, recipients: [{ id: FERGUS }] }],
  [{ isGroup: true, participants: [MAIRI] }, { text: "Group voice call offered, with Mairi Dunn" }],
])("reads a call of %j, by the page's clock alone", (fields, expected) => {
  const [event, ...more] = eventsOf(call(fields));
  expect(more).toEqual([]);
  expect(event).toMatchObject({ kind: "call", networkId: "CALL1", receivedAt: SEEN, ...expected });
  expect(event?.sentAt).toBeUndefined();
});

it.each([
  ["removed", "delete", "Conversation deleted on the account's own devices"],
  ["archived", "notice", "Conversation archived on the account's own devices"],
  ["unarchived", "notice", "Conversation no longer archived on the account's own devices"],
])("reads that a conversation was %s", (change, kind, text) => {
  expect(eventsOf(observe({ what: "chat", change, chat: DIRECT }))).toMatchObject([
    { kind, text, sender: OWN, conversation: { id: FERGUS } },
  ]);
});

it("makes a gap of what the page's hooks could not read", () => {
  expect(eventsOf(observe({ what: "failed", part: "poll votes", key: key("3EB0A1") }))).toMatchObject([
    {
      kind: "gap",
      gap: { why: expect.stringContaining("poll votes") as string, about: "3EB0A1", from: SEEN, to: SEEN },
    },
  ]);
});
