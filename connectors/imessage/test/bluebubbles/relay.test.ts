import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Outbound } from "@daybook/contract";
import { RecordingSink } from "@daybook/contract/testing";
import { type ChatDb, FERGUS, guidOf } from "../../../../test/fakes/imessage/index.ts";
import { ACCOUNT, CUSTODIAN, type Mac, type MacOptions, openMac, records } from "./support/mac.ts";

const CHAT = `iMessage;-;${FERGUS}`;
const CAPTURER = join(import.meta.dirname, "children", "capturer.ts");
const never = new AbortController().signal;

function message(more: Partial<Outbound> = {}): Outbound {
  return {
    v: 1,
    id: randomUUID(),
    network: "imessage",
    account: ACCOUNT,
    custodian: CUSTODIAN,
    conversation: CHAT,
    text: "We sail at nine.",
    by: { id: "id-clerk", name: "A clerk" },
    requestedAt: "2026-03-04T09:00:00.000Z",
    expiresAt: "2099-01-01T00:00:00.000Z",
    ...more,
  };
}

function talk(db: ChatDb): void {
  const chat = db.chat(FERGUS, [db.handle(FERGUS)]);
  db.message({ chat, from: 1, at: new Date("2026-03-04T09:00:00Z"), name: "ask", runs: [{ text: "When?" }] });
}

async function office(more: MacOptions = {}): Promise<Mac> {
  const mac = await openMac({ mayRelay: true, confirmMs: 500, ...more });
  talk(mac.db);
  await mac.settled();
  // Conversations are learnt from what is said in them.
  return mac;
}

const requests = ({ server }: Mac) => server.requests.filter(({ path }) => path.endsWith("message/text"));
const outgoing = (mac: Mac) =>
  records(mac.sink.captured).filter(
    ({ event }) => event.direction === "outgoing" && event.kind === "message",
  );

it("sends by the private API alone, and records the row that appears, once, with who asked for it", async () => {
  const mac = await office();
  const asked = message();
  const outcome = await mac.connector.relay!.send(asked, never);
  await mac.settled();

  expect(requests(mac).map(({ body }) => body)).toEqual([
    { chatGuid: CHAT, tempGuid: asked.id, message: asked.text, method: "private-api" },
  ]);
  expect(outcome).toEqual({ state: "sent", networkId: expect.any(String) as string });
  expect(outgoing(mac)).toMatchObject([
    { event: { text: asked.text, relay: { id: asked.id, state: "sent", by: asked.by } } },
  ]);
  expect(await mac.connector.relay!.send(asked, never)).toEqual(outcome);
  expect(requests(mac)).toHaveLength(1);
});

it("says that a message is sent only when Messages shows it as sent", async () => {
  const mac = await office({ confirmMs: 60_000 });
  mac.server.sending = "late";
  const sending = mac.connector.relay!.send(message(), never);
  const state = { isDone: false };
  void sending.then(() => (state.isDone = true));
  const looks = () =>
    mac.server.requests.filter(({ body }) => JSON.stringify(body ?? "").includes("is_sent")).length;
  await mac.until(() => looks() >= 2);
  expect([state.isDone, outgoing(mac)]).toEqual([false, []]);
  mac.db.run("UPDATE message SET is_sent = 1 WHERE is_from_me = 1");

  await expect(sending).resolves.toMatchObject({ state: "sent" });
  expect(outgoing(mac)).toMatchObject([{ event: { relay: { state: "sent" } } }]);
});

it.each([
  ["unanswered", "unknown"],
  ["vanishes", "unknown"],
  ["error", "refused"],
  ["refused", "refused"],
] as const)("says what became of a message that is %s, and never sends it again", async (sending, code) => {
  const mac = await office();
  mac.server.sending = sending;
  const asked = message();
  const outcome = await mac.connector.relay!.send(asked, never);
  const again = await mac.restart();

  expect(outcome).toMatchObject({ state: "failed", code });
  expect(await again.connector.relay!.send(asked, never)).toEqual(outcome);
  expect(requests(mac)).toHaveLength(1);
  // A row of ours that nobody confirmed is a message like any other.
  for (const { event } of outgoing(again)) expect(event.relay).toBeUndefined();
});

it("begins anew where BlueBubbles was not reached at all, and gives up once it is too late", async () => {
  const mac = await office();
  const asked = message();
  await mac.server.close();
  const unreached = { code: "network-unavailable", retryable: true };
  await expect(mac.connector.relay!.send(asked, never)).rejects.toMatchObject(unreached);
  // That the conversation is on record is not forgotten with the process.
  const again = await mac.restart();
  await expect(again.connector.relay!.send(asked, never)).rejects.toMatchObject(unreached);
  await expect(
    again.connector.relay!.send(message({ expiresAt: "2026-03-04T09:00:00.000Z" }), never),
  ).resolves.toMatchObject({ state: "failed", code: "offline" });
});

