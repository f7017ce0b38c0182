import type { TestAgent } from "@daybook/contract/testing";
import { intake } from "./support.ts";

const HOUR_MS = 3_600_000;
const stage = intake();

const covered = (agent: TestAgent) =>
  stage.records(agent, "coverage").map(({ coverage }) => ({
    state: coverage?.state,
    hours: (Date.parse(coverage!.to) - Date.parse(coverage!.from)) / HOUR_MS,
  }));
const health = (agent: TestAgent) => {
  const account = stage.registry.known.get(agent.id)!.account;
  return stage.agents!.linked[0]!.health().find((one) => one.account === account);
};

describe("a device", () => {
  it("is covered while its agent is heard, down while it is not, and no moment between is unsaid", async () => {
    const agent = await stage.enrolled();
    const from = stage.time;
    for (let number = 1; number <= 4; number += 1) {
      stage.time += 30 * 60_000;
      await agent.send(stage.url, agent.batch(number, [], { answeredThrough: number - 1 }));
    }
    const heardAt = stage.time;
    await stage.lookAfter(24 * HOUR_MS);
    expect(covered(agent)).toEqual([
      { state: "live", hours: 1 },
      { state: "live", hours: 1 },
    ]);
    expect(health(agent)).toMatchObject({ status: "live" });
    await stage.lookAfter(1);
    expect(stage.records(agent, "gap").map(({ gap }) => gap)).toEqual([
      {
        from: new Date(heardAt).toISOString(),
        why: expect.stringContaining("24 hours") as unknown,
        about: "agent",
      },
    ]);
    expect(health(agent)).toMatchObject({ status: "quiet", downSince: new Date(heardAt) });
    await stage.lookAfter(HOUR_MS);
    await agent.send(stage.url, agent.batch(5, [{ raw: "back" }], { answeredThrough: 4 }));
    await stage.lookAfter(HOUR_MS);
    await agent.send(stage.url, agent.batch(6, [], { answeredThrough: 5 }));
    await stage.lookAfter(1);
    const intervals = stage.records(agent, "coverage").map(({ coverage }) => coverage!);
    expect(intervals.map(({ state }) => state)).toEqual(["live", "live", "down", "live"]);
    expect(Date.parse(intervals[0]!.from)).toBe(from);
    for (const [n, { from: begun }] of intervals.entries())
      if (n > 0) expect(begun).toBe(intervals[n - 1]!.to);
    expect(health(agent)).toMatchObject({ status: "live" });
    expect(health(agent)).not.toHaveProperty("downSince");
  });

  it("says what is wrong with it", async () => {
    const agent = await stage.enrolled();
    await stage.lookAfter(1);
    expect(health(agent)).toMatchObject({ status: "waiting" });
    expect(health(agent)?.agent).toEqual({ id: agent.id, heardAt: expect.any(Date) as unknown });
    const problems = ["permission-lost"];
    await agent.send(stage.url, agent.batch(2, [], { problems, waiting: 7, at: stage.time + HOUR_MS }));
    const heardAt = new Date(stage.time);
    await stage.lookAfter(1);
    expect(health(agent)).toMatchObject({
      status: "live",
      alerts: ["batches-missing", "clock-wrong", "device-permission-lost"],
      agent: { id: agent.id, heardAt, waiting: 7 },
    });
  });

  it.each<{ name: string; made: number; sent?: number | string; wrong: boolean }>([
    { name: "right, of a batch that waited", made: -24 * HOUR_MS, sent: 0, wrong: false },
    { name: "right, of a batch that was made when it was ahead", made: HOUR_MS, sent: 0, wrong: false },
    { name: "behind", made: -HOUR_MS, sent: -HOUR_MS, wrong: true },
    { name: "ahead, of a batch that waited", made: 0, sent: HOUR_MS, wrong: true },
    { name: "not told, of a batch that waited", made: -24 * HOUR_MS, wrong: false },
    { name: "not told, and ahead", made: HOUR_MS, wrong: true },
    { name: "nonsense", made: 0, sent: "yesterday", wrong: false },
    { name: "more than there is", made: 0, sent: "9".repeat(16), wrong: false },
  ])("has its clock judged as it is while it sends: $name", async ({ made, sent, wrong }) => {
    const agent = await stage.enrolled();
    const batch = agent.batch(1, [], { at: stage.time + made });
    const says = typeof sent === "number" ? stage.time + sent : sent;
    expect(await agent.send(stage.url, batch, says)).toMatchObject({ status: 200 });
    await stage.lookAfter(1);
    expect(health(agent)?.alerts).toEqual(wrong ? ["clock-wrong"] : []);
  });

  it.each(["revoked", "moved"] as const)(
    "whose agent is %s is taken nothing of, and its coverage ends",
    async (standing) => {
      const agent = await stage.enrolled();
      stage.time += HOUR_MS;
      await agent.send(stage.url, agent.batch(1, [{ raw: "before" }]));
      await agent.send(stage.url, agent.batch(3, [], { answeredThrough: 1 }));
      stage.registry.change(agent.id, { standing });
      await stage.lookAfter(1);
      expect(await agent.send(stage.url, agent.batch(4, [{ raw: "after" }], { answeredThrough: 1 }))).toEqual(
        {
          status: 403,
          body: { code: standing },
        },
      );
      expect(await agent.sendPart(stage.url, Buffer.from("a picture"))).toMatchObject({ status: 403 });
      await stage.lookAfter(48 * HOUR_MS);
      expect(stage.texts(agent)).toEqual(["before"]);
      expect(covered(agent)).toEqual([{ state: "live", hours: 1 }]);
      expect(stage.records(agent, "gap").map(({ gap }) => gap?.about)).toEqual(["batch 2"]);
      expect(health(agent)?.status).toBe(standing === "moved" ? "moved" : undefined);
    },
  );

  it("is recorded as it stood, once, where that was durable and its answer was lost", async () => {
    const agent = await stage.enrolled();
    await agent.send(stage.url, agent.batch(2));
    stage.time += HOUR_MS;
    stage.rig.publisher.faults.push("kept");
    await expect(stage.agents!.look()).rejects.toMatchObject({ code: "stream-unavailable" });
    stage.rig.publisher.faults.push("lost");
    await expect(stage.agents!.look()).rejects.toMatchObject({ code: "stream-unavailable" });
    await stage.agents!.look();
    expect(stage.records(agent, "gap").map(({ gap }) => gap?.about)).toEqual(["batch 1"]);
  });
});

describe("the registry away", () => {
  it("stops no agent that is known, and what it says last holds", async () => {
    const agent = await stage.enrolled();
    stage.registry.isAway = true;
    await stage.lookAfter(1);
    expect(await agent.send(stage.url, agent.batch(1, [{ raw: "meanwhile" }]))).toMatchObject({
      status: 200,
    });
    await stage.reopen();
    // Nobody knows who this is: it is not refused.
    expect(await agent.send(stage.url, agent.batch(2))).toMatchObject({ status: 503 });
    stage.registry.isAway = false;
    await stage.lookAfter(1);
    expect(await agent.send(stage.url, agent.batch(2))).toMatchObject({ status: 200 });
  });
});
