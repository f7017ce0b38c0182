import { type Event, event as eventSchema } from "@daybook/contract";
import fc from "fast-check";
import { draftsOf } from "../src/reading/captured.ts";
import { People } from "../src/reading/people.ts";
import { groupServer } from "../src/transport/servers.ts";
import { digestOf } from "../src/receiving/envelope.ts";
import { call, content, data, edit, sync } from "./support/contents.ts";
import { LoneAccount } from "./support/lone-account.ts";
import { mock, Proto } from "./support/mock-signal.ts";
import { damaged, delimited, nested, noise, openGroups } from "./support/wire-noise.ts";

const RUNS = Number(process.env.DAYBOOK_FUZZ_RUNS ?? 150);
const PATIENCE_MS = 60_000 + RUNS * 50;
const capturedAt = "2026-03-04T15:04:05.000Z";

const senders = ["a friend", "their phone"] as const;
const lones = new Map<string, LoneAccount>();
let server: ReturnType<typeof groupServer>;
beforeAll(async () => {
  server = groupServer({ publicParams: (await mock.loadCertificates()).serverPublicParams });
  for (const by of senders) lones.set(by, await LoneAccount.open(by));
});
afterAll(() => lones.forEach((lone) => lone.close()));

/** Receives envelopes; gives the events of what they left in the file, each as it is recorded, and empties it. */
async function received(lone: LoneAccount, ...envelopes: Uint8Array<ArrayBuffer>[]): Promise<Event[]> {
  const receivedAt = 1_700_000_000_000;
  await lone.receiver.receive(
    envelopes.map((raw) => ({ raw, receivedAt })),
    receivedAt,
  );
  const { account } = lone.receiver;
  const entries = lone.file.entries(100);
  if (entries.length > 0) lone.file.forget(entries.at(-1)!.number);
  return entries.flatMap(({ entry }) =>
    draftsOf(entry, account, new People(account, lone.file, server)).map(({ event, eventId }) => {
      expect(eventId.length).toBeLessThanOrEqual(512);
      // No half of a character, which canonical JSON has no form for.
      expect(JSON.stringify(event)).not.toMatch(/\\ud[89a-f]/);
      return eventSchema.parse({ ...event, capturedAt });
    }),
  );
}

/** What these bytes, decrypted, become. Each event has them, or is of what holds the account's own keys. */
async function decrypted(lone: LoneAccount, bytes: Uint8Array): Promise<Event[]> {
  const raw = Buffer.from(bytes).toString("base64");
  const events = await received(lone, await lone.sealed(bytes));
  for (const event of events) expect(["", raw]).toContain(event.raw);
  return events;
}

/** Their next message still arrives. */
async function stillHere(lone: LoneAccount): Promise<void> {
  const good = Buffer.from(Proto.Content.encode(data({ body: "still here" })));
  expect(await decrypted(lone, good)).toMatchObject([{ kind: "message", text: "still here" }]);
}

const whole = fc.constantFrom(
  ...[
    data({
      body: "hello",
      expireTimer: 5,
      groupV2: { masterKey: new Uint8Array(32), revision: 1, groupChange: null },
    }),
    edit(5, "better"),
    call({ offer: { id: 1n, type: Proto.CallMessage.Offer.Type.OFFER_VIDEO_CALL, opaque: null } }),
    sync({ content: { fetchLatest: { type: Proto.SyncMessage.FetchLatest.Type.STORAGE_MANIFEST } } }),
    content({ receiptMessage: { type: Proto.ReceiptMessage.Type.READ, timestamp: [1n, 2n ** 64n - 1n] } }),
  ].map((one) => Buffer.from(Proto.Content.encode(one))),
);
const anything = fc.oneof(noise, damaged(whole), damaged(noise), fc.uint8Array());
/** The fields of a content, each with anything in it. */
const anyBody = fc.tuple(fc.integer({ min: 1, max: 11 }), noise).map(([n, bytes]) => delimited(n, bytes));
/** The parts of what a phone tells its devices. */
const anySync = fc
  .tuple(fc.integer({ min: 1, max: 26 }), noise)
  .map(([n, bytes]) => delimited(2, delimited(n, bytes)));

