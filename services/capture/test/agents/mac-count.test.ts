import { join } from "node:path";
import { macMessagesReader } from "@daybook/imessage";
import { openAgentState } from "../../../../connectors/imessage/src/agent/spool/agent-state.ts";
import { at } from "../../../../test/fakes/imessage/index.ts";
import { Mac, simple } from "./mac.ts";
import { Intake, until } from "./support.ts";

const HOUR_MS = 3_600_000;
const stage = new Intake("mac-imessage");
beforeAll(() => stage.start({ readers: [macMessagesReader] }), 240_000);
afterAll(() => stage.stop(), 120_000);

const alerts = (mac: Mac) => {
  const account = stage.registry.known.get(mac.id)!.account;
  return stage.agents!.linked[0]!.health().find((one) => one.account === account)?.alerts;
};

/** Loses what waits for an answer, while the agent does not run. @returns whether anything of the database was in it */
async function loseBatches(mac: Mac): Promise<boolean> {
  const state = openAgentState(join(mac.home.dir, "agent.db"), mac.home.key, () => new Date(mac.time));
  try {
    const hasRows = (state.all("batch") as { rows: unknown[] }[]).some(({ rows }) => rows.length > 0);
    if (!hasRows) return false;
    const { last } = state.get("agent", "outbox") as { last: number };
    const batches = Array.from({ length: last }, (_, i) => String(i + 1));
    await state.write([
      ...batches.map((name) => ({ kind: "batch" as const, name, value: undefined })),
      { kind: "agent", name: "outbox", value: { last, answered: last, bytes: 0 } },
    ]);
    return true;
  } finally {
    state.close();
  }
}

describe("a Mac's rows, counted against what the server answered", () => {
  it("agree over restarts, edits and deletions, and nothing is said", async () => {
    const mac = new Mac(stage);
    const { db, chat, from } = simple(mac);
    const say = (name: string) => db.message({ chat, from, at: at(1), name, runs: [{ text: name }] });
    const agreed = () => mac.log.join("").match(/the server has all of them/g)?.length ?? 0;
    const [first, , third] = ["one", "two", "three"].map(say);
    await mac.enrol();
    mac.start();
    await mac.untilRecorded("message", 3);
    await until(() => agreed() === 1);
    db.edit(first!, [
      { at: at(1), text: "one" },
      { at: at(2), text: "one more" },
    ]);
    db.run(`DELETE FROM message WHERE ROWID = ${third}`);
    await mac.untilRecorded("edit", 1);
    await mac.untilRecorded("delete", 1);
    await mac.stop();
    mac.time += HOUR_MS;
    mac.start();
    say("four");
    await mac.untilRecorded("message", 4);
    await until(() => agreed() === 2);
    mac.time += HOUR_MS;
    await until(() => agreed() === 3);
    expect(mac.records("gap")).toEqual([]);
    expect(alerts(mac)).not.toContain("device-rows-missing");
    db.close();
    await mac.stop();
  }, 120_000);

  it.each(["lost", "kept"] as const)(
    "differ where one was never answered: a gap with the counts, an alert, and the row again, also where the server's disk fails: %s",
    async (fault) => {
      const mac = new Mac(stage);
      const { db, chat, from } = simple(mac);
      const say = (name: string) =>
        db.message({ chat, from, at: at(1), name: `${name} ${fault}`, runs: [{ text: name }] });
      say("one");
      await mac.enrol();
      mac.start();
      await mac.untilRecorded("message", 1);
      // Then it holds the answer.
      await until(() => mac.log.join("").includes("the server has all of them"));
      await mac.stop();
      // A batch is lost on the Mac, and the agent knows nothing of that.
      const { port } = new URL(stage.url);
      await stage.close();
      const row = say("never answered");
      do {
        mac.start();
        await until(() => mac.log.join("").includes("the server does not answer"));
        await mac.stop();
      } while (!(await loseBatches(mac)));
      await stage.open({ readers: [macMessagesReader], at: { host: "127.0.0.1", port: Number(port) } });
      stage.rig.publisher.faults.push(fault);
      mac.start();
      const [gap] = await mac.untilRecorded("gap", 1);
      expect(gap?.gap).toMatchObject({ about: `rows ${row}`, to: new Date(mac.time).toISOString() });
      expect(gap?.gap?.why).toContain(
        "has 2 rows of messages up to number 2, of which 1 were never answered",
      );
      const evidence = JSON.parse(Buffer.from(gap!.raw, "base64").toString()) as object;
      expect(evidence).toMatchObject({
        seen: "count",
        there: 2,
        missing: 1,
        ranges: [{ from: "0", there: 2, answered: 1 }],
        rows: [String(row)],
      });
      await mac.untilRecorded("message", 2);
      await until(() => alerts(mac)?.includes("device-rows-missing") === true);
      mac.time += HOUR_MS;
      await until(() => alerts(mac)?.includes("device-rows-missing") === false);
      expect(mac.records("gap")).toHaveLength(1);
      db.close();
      await mac.stop();
    },
    120_000,
  );
});

it("says that nothing goes out once three messages on end did not, until one does or something comes in", async () => {
  const mac = new Mac(stage);
  const { db, chat, from } = simple(mac);
  const fail = (name: string) =>
    db.message({ chat, at: at(1), name, runs: [{ text: name }], more: { is_sent: 0, error: 22 } });
  fail("before");
  db.message({ chat, from, at: at(1), name: "came in", runs: [{ text: "came in" }] });
  for (const name of ["not sent", "nor this"]) fail(name);
  await mac.enrol();
  mac.start();
  await mac.untilRecorded("message", 4);
  await until(() => alerts(mac) !== undefined);
  expect(alerts(mac)).not.toContain("device-sending-fails");
  const last = fail("nor that");
  await until(() => alerts(mac)?.includes("device-sending-fails") === true);
  db.update("message", last, { is_sent: 1, error: 0 });
  await until(() => alerts(mac)?.includes("device-sending-fails") === false);
  expect(mac.records("gap")).toEqual([]);
  db.close();
  await mac.stop();
}, 120_000);
