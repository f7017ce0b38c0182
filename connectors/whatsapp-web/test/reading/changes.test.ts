import {
  came,
  DIRECT,
  eventsOf,
  FERGUS,
  found,
  GROUP,
  groupMessage,
  holding,
  idsOf,
  key,
  message,
  NOTHING,
  observe,
  OWN,
  PEOPLE,
  SEEN,
  SENT,
  wid,
} from "../fixtures/observations.ts";
import { heldOf } from "../../src/reading/held.ts";

const EDITED_MS = 1_772_636_700_000;
const EDITED = "2026-03-04T15:05:00.000Z";
const editKey = key("3EB0E1");
const edited = message({
  body: "At noon",
  latestEditMsgKey: editKey,
  latestEditSenderTimestampMs: EDITED_MS,
});
const edit = (before: string | null, msg: Record<string, unknown> = edited) =>
  observe({ what: "edit", msg, before, people: PEOPLE, chat: DIRECT });
const original = came(message({ body: "At two" }));

describe("an edit", () => {
  it("is the new text, of the message that it is of, when its sender made it", () => {
    expect(eventsOf(edit("At two"), holding(original))).toEqual([
      expect.objectContaining({
        kind: "edit",
        text: "At noon",
        target: "3EB0A1",
        networkId: "3EB0E1",
        sentAt: EDITED,
        receivedAt: SEEN,
        sender: { id: FERGUS, name: "Fergus Reid" },
      }),
    ]);
    expect(idsOf(edit("At two"), holding(original))).toEqual([`edit:false_${FERGUS}_3EB0E1`]);
  });

  it("is preceded by the text before it, where that is not held", () => {
    expect(eventsOf(edit("At two"))).toMatchObject([
      { kind: "notice", text: "The text before this edit: At two", target: "3EB0A1" },
      { kind: "edit", text: "At noon" },
    ]);
  });

  it("is preceded by a gap, where nobody has the text before it", () => {
    expect(eventsOf(edit(null))).toMatchObject([
      { kind: "gap", gap: { about: "3EB0A1" } },
      { kind: "edit", text: "At noon" },
    ]);
  });

  it.each([
    [
      "the time of it",
      { latestEditSenderTimestampMs: EDITED_MS },
      `edit:false_${FERGUS}_3EB0A1:${EDITED_MS}`,
    ],
    ["its text", {}, /^edit:false_.*:[0-9a-f]{64}$/],
  ])("is known by %s where it has no key", (_, fields, id) => {
    const [only] = idsOf(edit("At two", message({ body: "At noon", ...fields })), holding(original));
    expect(only).toMatch(id);
  });

  it("of a caption is the caption, not the thumbnail", () => {
    const msg = message({ type: "image", directPath: "/v/1", body: "/9j/", caption: "The pier" });
    expect(eventsOf(edit("A pier", msg), holding(original))).toMatchObject([
      { kind: "edit", text: "The pier" },
    ]);
  });
});

const revokedMessage = message({
  type: "revoked",
  subtype: "sender",
  body: "",
  revokeTimestamp: EDITED_MS / 1_000,
});
const revoked = (before: Record<string, unknown> | null, msg: Record<string, unknown> = revokedMessage) =>
  observe({ what: "revoked", msg, before, people: PEOPLE, chat: DIRECT });

describe("a delete for everyone", () => {
  it("is just that where the message is held", () => {
    const before = message({ body: "At two" });
    expect(eventsOf(revoked(before), holding(original))).toEqual([
      expect.objectContaining({ kind: "delete", target: "3EB0A1", sentAt: EDITED, sender: PEOPLE_FERGUS }),
    ]);
    expect(idsOf(revoked(before), holding(original))).toEqual([`delete:false_${FERGUS}_3EB0A1`]);
  });

  it("is preceded by what the message was, where only the page has it", () => {
    expect(eventsOf(revoked(message({ body: "At two" })))).toMatchObject([
      { kind: "notice", text: "The message before it was deleted: At two", target: "3EB0A1", sentAt: SENT },
      { kind: "delete", target: "3EB0A1" },
    ]);
    const image = message({ type: "image", caption: "The pier" });
    expect(eventsOf(revoked(image))[0]?.text).toBe("The message before it was deleted (image): The pier");
  });

  it("is preceded by a gap, where nobody has the message", () => {
    expect(eventsOf(revoked(null))).toMatchObject([
      { kind: "gap", gap: { about: "3EB0A1" } },
      { kind: "delete", target: "3EB0A1" },
    ]);
  });

  it("is of the message that WhatsApp names, where it is told by another", () => {
    const msg = message({ type: "revoked", id: key("3EB0DD"), protocolMessageKey: key("3EB0A1") });
    expect(eventsOf(revoked(null, msg), holding(original))).toMatchObject([
      { kind: "delete", target: "3EB0A1" },
    ]);
    const protocol = came(message({ ...msg, type: "protocol", subtype: "sender_revoke" }));
    expect(idsOf(protocol, holding(original))).toEqual([`delete:false_${FERGUS}_3EB0A1`]);
  });

  it("says that an administrator made it", () => {
    const msg = groupMessage({ type: "revoked", subtype: "admin", revokeSender: wid(OWN.id) });
    const [, event] = eventsOf(observe({ what: "revoked", msg, before: null, people: PEOPLE, chat: GROUP }));
    expect(event).toMatchObject({
      kind: "delete",
      text: "Deleted by an administrator of the group",
      sender: OWN,
      direction: "outgoing",
    });
  });
});

const PEOPLE_FERGUS = { id: FERGUS, name: "Fergus Reid" };

