import { event, MAX_EVENT_BYTES } from "@daybook/contract";
import { codePoint } from "@daybook/contract/testing";
import fc from "fast-check";
import { observation as schema, type Observed } from "../../src/observation.ts";
import { draftsOf, inPlaceOf } from "../../src/reading/drafts.ts";
import { type Held, heldOf } from "../../src/reading/held.ts";
import {
  ABOUT,
  AT,
  came,
  eventsOf,
  FERGUS,
  found,
  GROUP,
  groupMessage,
  HARBOUR,
  holding,
  key,
  message,
  NOTHING,
  observe,
  read,
  whole,
} from "../fixtures/observations.ts";

/** What must hold of any observation. */
function check(observed: Observed, held: Held = NOTHING) {
  const drafts = draftsOf(observed, ABOUT, held);
  for (const draft of drafts) {
    const fit = event.safeParse(whole(draft));
    expect(fit.error?.issues).toBeUndefined();
    expect(Buffer.byteLength(JSON.stringify(whole(draft)))).toBeLessThan(MAX_EVENT_BYTES);
    expect(JSON.stringify(whole(draft)).isWellFormed()).toBe(true);
    expect(hasHalfCharacters(draft.event)).toBe(false);
    expect(draft.eventId.length).toBeGreaterThan(0);
    expect(draft.eventId.length).toBeLessThanOrEqual(512);
    expect(draft.stableDigest).toMatch(/^[0-9a-f]{64}$/);
    expect(event.safeParse(whole(inPlaceOf(draft))).success).toBe(true);
  }
  // What fits is read: no reader broke off.
  const isUnread = drafts.some(({ eventId }) => eventId.startsWith("unreadable:"));
  expect(isUnread).toBe(!schema.safeParse(jsonOf(observed.raw)).success);
  const keys = (all: typeof drafts) => all.map(({ eventId, stableDigest }) => `${eventId} ${stableDigest}`);
  expect(keys(draftsOf(observed, ABOUT, held))).toEqual(keys(drafts));
  expect(new Set(keys(drafts)).size).toBe(drafts.length);
  heldOf(observed);
  return drafts;
}

function jsonOf(raw: string): unknown {
  try {
    return JSON.parse(raw);
  } catch {
    return undefined;
  }
}

function hasHalfCharacters(value: unknown): boolean {
  if (typeof value === "string") return !value.isWellFormed();
  return typeof value === "object" && value !== null && Object.values(value).some(hasHalfCharacters);
}

it.each([
  ["nothing", ""],
  ["half an observation", '{"what":"message"'],
  ["a number", "7"],
  ["null", "null"],
  ["what is not known", '{"what":"dream","at":1}'],
  ["no time", JSON.stringify({ what: "message", how: "came", msg: message() })],
  ["a negative time", JSON.stringify({ what: "message", how: "came", at: -1, msg: message() })],
  ["a message of a negative time", came(message({ t: -5 })).raw],
  ["a key without its serialized form", came(message({ id: { fromMe: false, id: "A" } })).raw],
  ["deep brackets", "[".repeat(200_000)],
  ["bytes that are no JSON", "\u0000\u0001"],
])("keeps %s as a gap with its bytes", (_, raw) => {
  const [draft, ...more] = check({ n: 1, raw });
  expect(more).toEqual([]);
  expect(draft?.event.kind).toBe("gap");
  expect(Buffer.from(draft!.event.raw, "base64").toString()).toBe(raw);
});

it("names the message that an observation seems to be about, though it cannot be read", () => {
  expect(eventsOf(came(message({ t: -5 })))[0]?.gap?.about).toBe("3EB0A1");
});

const HALF = "\ud83d";
const LONG = "x".repeat(300_000);

