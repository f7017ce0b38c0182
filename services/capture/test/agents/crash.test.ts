import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestAgent } from "@daybook/contract/testing";
import { started } from "../../../../test/started.ts";
import { intake } from "./support.ts";

const DOOR = join(import.meta.dirname, "children", "door.ts");
const BATCHES = 60;
const KILLS = 4;

const stage = intake();
let agent: TestAgent;
let output: string;
let url: string;
let child: ChildProcess | undefined;
beforeEach(async () => {
  // That of the processes.
  stage.time = Date.now();
  agent = await stage.enrolled();
  output = join(stage.dir, `${agent.id}.lines`);
});
afterEach(kill);

/** Starts a process of its own, and resolves when agents can come. */
async function start(moment?: string): Promise<void> {
  const known = JSON.stringify([...stage.registry.known.values()]);
  const args = [
    DOOR,
    JSON.stringify(stage.connection),
    stage.dir,
    known,
    output,
    ...(moment ? [moment] : []),
  ];
  child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  url = `http://127.0.0.1:${await started(child)}`;
}

async function kill(): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "close");
}

/** What is recorded: the archive makes one record of whatever has the same id and digest. */
function records(kind = "message"): string[] {
  const seen = new Map<string, string>();
  for (const line of readFileSync(output, "utf8").split("\n").slice(0, -1)) {
    const [eventId, digest, of, text] = JSON.parse(line) as [string, string, string, string | null];
    if (of === kind) seen.set(`${eventId} ${digest}`, text ?? of);
  }
  return [...seen.values()];
}

it.each(["before-capture", "before-note", "before-answer"])(
  "has one record of a batch when it died %s, and it came again",
  async (moment) => {
    const batch = agent.batch(1, [{ raw: `said, and died ${moment}` }]);
    await start(moment);
    await expect(agent.send(url, batch)).rejects.toThrow();
    await start();
    expect(await agent.send(url, batch)).toMatchObject({ status: 200 });
    expect(await agent.send(url, batch)).toMatchObject({ status: 200 });
    expect(records()).toEqual([`said, and died ${moment}`]);
  },
  120_000,
);

it("has one record of each entry, and no gap, of an agent that goes on through kills at any moment", async () => {
  await start();
  let kills = 0;
  for (let number = 1; number <= BATCHES; number += 1) {
    const batch = agent.batch(number, [{ raw: `entry ${number}` }], { answeredThrough: number - 1 });
    const isFatal = number % Math.floor(BATCHES / KILLS) === 0;
    let status = 0;
    const sending = agent.send(url, batch).then(
      (answer) => (status = answer.status),
      () => undefined,
    );
    if (isFatal) {
      // Whatever it does just now.
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
      await kill();
      await start();
      kills += 1;
    }
    await sending;
    while (status !== 200) ({ status } = await agent.send(url, batch));
  }
  expect(kills).toBe(KILLS);
  expect(records().sort()).toEqual(Array.from({ length: BATCHES }, (_, n) => `entry ${n + 1}`).sort());
  expect(records("gap")).toEqual([]);
}, 240_000);