it("tells a delete on the account alone from one for everyone", () => {
  const gone = observe({ what: "removed", msg: message({ body: "At two" }), people: PEOPLE, chat: DIRECT });
  expect(eventsOf(gone)).toMatchObject([
    {
      kind: "delete",
      target: "3EB0A1",
      sender: OWN,
      direction: "outgoing",
      text: "Deleted on the account's own devices alone: others still have it",
    },
  ]);
  expect(idsOf(gone)).toEqual([`removed:false_${FERGUS}_3EB0A1`]);
});

describe("looking again", () => {
  it("says nothing of what is as it was", () => {
    const again = found(message({ body: "At two", ack: 3, star: true }));
    expect(eventsOf(again, holding(original))).toEqual([]);
    expect(
      eventsOf(
        found(message({ body: "At noon", latestEditMsgKey: editKey })),
        holding(original, edit("At two")),
      ),
    ).toEqual([]);
  });

  it("finds the message where it is not held", () => {
    expect(eventsOf(found(message({ body: "At two" })))).toMatchObject([{ kind: "message", text: "At two" }]);
  });

  it("finds an edit that nobody heard, under the id that it would have had", () => {
    const again = found(edited);
    expect(eventsOf(again, holding(original))).toMatchObject([
      { kind: "edit", text: "At noon", sentAt: EDITED },
      { kind: "notice", text: "The edit of this message was seen when looking again", target: "3EB0A1" },
    ]);
    expect(idsOf(again, holding(original))[0]).toBe(idsOf(edit("At two"), holding(original))[0]);
    expect(eventsOf(again, holding(original)).map((event) => event.receivedAt)).toEqual([
      undefined,
      undefined,
    ]);
  });

  it("does not make up when an edit was made", () => {
    const events = eventsOf(found(message({ body: "At noon" })), holding(original));
    expect(events[0]?.sentAt).toBeUndefined();
    expect(events[1]?.text).toContain("when it was made is not known");
  });

  it("finds a delete that nobody heard, under the id that it would have had", () => {
    const again = found(message({ type: "revoked", body: "" }));
    expect(eventsOf(again, holding(original))).toEqual([
      expect.objectContaining({
        kind: "delete",
        target: "3EB0A1",
        text: "Deleted for everyone: seen when looking again, when it was deleted is not known",
      }),
    ]);
    expect(eventsOf(again, holding(original))[0]?.sentAt).toBeUndefined();
    expect(idsOf(again, holding(original))).toEqual(idsOf(revoked(null), holding(original)));
    expect(eventsOf(again, holding(original, revoked(null)))).toEqual([]);
  });

  it("finds a message deleted that was never seen: a gap, and the delete", () => {
    expect(eventsOf(found(message({ type: "revoked", body: "" })))).toMatchObject([
      { kind: "gap", gap: { about: "3EB0A1" } },
      { kind: "delete", target: "3EB0A1" },
    ]);
  });

  it("finds that a message can be read by now", () => {
    const unread = came(message({ type: "ciphertext" }));
    expect(eventsOf(found(message({ body: "At two" })), holding(unread))).toMatchObject([
      { kind: "message", text: "At two" },
      { kind: "notice", target: "3EB0A1" },
    ]);
  });

  it("keeps what it has where the page has forgotten", () => {
    expect(eventsOf(found(message({ type: "ciphertext" })), holding(original))).toEqual([]);
    expect(eventsOf(found(message({ body: "At two" })), holding(original, revoked(null)))).toEqual([]);
  });

  it("records another file of the same message as another message", () => {
    const image = (byte: number) =>
      message({ type: "image", directPath: "/v/1", filehash: Buffer.alloc(32, byte).toString("base64") });
    expect(eventsOf(found(image(2)), holding(came(image(1))))).toMatchObject([{ kind: "message" }]);
  });

  it("says of a message that had been edited before it was ever seen that its first text is missing", () => {
    expect(eventsOf(found(edited))).toMatchObject([
      { kind: "message", text: "At noon" },
      { kind: "gap", gap: { about: "3EB0A1" } },
    ]);
  });
});

describe("what is remembered", () => {
  it("is a message's kind and digests, and none of its words", () => {
    expect(heldOf(original)).toMatchObject({ id: `false_${FERGUS}_3EB0A1`, type: "chat" });
    expect(JSON.stringify(heldOf(original))).not.toContain("At two");
  });

  it("is of an edit the new text, and of a delete that there is none any more", () => {
    expect(heldOf(edit("At two"))?.words).toBe(heldOf(came(message({ body: "At noon" })))?.words);
    expect(heldOf(edit("At two"))?.words).not.toBe(heldOf(original)?.words);
    expect(heldOf(revoked(null))?.type).toBe("revoked");
    expect(heldOf(revoked(null))?.words).toBeUndefined();
  });

  it.each([
    ["what is no message", observe({ what: "chat", change: "archived" })],
    ["what cannot be read", { n: 1, raw: "{" }],
  ])("is nothing of %s", (_, observed) => {
    expect(heldOf(observed)).toBeUndefined();
  });

  it("sees a longer text change beyond what is remembered of it", () => {
    const long = "a".repeat(70_000);
    const events = eventsOf(found(message({ body: `${long}b` })), holding(came(message({ body: long }))));
    expect(events[0]?.kind).toBe("edit");
  });
});

it("gives the same ids when a change is delivered again", () => {
  for (const one of [edit("At two"), revoked(null), found(edited), original])
    expect(idsOf(one, NOTHING)).toEqual(idsOf(one, NOTHING));
  expect(new Set(idsOf(edit("At two"))).size).toBe(2);
});