it.each<[string, Record<string, unknown>]>([
  ["prototype keys", JSON.parse('{"__proto__":{"type":"revoked"},"constructor":1,"toString":"a"}') as never],
  ["the name of a built-in as its type", { type: "constructor" }],
  ["the name of a built-in as a change of a group", { type: "gp2", subtype: "toString" }],
  ["the name of a built-in as its subtype", { type: "ciphertext", subtype: "hasOwnProperty" }],
  ["half a character", { body: HALF, type: "chat" }],
  ["half a character in its type", { type: `a${HALF}`, body: "b" }],
  [
    "half a character in ids",
    { quotedStanzaID: HALF, author: HALF, from: HALF, id: key(HALF, HALF, { by: HALF }) },
  ],
  ["a long body", { body: LONG }],
  ["a body of control characters", { body: "\u0001".repeat(160_000) }],
  ["a body of wide characters", { body: "\u6e2f".repeat(300_000) }],
  ["long ids", { id: { ...key("A"), id: "A".repeat(512), _serialized: `false_${"b".repeat(506)}` } }],
  ["long wids", { author: LONG, from: { user: LONG, server: "c.us" } }],
  [
    "wrong types",
    { body: 7, caption: {}, type: "image", directPath: 3, filehash: [], size: "many", t: null },
  ],
  [
    "wrong lists",
    { type: "gp2", subtype: "add", recipients: [1, null, {}, "a@c.us"], templateParams: "none" },
  ],
  ["huge numbers", { ephemeralDuration: 1e300, size: 1e300, type: "image", directPath: "/v", t: 1e11 }],
  ["numbers that are none", { ephemeralDuration: -1, revokeTimestamp: -1, latestEditSenderTimestampMs: -1 }],
  [
    "times that no calendar has",
    { latestEditSenderTimestampMs: 8e15, eventStartTime: 1e18, type: "event_creation" },
  ],
  ["many options", { type: "poll_creation", pollName: "?", pollOptions: Array(20_000).fill({ name: "a" }) }],
  ["many members", { type: "gp2", subtype: "add", recipients: Array(20_000).fill("a@c.us") }],
  ["a card that never ends", { type: "vcard", body: `BEGIN:VCARD\n${"TEL:1\n ".repeat(40_000)}` }],
  ["many mentions", { body: "@1".repeat(200_000), mentionedJidList: Array(5_000).fill("1@c.us") }],
])("stands a message with %s", (_, fields) => {
  expect(check(came(message(fields))).length).toBeGreaterThan(0);
  check(found(groupMessage(fields)), holding(came(message({ body: "a" }))));
  check(observe({ what: "edit", msg: message(fields), before: `${HALF}a` }));
  check(observe({ what: "revoked", msg: message(fields), before: message(fields) }));
});

it("stands a group of thousands with long names of wide characters", () => {
  const people = Array.from({ length: 2_048 }, (_, n) => ({
    id: `${n}@lid`,
    name: "\u6e2f".repeat(400),
    number: `${n}`,
  }));
  const chat = { ...GROUP, members: people.map(({ id }) => id) };
  const drafts = check(came(groupMessage({ body: "Hello" }), { people, chat }));
  expect(drafts.filter(({ event: { kind } }) => kind === "identity")).toHaveLength(2_048);
  expect(drafts[0]?.event.recipients?.length).toBeGreaterThan(50);
});

it("keeps bytes that are too many for one event in further events", () => {
  const observed = came(message({ body: "Hello", thumbnail: "x".repeat(2_500_000) }));
  const drafts = check(observed);
  expect(drafts.map(({ event: { kind } }) => kind)).toEqual(["message", "notice", "notice"]);
  const bytes = Buffer.concat(drafts.map((draft) => Buffer.from(draft.event.raw, "base64")));
  expect(bytes.toString()).toBe(observed.raw);
});

it("does not take the names of one conversation's people for ids of another's", () => {
  const [draft] = read(came(message({ body: "Hi" }), { people: [{ id: "__proto__", name: "Nobody" }] }));
  expect(draft?.event.sender).toEqual({ id: FERGUS, name: "" });
});

