import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { record } from "@daybook/archive-core";
import { openPacket } from "@daybook/openpgp";
import { createLogger } from "@daybook/runtime";
import { createEventSealer, type EventSealer } from "../src/event-sealer.ts";
import { recordOf } from "../src/seal-event.ts";
import { eventBytes } from "./support/events.ts";
import { namingKey } from "./support/keys.ts";

const KEY = `9:${"AB".repeat(32)}`;
const attachments = [
  {
    name: "a.pdf",
    mediaType: "application/pdf",
    sizeBytes: 1,
    sha256: "ab".repeat(32),
    sealed: "cd".repeat(32),
  },
];

/** Events of every sort: plain, with an attachment, malformed, in other scripts, empty. */
function batch(count: number, from = 0): Buffer[] {
  return Array.from({ length: count }, (_, i) => {
    const n = from + i;
    if (n % 7 === 3) return Buffer.from("{");
    if (n % 7 === 4) return Buffer.alloc(0);
    if (n % 7 === 5) return eventBytes(n, { attachments }, [KEY]);
    return eventBytes(n, { text: n % 2 === 0 ? `予算 ${n} 🎉` : `Figure ${n}` });
  });
}

let sealer: EventSealer;
beforeEach(() => {
  sealer = createEventSealer(namingKey, createLogger("archiver", "error", { stream: process.stderr }));
});
afterEach(() => sealer[Symbol.asyncDispose]());

describe("sealing a batch", () => {
  it.each([
    ["in place", 20],
    ["in a process of its own", 1_000],
  ])("%s gives each event its sealed record, in its turn", async (_, count) => {
    const sealed = await sealer.seal(batch(count));

    expect(sealed).toHaveLength(count);
    for (const [n, one] of sealed.entries()) {
      expect([n, one === undefined]).toEqual([n, n % 7 === 3 || n % 7 === 4]);
      if (!one) continue;
      const json = openPacket(one.packet, one.key);
      const parsed = record.parse(JSON.parse(json.toString()));
      expect(createHash("sha256").update(json).digest("hex")).toBe(one.rec);
      expect(parsed).toMatchObject({ id: one.id, networkId: `n${n}` });
      expect(recordOf(one)).toEqual(parsed);
      expect(one.keys).toEqual(n % 7 === 5 ? [KEY] : []);
    }
  });

  it("gives the same ids in a process of its own as in place, and never the same key", async () => {
    const events = batch(100);
    const apart = await sealer.seal(events);
    const placed = (await Promise.all([0, 50].map((at) => sealer.seal(events.slice(at, at + 50))))).flat();

    expect(apart.map((one) => one?.id)).toEqual(placed.map((one) => one?.id));
    const keys = [...apart, ...placed].flatMap((one) => one?.key.bytes.toString("hex") ?? []);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it("answers many at once, each its own", async () => {
    const batches = Array.from({ length: 10 }, (_, i) => batch(70 + i, i * 1_000));
    const answers = await Promise.all(batches.map((one) => sealer.seal(one)));

    for (const [i, answer] of answers.entries()) {
      expect(answer).toHaveLength(70 + i);
      expect(answer[0] ? recordOf(answer[0]).networkId : "none").toBe(
        batches[i]![0]!.length > 1 ? `n${i * 1_000}` : "none",
      );
    }
  });

  it("seals here what a process that was killed does not answer for, and starts another", async () => {
    await sealer.seal(batch(70));
    const [first] = sealingProcesses();
    const batches = Array.from({ length: 5 }, (_, i) => batch(1_000, i * 1_000));
    const answers = batches.map((one) => sealer.seal(one));
    process.kill(first ?? 0, "SIGKILL");

    for (const [i, answer] of (await Promise.all(answers)).entries()) {
      expect(answer.map((one) => one !== undefined)).toEqual(batches[i]?.map((one) => one.length > 1));
    }
    await sealer.seal(batch(70));
    const second = sealingProcesses();
    expect(second).toHaveLength(1);
    expect(second).not.toContain(first);
  });

  it("leaves no process behind", async () => {
    await sealer.seal(batch(70));
    expect(sealingProcesses()).toHaveLength(1);
    await sealer[Symbol.asyncDispose]();

    expect(sealingProcesses()).toEqual([]);
  });
});

/** Linux only, as `/proc` is. */
function sealingProcesses(): number[] {
  return readdirSync("/proc/self/task")
    .flatMap((task) => readFileSync(`/proc/self/task/${task}/children`, "utf8").split(" "))
    .map(Number)
    .filter((pid) => pid > 0 && commandLine(pid).includes("sealing-program"));
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}
