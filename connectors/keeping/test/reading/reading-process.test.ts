import { execFile, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { getCompileCacheDir } from "node:module";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import fc from "fast-check";
import { ReadingEnded, ReadingProcess } from "../../src/reading/reading-process.ts";
import { started } from "../../../../test/started.ts";
import type { Deed } from "./children/reader.ts";

const CHILDREN = join(import.meta.dirname, "children");
const HEAP_MIB = 64;

let reading: ReadingProcess<Deed, unknown>;
beforeEach(() => {
  reading = new ReadingProcess(join(CHILDREN, "reader.ts"), HEAP_MIB);
});
afterEach(() => reading.end());

async function answerTo(deed: Deed): Promise<unknown> {
  await reading.tell(deed);
  return reading.next();
}

async function busyPid(): Promise<number> {
  return ((await answerTo({ what: "busy" })) as { pid: number }).pid;
}

async function endOf(deed: Deed): Promise<ReadingEnded> {
  const ended: unknown = await answerTo(deed).catch((error: unknown) => error);
  if (!(ended instanceof ReadingEnded)) throw new Error("it did not end", { cause: ended });
  return ended;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe("a reading process", () => {
  it("answers in order, with whatever can be cloned", async () => {
    const anything = fc.anything({ withBigInt: true, withDate: true, withMap: true, withTypedArray: true });
    await fc.assert(
      fc.asyncProperty(fc.array(anything, { maxLength: 5 }), async (values) => {
        await Promise.all(values.map((value) => reading.tell({ what: "echo", value })));
        for (const value of values) expect(await reading.next()).toEqual({ value });
      }),
    );
  });

  it("takes and gives many bytes", async () => {
    const bytes = new Uint8Array(60 * 1024 * 1024).fill(7);
    const { value } = (await answerTo({ what: "echo", value: bytes })) as { value: Uint8Array };
    expect(Buffer.compare(value, bytes)).toBe(0);
  });

  it("has no environment but where what was compiled lies", async () => {
    const compiled = getCompileCacheDir();
    expect(await answerTo({ what: "environment" })).toEqual({
      names: compiled === undefined ? [] : ["NODE_COMPILE_CACHE"],
    });
  });

  it("ends alone where it needs more memory than it has, and is no more", async () => {
    const ended = await endOf({ what: "fill" });
    expect(ended.isMemory).toBe(true);
    expect(ended.message).not.toContain("words");
    await reading.tell({ what: "echo", value: 1 });
    await expect(reading.next()).rejects.toBeInstanceOf(ReadingEnded);
  });

  it.each(["throw", "quit"] as const)("tells that it ended for another reason: %s", async (what) => {
    expect((await endOf({ what })).isMemory).toBe(false);
  });

  it("gives what it answered before it ended", async () => {
    await reading.tell({ what: "echo", value: 1 });
    await reading.tell({ what: "throw" });
    expect(await reading.next()).toEqual({ value: 1 });
    await expect(reading.next()).rejects.toBeInstanceOf(ReadingEnded);
  });

  it("can be ended while it is busy, and again", async () => {
    const pid = await busyPid();
    const next = reading.next().catch((error: unknown) => error);
    await reading.end();
    await reading.end();
    expect(await next).toBeInstanceOf(ReadingEnded);
    expect(isAlive(pid)).toBe(false);
  });

  (process.platform === "linux" ? it : it.skip)(
    "is what the system ends first for want of memory",
    async () => {
      expect(readFileSync(`/proc/${await busyPid()}/oom_score_adj`, "utf8")).toBe("1000\n");
    },
  );

  it("does not outlive whoever started it, busy as it is", async () => {
    const parent = spawn(process.execPath, [join(CHILDREN, "busy.ts")], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const pid = Number(await started(parent));
    expect(isAlive(pid)).toBe(true);
    parent.kill("SIGKILL");
    while (isAlive(pid)) await sleep(50);
  });

  it("prints nowhere, and keeps nobody from ending who waits for no answer", async () => {
    const ended = await promisify(execFile)(process.execPath, [join(CHILDREN, "done.ts")]);
    expect(ended).toEqual({ stdout: "answered", stderr: "" });
  });

  it("says that it did not start", async () => {
    const none = new ReadingProcess<Deed, unknown>(join(CHILDREN, "no-program.ts"), HEAP_MIB);
    await expect(none.tell({ what: "print" })).rejects.toMatchObject({
      code: "store-unavailable",
      retryable: true,
    });
    await none.end();
  });

  it("says that the system did not start it", async () => {
    const ended = await promisify(execFile)(process.execPath, [join(CHILDREN, "none.ts")]);
    expect(ended).toEqual({ stdout: "store-unavailable ENOENT", stderr: "" });
  });
});