const word = fc.oneof(
  fc.string({ unit: codePoint, maxLength: 12 }),
  fc.constantFrom(FERGUS, HARBOUR, "3EB0A1", HALF, ""),
);
const field = fc.oneof(
  word,
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.array(word, { maxLength: 3 }),
  fc.jsonValue(),
);
const NAMES = [
  ...["body", "caption", "subtype", "author", "from", "to", "t", "recipients", "templateParams", "filehash"],
  ...[
    "directPath",
    "size",
    "mimetype",
    "filename",
    "lat",
    "lng",
    "loc",
    "vcardList",
    "pollName",
    "pollOptions",
  ],
  ...["quotedStanzaID", "mentionedJidList", "ephemeralDuration", "latestEditMsgKey", "protocolMessageKey"],
  ...[
    "latestEditSenderTimestampMs",
    "revokeTimestamp",
    "revokeSender",
    "list",
    "eventName",
    "eventStartTime",
  ],
];
const TYPES = [
  ...[
    "chat",
    "image",
    "document",
    "location",
    "vcard",
    "multi_vcard",
    "poll_creation",
    "event_creation",
    "list",
  ],
  ...[
    "gp2",
    "notification_template",
    "e2e_notification",
    "call_log",
    "ciphertext",
    "revoked",
    "protocol",
    "reaction",
  ],
  ...["pinned_message", "keep_in_chat", "payment", "order", "product", "interactive", "album", "unknown"],
];
const fields = fc.dictionary(fc.constantFrom(...NAMES), field, { maxKeys: 8 });
const msg = fc
  .tuple(fields, fc.oneof(fc.constantFrom(...TYPES), word), fc.boolean(), fc.constantFrom(FERGUS, HARBOUR))
  .map(([more, type, fromMe, chat]) => ({
    ...message({ t: 1 }),
    ...more,
    type,
    id: key("3EB0A1", chat, { fromMe }),
  }));
const observation = fc.oneof(
  fc.record({ what: fc.constant("message"), how: fc.constantFrom("came", "found"), at: fc.nat(), msg }),
  fc.record({ what: fc.constant("edit"), at: fc.nat(), msg, before: fc.option(word) }),
  fc.record({ what: fc.constantFrom("decrypted", "removed"), at: fc.nat(), msg }),
  fc.record({ what: fc.constant("revoked"), at: fc.nat(), msg, before: fc.option(msg) }),
  fc.record({
    what: fc.constant("ack"),
    at: fc.constant(AT),
    key: fc.constant(key("A")),
    ack: fc.integer({ min: -9, max: 9 }),
  }),
  fc.record({
    what: fc.constantFrom("reaction", "vote"),
    at: fc.nat(),
    key: fc.constant(key("B")),
    parent: fc.constant(key("A")),
    sender: word,
    text: word,
    choices: fc.array(word, { maxLength: 3 }),
    time: fc.option(fc.double()),
  }),
  fc.record({
    what: fc.constant("call"),
    at: fc.nat(),
    call: fc.record({ id: word, peer: word, isVideo: fc.boolean() }),
  }),
  fc.record({
    what: fc.constant("chat"),
    at: fc.nat(),
    change: fc.constantFrom("removed", "archived", "other"),
  }),
  fc.record({ what: fc.constant("failed"), at: fc.nat(), part: word }),
);

it("makes of any observation events that fit, and the same ids each time", () => {
  fc.assert(
    fc.property(observation, observation, (one, before) => {
      check(observe(one), holding(observe(before)));
    }),
    { numRuns: 800 },
  );
});

it("makes of any JSON events that fit, and never nothing", () => {
  fc.assert(
    fc.property(fc.json({ stringUnit: "binary" }), (raw) => {
      expect(check({ n: 1, raw }).length).toBeGreaterThan(0);
    }),
    { numRuns: 500 },
  );
});
