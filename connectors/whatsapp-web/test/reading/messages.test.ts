import {
  ABOUT,
  came,
  eventsOf,
  FERGUS,
  GROUP,
  groupMessage,
  HARBOUR,
  key,
  MAIRI,
  message,
  observe,
  OWN,
  read,
  SEEN,
  SENT,
  T,
  wid,
} from "../fixtures/observations.ts";

const HASH = Buffer.alloc(32, 7);
const file = {
  directPath: "/v/t62.7118-24/1",
  mediaKey: "a2V5",
  filehash: HASH.toString("base64"),
  mimetype: "image/jpeg",
  size: 2_048,
  body: "/9j/4AAQSkZJRg==",
};

it.each<[string, Record<string, unknown>, { text: string | undefined }]>([
  ["chat", { body: "Hello" }, { text: "Hello" }],
  ["chat", { body: "  as it was  \n" }, { text: "  as it was  \n" }],
  ["image", { ...file, caption: "The pier" }, { text: "The pier" }],
  ["video", { ...file, mimetype: "video/mp4" }, { text: undefined }],
  ["ptt", { ...file, mimetype: "audio/ogg; codecs=opus" }, { text: undefined }],
  ["audio", { ...file, mimetype: "audio/mpeg" }, { text: undefined }],
  ["document", { ...file, filename: "Tender.pdf", caption: "Tender" }, { text: "Tender" }],
  ["sticker", { ...file, mimetype: "image/webp" }, { text: undefined }],
  ["album", { expectedImageCount: 3, expectedVideoCount: 1 }, { text: "Album: 3 images, 1 video" }],
  [
    "location",
    { lat: 57.1, lng: -2.1, loc: "Pier\nShore Street", clientUrl: "https://pier.example", body: "/9j/" },
    { text: "Location: Pier, Shore Street, 57.1, -2.1, https://pier.example" },
  ],
  ["location", { lat: 57.1, lng: -2.1, isLive: true }, { text: "Live location: 57.1, -2.1" }],
  [
    "vcard",
    { body: "BEGIN:VCARD\nVERSION:3.0\nFN:Ann Lee\nitem1.TEL;waid=1555:+1 555\nEND:VCARD" },
    { text: "Contact: Ann Lee, +1 555" },
  ],
  [
    "multi_vcard",
    { body: null, vcardList: [{ displayName: "Ann", vcard: "TEL:+1" }, { vcard: "FN:Bo" }] },
    { text: "Contact: Ann, +1\nContact: Bo" },
  ],
  [
    "poll_creation",
    { pollName: "When?", pollOptions: [{ name: "Noon", localId: 0 }, { name: "Two" }] },
    { text: "When?\n- Noon\n- Two" },
  ],
  [
    "event_creation",
    {
      eventName: "Launch",
      eventDescription: "of the ferry",
      eventStartTime: T,
      eventLocation: { name: "Pier" },
    },
    { text: "Event: Launch, from 2026-03-04T15:04:05.000Z, Pier, of the ferry" },
  ],
  [
    "list",
    {
      list: {
        title: "Ferries",
        description: "Choose",
        sections: [{ title: "Today", rows: [{ title: "Noon", description: "the ferry" }] }],
      },
    },
    { text: "Ferries\nChoose\nToday\n- Noon, the ferry" },
  ],
  ["list_response", { body: "", listResponse: { title: "Noon" } }, { text: "Noon" }],
  ["buttons_response", { body: "Yes", selectedButtonId: "1" }, { text: "Yes" }],
  ["template_button_reply", { body: "Stop" }, { text: "Stop" }],
  [
    "interactive",
    { title: "Ferry", body: "Book?", dynamicReplyButtons: [{ buttonText: { displayText: "Yes" } }] },
    { text: "Ferry\nBook?\n- Yes" },
  ],
  [
    "product",
    { title: "Rope", priceAmount1000: 2_500, currencyCode: "GBP" },
    { text: "Product: Rope, 2.5 GBP" },
  ],
  [
    "order",
    { message: "Please", orderTitle: "Rope", itemCount: 2 },
    { text: "Please\nOrder: Rope, 2 items" },
  ],
  [
    "payment",
    { paymentAmount1000: 5_000, paymentCurrency: "GBP", paymentNoteMsg: { body: "Thanks" } },
    { text: "Payment: 5 GBP, Thanks" },
  ],
  ["groups_v4_invite", { inviteGrpName: "Works" }, { text: "Invitation to the group Works" }],
])("reads a %s", (type, fields, expected) => {
  const [event, ...more] = eventsOf(came(message({ type, ...fields })));
  expect(more).toEqual([]);
  expect(event).toMatchObject({
    kind: "message",
    networkId: "3EB0A1",
    sentAt: SENT,
    receivedAt: SEEN,
    direction: "incoming",
    sender: { id: FERGUS, name: "Fergus Reid" },
    recipients: [OWN],
    conversation: { id: FERGUS, title: "Fergus Reid", kind: "direct" },
  });
  expect(event?.text).toBe(expected.text);
});

