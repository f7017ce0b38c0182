import { createHash } from "node:crypto";
import { TestAgent } from "@daybook/contract/testing";
import { intake } from "./support.ts";

const HOUR_MS = 3_600_000;
const stage = intake();

describe("a batch", () => {
  it.each(["p256", "ed25519"] as const)(
    "signed by %s is recorded, and answered by its digest",
    async (kind) => {
      const agent = await stage.enrolled(new TestAgent(kind));
      const batch = agent.batch(1, [{ raw: "hello" }, { raw: "again" }]);
      const sha256 = createHash("sha256").update(batch.body).digest("hex");
      const taken = { status: 200, body: { agent: agent.id, number: 1, sha256 } };
      expect(await agent.send(stage.url, batch)).toEqual(taken);
      // Its answer was lost.
      expect(await agent.send(stage.url, batch)).toEqual(taken);
      expect(stage.texts(agent)).toEqual(["hello", "again"]);
      expect(stage.records(agent, "message")[0]).toMatchObject({
        method: "device-agent",
        custodian: { name: "Ada" },
      });
    },
  );

  it.each(["lost", "kept", "full"] as const)(
    "is not answered when its events are %s, and is one record when it comes again",
    async (fault) => {
      const agent = await stage.enrolled();
      const batch = agent.batch(1, [{ raw: `said once, ${fault}` }]);
      stage.rig.publisher.faults.push(fault);
      expect(await agent.send(stage.url, batch)).toMatchObject({ status: 503 });
      expect(await agent.send(stage.url, batch)).toMatchObject({ status: 200 });
      expect(stage.texts(agent)).toEqual([`said once, ${fault}`]);
    },
  );

  it("is one record where it was durable and its number could not be noted", async () => {
    const agent = await stage.enrolled();
    const batch = agent.batch(1, [{ raw: "durable, not noted" }]);
    await stage.pool.query("ALTER TABLE capture.agent_batch RENAME TO away");
    expect(await agent.send(stage.url, batch)).toMatchObject({ status: 503 });
    await stage.pool.query("ALTER TABLE capture.away RENAME TO agent_batch");
    expect(await agent.send(stage.url, batch)).toMatchObject({ status: 200 });
    expect(stage.texts(agent)).toEqual(["durable, not noted"]);
  });

  it("that comes twice at once is recorded once", async () => {
    const agent = await stage.enrolled();
    const batch = agent.batch(1, [{ raw: "twice at once" }]);
    const answers = await Promise.all([agent.send(stage.url, batch), agent.send(stage.url, batch)]);
    expect(answers[0]).toEqual(answers[1]);
    expect(
      stage.rig.publisher.published.filter(({ envelope }) => envelope.event.text === "twice at once"),
    ).toHaveLength(1);
  });

  it("under a number that had other bytes is refused, and nothing of it kept", async () => {
    const agent = await stage.enrolled();
    await agent.send(stage.url, agent.batch(1, [{ raw: "the first" }]));
    const other = await agent.send(stage.url, agent.batch(1, [{ raw: "of a restored phone" }]));
    expect(other).toEqual({ status: 409, body: { code: "number-taken", next: 2 } });
    expect(stage.texts(agent)).toEqual(["the first"]);
  });
});

