import { readdirSync } from "node:fs";
import { join } from "node:path";
import {
  ack,
  call,
  chat,
  ciphertext,
  decrypt,
  deleteForMe,
  describeWithChromium,
  edit,
  groupChange,
  ME,
  poll,
  reaction,
  revoke,
  securityChange,
  text,
  timer,
  vote,
} from "../../../test/fakes/whatsapp-web/index.ts";
import { ConnectorError } from "@daybook/contract";
import { RecordingSink } from "@daybook/contract/testing";
import { FERGUS, Office } from "./support/office.ts";

const GROUP = "120363000000000001@g.us";

describeWithChromium("WhatsApp Web", () => {
  let office: Office;
  beforeAll(async () => {
    office = await Office.open();
    await office.link();
  });
  afterAll(() => office.close());

  it("links by a code, and keeps nothing plain beside what runs", () => {
    const kept = readdirSync(join(office.dir, "kept"));

    expect(kept.filter((name) => name.endsWith(".session"))).toHaveLength(1);
    expect(office.health).toMatchObject({ status: "live", custodian: { id: "olivia" }, alerts: [] });
  });

  it("records messages with their edits, deletes, reactions and receipts", async () => {
    const { server } = office;
    const said = server.deliver(text({ from: FERGUS }, "Can the ferry sail on Friday?"));
    server.deliver(edit(said, "Can the ferry sail on Saturday?"));
    server.deliver(reaction(said, FERGUS, "👍"));
    server.deliver(ack(server.deliver(text({ chat: FERGUS, fromMe: true }, "I will ask.")), 3));
    server.deliver(revoke(said));
    await office.until(() => office.events.some(({ kind }) => kind === "delete"));

    const { id } = said.message.id;
    expect(office.events.slice(-6)).toMatchObject([
      { kind: "message", text: "Can the ferry sail on Friday?", networkId: id, direction: "incoming" },
      { kind: "edit", text: "Can the ferry sail on Saturday?", target: id },
      { kind: "reaction", text: "👍", target: id, sender: { id: FERGUS } },
      { kind: "message", text: "I will ask.", direction: "outgoing" },
      { kind: "receipt" },
      { kind: "delete", target: id },
    ]);
  });

  it("records each change of a message of which several come at once", async () => {
    const { server } = office;
    const before = office.events.length;
    const said = server.deliver(text({ from: FERGUS }, "Friday"));
    await office.until(() => office.texts.includes("Friday"));
    server.deliverMany([edit(said, "Saturday"), edit(said, "Sunday"), revoke(said)]);
    await office.until(() =>
      office.events.some(({ kind, target }) => kind === "delete" && target === said.message.id.id),
    );

    expect(office.events.slice(before).map(({ kind, text: words }) => [kind, words])).toEqual([
      ["message", "Friday"],
      ["edit", "Saturday"],
      ["edit", "Sunday"],
      ["delete", undefined],
    ]);
  });

  it("records what happens in groups, calls, polls, timers and keys", async () => {
    const { server } = office;
    const before = office.events.length;
    server.deliver(
      chat({
        id: GROUP,
        name: "Ferries",
        participants: [
          { id: FERGUS, isAdmin: true },
          { id: ME.phone, isAdmin: false },
        ],
      }),
    );
    server.deliver(groupChange({ chat: GROUP, from: FERGUS }, "add", { recipients: ["15550003000@c.us"] }));
    const asked = server.deliver(poll({ chat: GROUP, from: FERGUS }, "Which day?", ["Friday", "Saturday"]));
    server.deliver(vote(asked, FERGUS, [1]));
    server.deliver(call(FERGUS, { isVideo: true }));
    server.deliver(timer({ from: FERGUS }, 86_400));
    server.deliver(securityChange({ from: FERGUS }));
    const secret = server.deliver(ciphertext({ from: FERGUS }));
    server.deliver(decrypt(secret, { type: "chat", body: "Readable at last" }));
    server.deliver(deleteForMe(secret));
    await office.until(() => office.events.length >= before + 10);

    expect(office.events.slice(before).map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(["membership", "message", "call", "timer", "identity", "gap", "delete"]),
    );
    expect(office.texts).toContain("Readable at last");
    expect(office.events.find(({ text: said }) => said?.includes("Which day?"))).toMatchObject({
      conversation: { id: GROUP, title: "Ferries", kind: "group" },
      recipients: expect.arrayContaining([{ id: ME.phone, name: "Olivia Sinclair" }]) as unknown,
    });
  });

  it("takes 5,000 messages in order, each once", async () => {
    const bodies = Array.from({ length: 5_000 }, (_, n) => `message ${n}`);
    office.server.deliverMany(bodies.map((body) => text({ from: FERGUS }, body)));
    const came = () => office.texts.filter((said) => said?.startsWith("message "));
    await office.until(() => came().length >= 5_000);

    expect(came()).toEqual(bodies);
  });

  it("is live again after its line was lost, and records what came meanwhile", async () => {
    const { server } = office;
    server.behaviour.accepts = false;
    server.dropLine();
    await office.until(() => office.health?.status === "connecting");
    server.deliver(text({ from: FERGUS }, "said while the line was lost"));
    server.behaviour.accepts = true;
    await office.live();
    await office.until(() => office.texts.includes("said while the line was lost"));

    expect(office.statuses.slice(-3)).toEqual(["connecting", "catching-up", "live"]);
  });

  it("records all of what came while it was down", async () => {
    const queued = Array.from({ length: 25 }, (_, n) => text({ from: FERGUS }, `queued ${n}`));
    await office.restart(() => {
      office.server.deliverMany(queued);
      office.server.deliver(groupChange({ chat: GROUP, from: FERGUS }, "leave", { recipients: [FERGUS] }));
      expect(readdirSync(join(office.dir, "running"))).toEqual([]);
    });
    await office.live();

    expect(office.texts.filter((said) => said?.startsWith("queued "))).toHaveLength(25);
    expect(office.events.filter(({ kind }) => kind === "membership")).toHaveLength(2);
  });

  it("records as a gap what its code in the page cannot make anything of, and goes on", async () => {
    const { message } = office.server.deliver(text({ from: FERGUS }, "Unreadable", { recipients: 5 }));
    office.server.deliver(text({ from: FERGUS }, "Readable"));
    await office.until(() => office.texts.includes("Readable"));

    expect(office.events.at(-2)).toMatchObject({ kind: "gap", gap: { about: message.id.id } });
  });

  it.each(["lost", "kept"] as const)("hands over again what was %s and not answered", async (mode) => {
    let failures = 3;
    await office.restart(() => {
      const sink = (office.sink = new RecordingSink());
      const capture = sink.capture.bind(sink);
      sink.capture = async (events) => {
        const fails = events.some(({ event }) => event.kind === "message") && failures > 0;
        if (!fails) return capture(events);
        failures -= 1;
        if (mode === "kept") await capture(events);
        throw new ConnectorError("stream-unavailable", "injected");
      };
    });
    const bodies = Array.from({ length: 20 }, (_, n) => `${mode} ${n}`);
    for (const body of bodies) office.server.deliver(text({ from: FERGUS }, body));
    await office.live();
    await office.until(() => failures === 0 && office.texts.includes(`${mode} 19`));

    const { captured } = office.sink;
    const messages = new Map(
      captured
        .filter(({ event }) => event.text?.startsWith(`${mode} `))
        .map(({ eventId, stableDigest, event }) => [`${eventId} ${stableDigest}`, event.text]),
    );
    expect([...messages.values()]).toEqual(bodies);
  });

  it("has only read in all of that: nothing was sent, marked as read or shown as online", () => {
    expect(office.server.asked).toMatchObject({ sent: [], seen: [], presence: [] });
  });
});