it("says after a crash that nobody knows, and sends nothing again", async () => {
  const mac = await office();
  await mac.stop();
  const asked = message();
  mac.server.sending = "held";
  const args = [CAPTURER, mac.dir, mac.server.url, join(mac.dir, "stream"), "", JSON.stringify(asked)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] });
  const closed = once(child, "close");
  while (requests(mac).length === 0) await sleep(10);
  child.kill("SIGKILL");
  expect(await closed).toEqual([null, "SIGKILL"]);
  const again = await mac.restart();

  await expect(again.connector.relay!.send(asked, never)).resolves.toMatchObject({
    state: "failed",
    code: "unknown",
  });
  expect(requests(mac)).toHaveLength(1);
});

it("finds after a crash the row of a message that BlueBubbles had accepted", async () => {
  const mac = await office({ confirmMs: 600_000 });
  mac.server.sending = "late";
  const asked = message();
  const sending = mac.connector.relay!.send(asked, never);
  sending.catch(() => undefined);
  await mac.until(() =>
    mac.server.requests.some(({ body }) => JSON.stringify(body ?? "").includes("is_sent")),
  );
  await mac.stop();
  mac.db.run("UPDATE message SET is_sent = 1 WHERE is_from_me = 1");
  const again = await mac.restart();

  await expect(again.connector.relay!.send(asked, never)).resolves.toMatchObject({ state: "sent" });
  await again.settled();
  expect(outgoing(again)).toMatchObject([{ event: { relay: { id: asked.id, state: "sent" } } }]);
  expect(requests(mac)).toHaveLength(1);
});

it("keeps what others write waiting for the messages that were under way when it was asked for, and no others", async () => {
  const mac = await (await office()).restart({ confirmMs: 600_000, pollMs: 3_600_000 });
  await mac.until(() => mac.connector.health()[0]?.status === "live");
  const relay = mac.connector.relay!;
  const asked = (of: string) =>
    mac.server.requests.filter(({ body }) => JSON.stringify(body ?? "").includes(of)).length;
  const looks = () => asked("is_sent");
  const polls = () => asked("ROWID > :above");
  mac.server.sending = "late";
  const first = relay.send(message(), never);
  await mac.until(() => looks() >= 1);
  mac.db.message({ chat: 1, from: 1, at: new Date(), name: "other", runs: [{ text: "Sail without me." }] });
  const before = polls();
  while (polls() === before) await mac.server.post({});
  // By then it waits.
  const looked = looks();
  await mac.until(() => looks() >= looked + 2);
  const second = relay.send(message(), never);
  second.catch(() => undefined);
  await mac.until(() => requests(mac).length === 2);
  mac.db.run(
    "UPDATE message SET is_sent = 1 WHERE ROWID = (SELECT min(ROWID) FROM message WHERE is_from_me = 1)",
  );
  await expect(first).resolves.toMatchObject({ state: "sent" });

  await mac.until((all) => all.some(({ event }) => event.text === "Sail without me."));
});

it("sends to no conversation that the account is not in, and from none where it is not allowed", async () => {
  const mac = await office();
  await expect(
    mac.connector.relay!.send(message({ conversation: "iMessage;-;+447700900099" }), never),
  ).resolves.toMatchObject({ state: "failed", code: "no-such-conversation" });
  expect(requests(mac)).toEqual([]);

  const other = await openMac();
  expect(other.connector.relay).toBeUndefined();
});

describe("test messages", () => {
  const canary = { conversation: `iMessage;-;${ACCOUNT}`, everyMs: 200, withinMs: 100 };
  const self = (db: ChatDb) => db.chat(ACCOUNT, [db.handle(ACCOUNT)]);

  it("are coverage and no messages", async () => {
    const mac = await openMac({ canary, now: () => new Date() });
    self(mac.db);
    const captured = await mac.until((all) =>
      all.some(({ eventId, event }) => eventId.startsWith("canary:") && event.coverage?.state === "live"),
    );

    expect(requests(mac)[0]?.body).toMatchObject({ method: "private-api", chatGuid: canary.conversation });
    expect(captured.filter(({ event }) => event.kind === "message")).toEqual([]);
  });

  it("that do not appear are a gap and an alarm", async () => {
    const mac = await openMac({ canary, now: () => new Date() });
    self(mac.db);
    mac.server.sending = "vanishes";
    const captured = await mac.until((all) => all.some(({ event }) => event.kind === "gap"));

    expect(captured.find(({ event }) => event.kind === "gap")?.event.gap?.about).toBe("test message");
    expect(mac.connector.health()[0]?.alerts).toEqual(["canary-missing"]);
  });
});

it("keeps a message of ours out of the records until it is known whose it is", async () => {
  const sink = new RecordingSink();
  const mac = await office({ sink });
  mac.server.faults.push("slow");
  const sending = mac.connector.relay!.send(message(), never);
  mac.db.message({ chat: 1, at: new Date(), name: "typed", runs: [{ text: "Typed on the Mac" }] });
  await sending;
  await mac.settled();

  expect(
    outgoing(mac).map(({ eventId, event }) => [eventId === guidOf("typed"), event.relay !== undefined]),
  ).toEqual(
    expect.arrayContaining([
      [true, false],
      [false, true],
    ]),
  );
  expect(outgoing(mac)).toHaveLength(2);
});
