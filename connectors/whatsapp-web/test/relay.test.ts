import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Captured, Outbound } from "@daybook/contract";
import { RecordingSink } from "@daybook/contract/testing";
import { jest } from "@jest/globals";
import { describeWithChromium, ME, text } from "../../../test/fakes/whatsapp-web/index.ts";
import { FERGUS, Office, OLIVIA } from "./support/office.ts";

const GROUP = "120363000000000001@g.us";
const HIDDEN = "990002000@lid";
const SENDER = join(import.meta.dirname, "children", "dying-sender.ts");
const BY = { id: "office-1", name: "Private office" };

// One account is of all of them: where it is not as it should be, each waits.
jest.setTimeout(60_000);

describeWithChromium("relaying through WhatsApp Web", () => {
  let office: Office;
  beforeAll(async () => {
    office = await Office.open({ relay: [ME.phone], answerMs: 1_500 });
    await office.link();
    for (const from of [FERGUS, HIDDEN]) office.server.deliver(text({ from }, "Good morning"));
    office.server.deliver(text({ chat: GROUP, from: FERGUS }, "Good morning, all"));
    await office.until(() => office.texts.length === 3);
  });
  beforeEach(() => {
    office.server.behaviour.sending = "sent";
  });
  afterAll(() => office.close());

  function message(said: string, over: Partial<Outbound> = {}): Outbound {
    return {
      v: 1,
      id: randomUUID(),
      network: "whatsapp",
      account: ME.phone,
      custodian: OLIVIA,
      conversation: FERGUS,
      text: said,
      by: BY,
      requestedAt: new Date().toISOString(),
      expiresAt: new Date(Date.now() + 600_000).toISOString(),
      ...over,
    };
  }

  const never = new AbortController().signal;
  const send = (one: Outbound, signal = never) => office.web.relay.send(one, signal);
  const arrived = (said: string) => office.server.asked.sent.filter(({ body }) => body === said);
  const recorded = (said: string) =>
    office.events.filter((event) => event.kind === "message" && event.text === said);

  it.each([FERGUS, HIDDEN, GROUP])(
    "sends to %s once, and records it with who asked",
    async (conversation) => {
      const asked = message(`The office will answer ${conversation}`, { conversation });
      const outcome = await send(asked);
      expect(outcome).toEqual({ state: "sent", networkId: arrived(asked.text)[0]?.id.id });
      expect(await send(asked)).toEqual(outcome);

      expect(arrived(asked.text)).toMatchObject([{ id: { fromMe: true, remote: conversation } }]);
      expect(recorded(asked.text)).toMatchObject([
        {
          direction: "outgoing",
          networkId: (outcome as { networkId: string }).networkId,
          conversation: { id: conversation },
          sender: { id: ME.phone },
          relay: { id: asked.id, state: "sent", by: BY },
        },
      ]);
    },
  );

  it("has shown nobody as present, and marked nothing as read", () => {
    const { seen, presence, histories } = office.server.asked;
    expect({ seen, presence, histories }).toEqual({ seen: [], presence: [], histories: [] });
  });

  it("resolves once the record is durable, however slow that is", async () => {
    const { sink } = office;
    const slow = Promise.withResolvers<undefined>();
    const capture = sink.capture.bind(sink);
    sink.capture = async (events: readonly Captured[]) => {
      await slow.promise;
      return capture(events);
    };
    const asked = message("slowly");
    const state = { isDone: false };
    const sending = send(asked).finally(() => (state.isDone = true));
    try {
      while (arrived(asked.text).length === 0 && !state.isDone) await sleep(10);
      await sleep(200);
      expect(state.isDone).toBe(false);
    } finally {
      slow.resolve(undefined);
    }

    expect(await sending).toMatchObject({ state: "sent" });
    expect(recorded(asked.text)).toHaveLength(1);
  });

  it("is not taken in by the same words from the phone", async () => {
    const asked = message("On my way");
    const sending = send(asked);
    const own = office.server.deliver(text({ chat: FERGUS, fromMe: true }, asked.text));
    await sending;
    await office.until(() => recorded(asked.text).length === 2);

    const relayed = recorded(asked.text).filter(({ relay }) => relay !== undefined);
    expect(relayed.map(({ networkId }) => networkId)).toEqual([arrived(asked.text)[0]?.id.id]);
    expect(relayed[0]?.networkId).not.toBe(own.message.id.id);
  });

  it.each([
    { sending: "refused", code: "refused", there: 0 },
    { sending: "lost", code: "unknown", there: 0 },
    { sending: "kept", code: "unknown", there: 1 },
  ] as const)("says $code of one that is $sending, and sends it no second time", async (of) => {
    office.server.behaviour.sending = of.sending;
    const asked = message(`to be ${of.sending}`);
    const outcome = await send(asked);
    expect(outcome).toMatchObject({ state: "failed", code: of.code });
    office.server.behaviour.sending = "sent";
    expect(await send(asked)).toEqual(outcome);

    expect(arrived(asked.text)).toHaveLength(of.there);
    expect(recorded(asked.text)).toMatchObject([{ relay: { id: asked.id, state: "failed", by: BY } }]);
  });

  it("sends nothing that is late, that has no place to go, or for an account that may not", async () => {
    const before = office.server.asked.sent.length;
    const expiresAt = new Date(Date.now() - 1).toISOString();
    expect(await send(message("late", { expiresAt }))).toMatchObject({ code: "offline" });
    expect(await send(message("x", { conversation: "15559999999@c.us" }))).toMatchObject({
      code: "no-such-conversation",
    });
    expect(await send(message("x", { account: "15559999999@c.us" }))).toMatchObject({ code: "unlinked" });

    expect(office.web.relay.has("15559999999@c.us")).toBe(false);
    expect(await office.web.relay.conversation(ME.phone, GROUP)).toMatchObject({ kind: "group" });
    expect(await office.web.relay.conversation(ME.phone, "15559999999@c.us")).toBeUndefined();
    expect(office.server.asked.sent).toHaveLength(before);
  });

  it("decides nothing while WhatsApp cannot be reached", async () => {
    const { server } = office;
    server.behaviour.accepts = false;
    server.dropLine();
    await office.until(() => office.health?.status === "connecting");
    const asked = message("not yet");
    await expect(send(asked)).rejects.toMatchObject({ retryable: true });
    server.behaviour.accepts = true;
    let outcome: unknown;
    while (outcome === undefined) outcome = await send(asked).catch(() => sleep(50));

    expect(outcome).toMatchObject({ state: "sent" });
    expect(arrived(asked.text)).toHaveLength(1);
  });

  it("knows after a restart what it sent, and after an answer that it gave up to wait for", async () => {
    const [before, doubtful] = [message("before the restart"), message("in doubt")];
    const outcome = await send(before);
    office.server.behaviour.sending = "kept";
    const given = new AbortController();
    const sending = send(doubtful, given.signal);
    while (arrived(doubtful.text).length === 0) await sleep(10);
    const stopped = office.restart();
    given.abort();
    await expect(sending).rejects.toMatchObject({ retryable: true });
    await stopped;
    await office.live();

    expect(await send(before)).toEqual(outcome);
    expect(await send(doubtful)).toMatchObject({ state: "sent" });
    expect(arrived(doubtful.text)).toHaveLength(1);
    expect(recorded(doubtful.text)).toMatchObject([{ relay: { id: doubtful.id, state: "sent" } }]);
  });

  it.each([
    { sending: "kept", outcome: { state: "sent" } },
    { sending: "lost", outcome: { state: "failed", code: "unknown" } },
  ] as const)("sends one that was $sending when it was killed no second time", async (of) => {
    const { server } = office;
    const asked = message(`killed, and ${of.sending}`);
    server.behaviour.sending = of.sending;
    await office.restart(async () => {
      const args = [SENDER, office.dir, JSON.stringify(server.chromiumArgs), JSON.stringify(asked)];
      const child = spawn(process.execPath, args, { stdio: "inherit" });
      while (![...server.asked.sent, ...server.asked.lost].some(({ body }) => body === asked.text))
        await sleep(10);
      const died = once(child, "close");
      child.kill("SIGKILL");
      await died;
    });
    server.behaviour.sending = "sent";
    await office.until(() => office.web.relay.has(ME.phone));

    expect(await send(asked)).toMatchObject(of.outcome);
    expect(arrived(asked.text)).toHaveLength(of.sending === "kept" ? 1 : 0);
    expect(recorded(asked.text)).toMatchObject(
      of.sending === "kept" ? [{ relay: { id: asked.id, state: "sent", by: BY } }] : [],
    );
  });

  it("answers once more what came of one after its record was handed over twice", async () => {
    const kept = new RecordingSink({ failures: 1, keep: true });
    office.sink = kept;
    await office.restart();
    await office.live();
    const asked = message("twice on its way");
    expect(await send(asked)).toMatchObject({ state: "sent" });

    const states = recorded(asked.text).map(({ relay }) => relay?.state);
    expect(new Set(states)).toEqual(new Set(["sent"]));
  });

  it("forgets what is older than anybody asks about", async () => {
    const asked = message("long ago");
    await send(asked);
    await office.restart(undefined, { now: () => new Date(Date.now() + 61 * 86_400_000) });
    await office.live();
    await send(message("now", { expiresAt: new Date(Date.now() + 62 * 86_400_000).toISOString() }));

    expect(await send(asked)).toMatchObject({ code: "offline" });
  });

  it("sends nothing once the phone has ended the link", async () => {
    office.server.logOut();
    await office.until(() => office.health?.status === "unlinked");
    expect(await send(message("after"))).toMatchObject({ state: "failed", code: "unlinked" });
  });
});