it("keeps the observation's own bytes, and says who captured it how", () => {
  const observed = came(message({ body: "Hello \u{1f6a2}" }));
  const [event] = eventsOf(observed);
  expect(Buffer.from(event!.raw, "base64").toString()).toBe(observed.raw);
  expect(event).toMatchObject({
    network: "whatsapp",
    method: "linked-device",
    provenance: "captured",
    account: ABOUT.account,
    custodian: ABOUT.custodian,
    connector: { name: "whatsapp-web", version: "1" },
  });
});

it("wants a message's file, by the hash that the message names", () => {
  const [draft] = read(came(message({ type: "image", ...file })));
  expect(draft?.media).toEqual({
    id: `false_${FERGUS}_3EB0A1`,
    name: "image",
    mediaType: "image/jpeg",
    sizeBytes: 2_048,
    sha256: HASH.toString("hex"),
  });
});

it("wants no file of text, nor of a message that was deleted", () => {
  const wanted = [message({ body: "a" }), message({ type: "revoked", ...file })].flatMap((msg) =>
    read(came(msg)).flatMap(({ media }) => media ?? []),
  );
  expect(wanted).toEqual([]);
});

it("says what a message answers, that it was forwarded, and how long it stays", () => {
  const [event] = eventsOf(
    came(
      message({
        body: "Yes",
        quotedStanzaID: "3EB0FF",
        isForwarded: true,
        forwardingScore: 5,
        ephemeralDuration: 86_400,
        isViewOnce: true,
      }),
    ),
  );
  expect(event).toMatchObject({
    replyTo: "3EB0FF",
    forwarded: true,
    expiresAfterSeconds: 86_400,
    viewOnce: true,
  });
});

it("shows those who are mentioned by name", () => {
  const body = "@990001234567 and @15550001000, not @4477";
  const [event] = eventsOf(came(groupMessage({ body, mentionedJidList: [wid(MAIRI), OWN.id, "4477@c.us"] })));
  expect(event?.text).toBe("@Mairi Dunn and @Rowan Keel, not @4477");
});

it("knows the account's own messages, and whom they reach", () => {
  const [event] = eventsOf(
    came(message({ id: key("3EB0B1", FERGUS, { fromMe: true }), from: wid(OWN.id), to: wid(FERGUS) })),
  );
  expect(event).toMatchObject({
    direction: "outgoing",
    sender: OWN,
    recipients: [{ id: FERGUS, name: "Fergus Reid" }],
  });
});

it("knows who wrote in a group, and the others in it", () => {
  const [event] = eventsOf(came(groupMessage({ body: "Hello" })));
  expect(event).toMatchObject({
    sender: { id: MAIRI, name: "Mairi Dunn" },
    recipients: [{ id: FERGUS, name: "Fergus Reid" }, OWN],
    conversation: { id: HARBOUR, title: "Harbour works", kind: "group" },
  });
});