it.each(senders)(
  "records, or knows as no event, whatever %s encrypted",
  async (by) => {
    const lone = lones.get(by)!;
    await fc.assert(
      fc.asyncProperty(fc.oneof(anything, anyBody, anySync), async (bytes) => {
        await decrypted(lone, bytes);
      }),
      { numRuns: RUNS },
    );
    await stillHere(lone);
  },
  PATIENCE_MS,
);

it.each([
  { name: "nested a thousand times", bytes: nested(1, 1_000) },
  { name: "nested in itself by its own fields", bytes: nested(2, 40) },
  { name: "of groups that never end", bytes: openGroups(1, 200_000) },
  { name: "of a field that claims more than there is", bytes: Buffer.from("0affffffff0f", "hex") },
  { name: "of a negative length", bytes: Buffer.from(`0a${"ff".repeat(9)}01`, "hex") },
  { name: "of a number that never ends", bytes: Buffer.alloc(50, 0xff) },
  { name: "of field number 0", bytes: Buffer.from("020141", "hex") },
  { name: "of text that is no UTF-8", bytes: delimited(1, delimited(1, Buffer.from("ffc328eda080", "hex"))) },
  {
    name: "of more attachments than a record holds",
    bytes: delimited(1, Buffer.concat(Array<Buffer>(1_200).fill(delimited(2, Buffer.alloc(0))))),
  },
])("keeps the bytes of a content $name", async ({ bytes }) => {
  const lone = lones.get("a friend")!;
  const events = await decrypted(lone, bytes);
  expect(events.map(({ raw }) => raw)).toEqual([Buffer.from(bytes).toString("base64")]);
  await stillHere(lone);
});

it("cuts no character in half", async () => {
  const fileName = `${"a".repeat(1023)}\u{1f600}`;
  const named = delimited(1, delimited(2, delimited(7, Buffer.from(fileName))));
  await decrypted(lones.get("a friend")!, named);
  const emoji = `${"a".repeat(63)}\u{1f600}`;
  const reaction = delimited(1, delimited(16, delimited(1, Buffer.from(emoji))));
  const [event] = await decrypted(lones.get("a friend")!, reaction);
  expect(event).toMatchObject({ kind: "reaction", text: `${"a".repeat(63)}\ufffd` });
});

it("bounds what one message can become", async () => {
  const timestamp = Array.from({ length: 50_000 }, (_, i) => BigInt(i));
  const type = Proto.ReceiptMessage.Type.READ;
  const many = Buffer.from(Proto.Content.encode(content({ receiptMessage: { type, timestamp } })));
  const events = await decrypted(lones.get("a friend")!, many);
  expect(JSON.stringify(events).length).toBeLessThan(8 * 1024 * 1024);
  expect(events.at(-1)).toMatchObject({
    kind: "notice",
    text: expect.stringContaining("more messages") as string,
  });
});

it(
  "quarantines every envelope that does not open, once, and goes on",
  async () => {
    const lone = lones.get("a friend")!;
    const sealed = Buffer.from(await lone.sealed(Buffer.from("x")));
    const envelopes = fc.oneof(noise, fc.uint8Array(), damaged(fc.constant(sealed)));
    await fc.assert(
      fc.asyncProperty(envelopes, async (bytes) => {
        const before = lone.file.quarantinedCount;
        const raw = new Uint8Array(bytes);
        const events = await received(lone, raw, raw);
        const gaps = events.filter(({ kind }) => kind === "gap").length;
        // A change that harms nothing is the message itself, which closes the gap of its damaged copies.
        const closed = events.filter(({ text }) => text?.includes("its gap is closed")).length;
        expect(lone.file.quarantinedCount).toBe(before + gaps - closed);
        expect(gaps).toBeLessThanOrEqual(1);
        if (events.length === 0) expect(lone.file.hasSeen(digestOf(raw))).toBe(true);
      }),
      { numRuns: RUNS },
    );
    await stillHere(lone);
  },
  PATIENCE_MS,
);
