import { readFileSync } from "node:fs";
import { FERGUS, guidOf, MAIRI, PHOTO, writeStory } from "../../../../test/fakes/imessage/index.ts";
import { KnownPeople } from "../../src/bluebubbles/people.ts";
import { entriesOfItem, itemOf } from "../../src/bluebubbles/reading.ts";
import { entriesOf } from "../reading.ts";
import { ACCOUNT, CUSTODIAN, openMac, records } from "./support/mac.ts";

/** What BlueBubbles does not serve: what lies in Recently Deleted, and ids of which nothing else is left. */
const NOT_SERVED = ["binned", "long ago"].map(guidOf);

it("says of each row what the reader of the database says, under the same ids", async () => {
  const mac = await openMac({ write: writeStory });
  const captured = records(await mac.settled()).filter(({ event }) => event.raw !== "");
  mac.db.checkpoint();
  const read = entriesOf(readFileSync(mac.db.path)).filter(
    ({ eventId }) => !NOT_SERVED.some((guid) => eventId.startsWith(guid)),
  );
  const others = read.filter(({ eventId }) => eventId !== guidOf("sailed"));
  const said = captured
    .filter(({ event, eventId }) => event.kind !== "gap" && eventId !== guidOf("sailed"))
    .map(({ eventId, stableDigest, event }) => ({
      ...{ eventId, stableDigest, kind: event.kind, network: event.network, text: event.text },
      ...{ target: event.target, replyTo: event.replyTo, networkId: event.networkId, sentAt: event.sentAt },
      ...{ sender: event.sender?.id === ACCOUNT ? "self" : event.sender?.id, direction: event.direction },
      conversation: event.conversation,
    }));

  expect(said).toEqual(
    others.map((entry) => ({
      ...{
        eventId: entry.eventId,
        stableDigest: entry.stableDigest,
        kind: entry.kind,
        network: entry.network,
      },
      ...{ text: entry.text, target: entry.target, replyTo: entry.replyTo, networkId: entry.networkId },
      ...{ sentAt: entry.sentAt, direction: entry.direction, conversation: entry.conversation },
      sender: entry.sender?.name === "" ? "self" : entry.sender?.id,
    })),
  );
  // Which emoji it was, BlueBubbles does not serve.
  expect(read.length - others.length).toBe(1);
  expect(captured.find(({ eventId }) => eventId === guidOf("sailed"))?.event).toMatchObject({
    kind: "reaction",
    target: guidOf("ask"),
    text: "an emoji",
  });
});

it("keeps each row as it was served, says that it was captured, and by what", async () => {
  const mac = await openMac({ write: writeStory });
  const captured = records(await mac.settled());
  const ask = captured.find(({ eventId }) => eventId === guidOf("ask"))!;
  const served = await (
    await fetch(
      `${mac.server.url}/api/v1/message/query?password=${encodeURIComponent(mac.server.password)}`,
      {
        method: "POST",
        body: JSON.stringify({
          where: [{ statement: "message.guid = :guid", args: { guid: guidOf("ask") } }],
          with: ["chats", "attachments", "attributed-body", "message-summary-info", "payload-data"],
        }),
      },
    )
  ).text();

  expect(ask.event).toMatchObject({
    method: "device-agent",
    provenance: "captured",
    account: ACCOUNT,
    custodian: CUSTODIAN,
    connector: { name: "bluebubbles" },
    sender: { id: FERGUS },
  });
  const raw = Buffer.from(ask.event.raw, "base64").toString();
  expect(JSON.parse(raw)).toMatchObject({ guid: guidOf("ask") });
  expect(served).toContain(raw);
});

it("has who is in a group, and who joined it, whom no message names", async () => {
  const mac = await openMac({ write: writeStory });
  const captured = records(await mac.settled());
  const of = (name: string) => captured.find(({ eventId }) => eventId === guidOf(name))?.event;

  expect(of("added")).toMatchObject({ kind: "membership", text: `Added ${MAIRI}` });
  expect(of("hello")?.recipients?.map(({ id }) => id)).toEqual([ACCOUNT, FERGUS]);
});

it("fetches attachments, and says which are missing once their time is over", async () => {
  const mac = await openMac({ write: writeStory, attachmentMs: 200 });
  const captured = await mac.until(
    (all) =>
      all.some(({ event }) => event.gap && event.target !== undefined) &&
      all.some(({ attachments }) => attachments),
  );
  const [had] = captured.flatMap(({ event, attachments = [] }) =>
    attachments.map((one) => ({ target: event.target, content: mac.sink.attachments.get(one.sealed) })),
  );

  expect(had).toEqual({ target: guidOf("photo"), content: PHOTO });
  expect(captured.filter(({ event }) => event.kind === "gap").map(({ event }) => event.target)).toContain(
    guidOf("gone"),
  );
});

it("reads what an older system serves, which has not all of the columns", () => {
  const served = { originalROWID: 1, guid: guidOf("old"), text: "The old ferry", dateCreated: 1 };
  const [read] = entriesOfItem(itemOf(JSON.stringify(served)), new KnownPeople(), ACCOUNT);

  expect(read).toMatchObject({ kind: "message", text: "The old ferry" });
});

it("says no more than a body has where a server's runs overlap, and keeps what has a date that is none", () => {
  const string = "x".repeat(1_000_000);
  const served = {
    ...{ originalROWID: 1, guid: guidOf("hostile"), dateCreated: Date.UTC(2026, 2, 4), chats: [] },
    attributedBody: [{ string, runs: Array.from({ length: 2_000 }, () => ({ range: [0, 1_000_000] })) }],
  };
  const read = (of: object) => entriesOfItem(itemOf(JSON.stringify(of)), new KnownPeople(), ACCOUNT);

  expect(read(served).map(({ kind, text }) => [kind, text?.length])).toContainEqual(["message", 100_000]);
  expect(read({ ...served, dateCreated: 1e300 }).map(({ kind }) => kind)).toEqual(["notice"]);
});