describe("a number that does not come", () => {
  it("is no gap while it may be late, and a gap then, said once, with what frames it", async () => {
    const agent = await stage.enrolled();
    await agent.send(stage.url, agent.batch(1));
    const from = new Date(stage.time).toISOString();
    stage.time += 60_000;
    await agent.send(stage.url, agent.batch(5, [{ raw: "later" }], { answeredThrough: 1 }));
    const to = new Date(stage.time).toISOString();
    await stage.lookAfter(HOUR_MS - 1);
    expect(stage.records(agent, "gap")).toEqual([]);
    await stage.lookAfter(1);
    await stage.lookAfter(HOUR_MS);
    expect(stage.records(agent, "gap").map(({ gap }) => gap)).toEqual([
      { from, to, why: expect.stringContaining("never came") as unknown, about: "batches 2 to 4" },
    ]);
  });

  it("is recorded when it comes late, and that it did is on record", async () => {
    const agent = await stage.enrolled();
    await agent.send(stage.url, agent.batch(2, [{ raw: "second" }]));
    await agent.send(stage.url, agent.batch(1, [{ raw: "first, overtaken" }]));
    await agent.send(stage.url, agent.batch(4, [{ raw: "fourth" }], { answeredThrough: 2 }));
    await stage.lookAfter(2 * HOUR_MS);
    expect(stage.records(agent, "gap").map(({ gap }) => gap?.about)).toEqual(["batch 3"]);
    expect(
      await agent.send(stage.url, agent.batch(3, [{ raw: "third, late" }], { answeredThrough: 2 })),
    ).toMatchObject({ status: 200 });
    await stage.lookAfter(1);
    expect(stage.texts(agent)).toEqual(["second", "first, overtaken", "fourth", "third, late"]);
    expect(stage.records(agent, "notice").map(({ text }) => text)).toEqual([
      expect.stringContaining("Batch 3"),
    ]);
  });

  it("is no gap after the database was lost, where the agent holds its answer", async () => {
    const agent = await stage.enrolled();
    await agent.send(stage.url, agent.batch(1, [{ raw: "before" }]));
    await stage.pool.query("DELETE FROM capture.agent_batch WHERE agent = $1", [agent.id]);
    await stage.pool.query("DELETE FROM capture.agent WHERE id = $1", [agent.id]);
    await agent.send(stage.url, agent.batch(2_000, [{ raw: "after" }], { answeredThrough: 1_998 }));
    await stage.lookAfter(2 * HOUR_MS);
    expect(stage.records(agent, "gap").map(({ gap }) => gap?.about)).toEqual(["batch 1999"]);
    expect(stage.records(agent, "notice").map(({ text }) => text)).toEqual([
      expect.stringContaining("batches 1 to 1998"),
    ]);
  });

  it("is refused where more are missing than can be late, and where it is forgotten", async () => {
    const agent = await stage.enrolled();
    expect(await agent.send(stage.url, agent.batch(1_002))).toEqual({
      status: 409,
      body: { code: "too-far-ahead", next: 1 },
    });
    await agent.send(stage.url, agent.batch(1));
    await agent.send(stage.url, agent.batch(20_000, [], { answeredThrough: 19_999 }));
    expect(await agent.send(stage.url, agent.batch(2))).toEqual({
      status: 410,
      body: { code: "stale", next: 20_001 },
    });
  });
});

describe("an attachment", () => {
  const picture = { content: Buffer.from("a picture"), mediaType: "image/jpeg", name: "a.jpg" };

  it("goes before its batch, which is answered with what is not there", async () => {
    const agent = await stage.enrolled();
    const batch = agent.batch(1, [{ raw: "with a picture", parts: [picture] }]);
    const sha256 = createHash("sha256").update(picture.content).digest("hex");
    const missing = { status: 409, body: { code: "parts-missing", missing: [sha256] } };
    expect(await agent.send(stage.url, batch)).toEqual(missing);
    expect(await agent.sendPart(stage.url, picture.content)).toMatchObject({ status: 204 });
    // What was kept for it dies with the process.
    await stage.reopen();
    expect(await agent.send(stage.url, batch)).toEqual(missing);
    await agent.sendPart(stage.url, picture.content);
    await agent.sendPart(stage.url, picture.content);
    expect(await agent.send(stage.url, batch)).toMatchObject({ status: 200 });
    expect(stage.records(agent, "message")).toMatchObject([
      { attachments: [{ sha256, name: "a.jpg", sizeBytes: 9 }] },
    ]);
    expect(await agent.send(stage.url, batch)).toMatchObject({ status: 200 });
  });

  it("of another digest than it is sent by is not kept", async () => {
    const agent = await stage.enrolled();
    const sha256 = "0".repeat(64);
    const signature = agent.signature({ what: "part", agent: agent.id, sha256 });
    const { status } = await fetch(`${stage.url}/agents/v1/${agent.id}/parts/${sha256}`, {
      method: "PUT",
      body: "something else",
      headers: { "daybook-signature": signature },
    });
    expect(status).toBe(400);
  });

  it("of a conversation that scope leaves out is stored nowhere", async () => {
    const agent = await stage.enrolled();
    const account = stage.registry.known.get(agent.id)!.account;
    const before = stage.rig.registry.rules;
    stage.rig.registry.rules = { version: 1, rules: [{ id: "r", effect: "exclude", account }] };
    const stored = [...stage.rig.records.objects.keys()];
    await agent.sendPart(stage.url, picture.content);
    const { status } = await agent.send(stage.url, agent.batch(1, [{ raw: "private", parts: [picture] }]));
    stage.rig.registry.rules = before;
    expect(status).toBe(200);
    expect(stage.records(agent)).toEqual([]);
    expect([...stage.rig.records.objects.keys()]).toEqual(stored);
  });
});