it("reached the account that heard it, also where the page lists it among a group's members no more", () => {
  const chat = { ...GROUP, members: GROUP.members.filter((id) => id === FERGUS) };
  expect(eventsOf(came(groupMessage({ body: "Hello" }), { chat }))[0]?.recipients).toEqual([
    OWN,
    { id: FERGUS, name: "Fergus Reid" },
  ]);
});

it("does not guess who else was in a group whose members the page has not loaded", () => {
  const { members: _, ...chat } = GROUP;
  expect(eventsOf(came(groupMessage({ body: "Hello" }), { chat }))[0]).not.toHaveProperty("recipients");
});

it.each([
  ["120363099999999999@newsletter", "channel"],
  ["status@broadcast", "channel"],
  ["1772636645@broadcast", "unknown"],
  [MAIRI, "direct"],
  [HARBOUR, "group"],
])("knows what conversation %s is where the page does not show it", (chat, kind) => {
  const msg = message({ id: key("A", chat), body: "Hello", from: wid(chat) });
  const [event] = eventsOf(observe({ what: "message", how: "came", msg }));
  expect(event?.conversation).toEqual({ id: chat, title: "", kind });
});

it("gives two governed accounts the same network id of one message", () => {
  const theirs = message({ id: key("3EB0A1", OWN.id, { fromMe: true }), body: "Hello" });
  expect(eventsOf(came(theirs))[0]?.networkId).toBe(eventsOf(came(message({ body: "Hello" })))[0]?.networkId);
});

it("keeps a message of a kind that is not known, with its words", () => {
  const [event] = eventsOf(came(message({ type: "hologram", body: "Hello" })));
  expect(event).toMatchObject({
    kind: "message",
    text: "A WhatsApp message of a kind that Daybook does not know: hologram\nHello",
  });
  expect(eventsOf(came(message({ type: "hologram" })))[0]).toMatchObject({ kind: "notice" });
});

it("tells a number that the page knows of a @lid, with the observation of it alone as evidence", () => {
  const people = [{ id: MAIRI, name: "Mairi Dunn", number: "+447700900456" }];
  const [, draft] = read(came(groupMessage({ body: "Hello" }), { people }));
  expect(draft).toMatchObject({
    eventId: `identity:${MAIRI}:+447700900456`,
    event: {
      kind: "identity",
      text: "Seen at this time: phone number +447700900456",
      sender: { id: MAIRI, name: "Mairi Dunn" },
      receivedAt: SEEN,
    },
  });
  expect(JSON.parse(Buffer.from(draft!.event.raw, "base64").toString())).toEqual(people[0]);
});

describe("what cannot be read yet", () => {
  it.each([
    ["", "could not be decrypted"],
    ["view_once_unavailable_fanout", "viewed once"],
    ["hosted_unavailable_fanout", "on the phone alone"],
    ["bot_unavailable_fanout", "on the phone alone"],
    ["later_unavailable_fanout", "on the phone alone"],
  ])("is a gap about its message (%s)", (subtype, why) => {
    const [event, ...more] = eventsOf(came(message({ type: "ciphertext", subtype })));
    expect(more).toEqual([]);
    expect(event).toMatchObject({
      kind: "gap",
      gap: { why: expect.stringContaining(why) as string, about: "3EB0A1", from: SENT, to: SENT },
    });
  });

  it("is the message itself once it can be, and its gap is closed", () => {
    const msg = message({ body: "Hello" });
    const events = eventsOf(observe({ what: "decrypted", msg }));
    expect(events).toMatchObject([
      { kind: "message", networkId: "3EB0A1", text: "Hello" },
      { kind: "notice", target: "3EB0A1", text: expect.stringContaining("gap is closed") as string },
    ]);
  });
});
