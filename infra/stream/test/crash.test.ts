import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { collect } from "@daybook/stream/testing";
import { started } from "../../../test/started.ts";
import { openFileStream } from "../src/file/file-stream.ts";
import { removeTemporary, temporary } from "./temporary.ts";

const SENDER = join(import.meta.dirname, "children", "sender.ts");
const RUNS = 12;
const PRODUCERS = 16;

afterEach(removeTemporary);

describe("a process that is killed in the middle of sends, again and again", () => {
  it("loses nothing that it acknowledged, nor changes its place, nor reorders a producer", async () => {
    const dir = await temporary();
    const acknowledged = new Map<number, string>();
    for (let run = 0; run < RUNS; run += 1) {
      const child = spawn(process.execPath, [SENDER, dir, String(PRODUCERS), String(run)], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const output: Buffer[] = [];
      child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
      await started(child);
      await sleep(20 + 37 * run);
      child.kill("SIGKILL");
      await once(child, "close");
      const lines = Buffer.concat(output).toString().split("\n").slice(1, -1);
      for (const line of lines)
        acknowledged.set(Number(line.split(" ")[0]), line.slice(line.indexOf(" ") + 1));

      await using stream = await openFileStream({ dir, partitions: { events: 1 }, segmentBytes: 50_000 });
      const { first, next } = await stream.range("events", 0);
      const messages = await collect(stream, "events", 0, first, next);
      expect(messages.map(({ offset }) => offset)).toEqual(Array.from({ length: next }, (_, i) => i));
      const kept = messages.map(({ payload }) =>
        Buffer.from(payload).toString().split(" ").slice(0, 2).join(" "),
      );
      expect([...acknowledged].filter(([offset, value]) => kept[offset] !== value)).toEqual([]);
      expect(outOfOrder(kept)).toEqual([]);
    }
    expect(acknowledged.size).toBeGreaterThan(RUNS * PRODUCERS);
  });
});

/** What is not the next number of its producer, counted from 0: repeated, missing or moved. */
function outOfOrder(kept: readonly string[]): string[] {
  const nexts = new Map<string, number>();
  return kept.filter((value) => {
    const producer = value.slice(0, value.indexOf(" "));
    const next = nexts.get(producer) ?? 0;
    nexts.set(producer, next + 1);
    return value !== `${producer} ${next}`;
  });
}
