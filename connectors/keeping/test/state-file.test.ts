import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { codePoint } from "@daybook/contract/testing";
import fc from "fast-check";
import { started } from "../../../test/started.ts";
import { type Fault, FaultyDisk } from "./support/faulty-disk.ts";
import { type Kind, openState } from "./support/state.ts";

const HOLDER = join(import.meta.dirname, "children", "holder.ts");
const UNAVAILABLE = { code: "store-unavailable", retryable: true };

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "daybook-state-"));
  path = join(dir, "state");
});
afterEach(() => rmSync(dir, { recursive: true }));

function refusal(words: string): Error {
  const message = expect.stringContaining(words) as string;
  return expect.objectContaining({ code: "malformed", message }) as Error;
}

async function child(what: "hold" | "write"): Promise<ChildProcess & { stdout: NodeJS.ReadableStream }> {
  const holder = spawn(process.execPath, [HOLDER, path, what], { stdio: ["ignore", "pipe", "inherit"] });
  await started(holder);
  return holder;
}

async function kill(one: ChildProcess): Promise<void> {
  one.kill("SIGKILL");
  await once(one, "close");
}

describe("A state file", () => {
  it("gives back what was written last, over a restart too", async () => {
    let state = openState(path);
    await state.write([
      { kind: "left", name: "a", value: { deep: ["é", 1, null] } },
      { kind: "right", name: "a", value: "other" },
    ]);
    await state.write([
      { kind: "left", name: "b", value: 2 },
      { kind: "left", name: "b", value: undefined },
    ]);
    state.close();
    state = openState(path);

    expect(state.get("left", "a")).toEqual({ deep: ["é", 1, null] });
    expect([state.has("left", "a"), state.has("left", "b"), state.has("right", "b")]).toEqual([
      true,
      false,
      false,
    ]);
    expect([state.count("left"), state.count("coverage")]).toEqual([1, 0]);
    expect(state.all("right")).toEqual(["other"]);
    state.close();
  });

  it("gives everything of a kind, some at a time, while more is written", async () => {
    const state = openState(path);
    const change = (n: number) => ({ kind: "left" as const, name: String(n), value: n });
    await state.write([
      ...Array.from({ length: 2_500 }, (_, n) => change(n)),
      { kind: "right", name: "another", value: -1 },
    ]);
    const all: unknown[] = [];
    for (const some of state.each("left")) {
      all.push(...some);
      if (all.length === some.length) await state.write([change(1)]);
    }
    expect(all.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 2_500 }, (_, n) => n));
    state.close();
  });

  it("forgets what was written before an instant, and no other kind", async () => {
    let now = 1_000;
    const state = openState(path, { now: () => new Date(now) });
    await state.write([
      { kind: "left", name: "old", value: 1 },
      { kind: "right", name: "old", value: 1 },
    ]);
    now = 2_000;
    await state.write([{ kind: "left", name: "new", value: 2 }]);
    state.forget("left", 2_000);

    expect([state.all("left"), state.all("right")]).toEqual([[2], [1]]);
    state.close();
  });

  it("holds neither names nor values in clear", async () => {
    const state = openState(path);
    await state.write([{ kind: "left", name: "a telling name", value: "a telling value" }]);
    const written = () => ["", "-wal"].map((end) => readFileSync(`${path}${end}`, "latin1")).join("");
    expect(written()).toContain("left");
    expect(written()).not.toContain("telling");
    state.close();
  });

  it.each([
    ["another key", { key: Buffer.alloc(32, 8) }],
    ["another label", { label: "another kind of file" }],
  ])("does not open under %s, and then opens under its own", async (_, more) => {
    const state = openState(path);
    await state.write([{ kind: "left", name: "a", value: 1 }]);
    state.close();

    expect(() => openState(path, more)).toThrow(refusal("another key"));
    const again = openState(path);
    expect(again.get("left", "a")).toBe(1);
    again.close();
  });

  it.each([
    ["no database", (file: string) => writeFileSync(file, "x".repeat(10_000))],
    ["another's database", (file: string) => new DatabaseSync(file).exec("CREATE TABLE meta (x)")],
  ])("does not open %s", (_, write) => {
    write(path);
    expect(() => openState(path)).toThrow(refusal("damaged"));
  });

  it("does not open where there is no such folder", () => {
    expect(() => openState(join(dir, "none", "state"))).toThrow(refusal("a test's connector"));
  });

  it("does not give out a value that was moved to another row", async () => {
    const state = openState(path);
    await state.write([
      { kind: "left", name: "a", value: 1 },
      { kind: "left", name: "b", value: 2 },
    ]);
    state.close();
    const db = new DatabaseSync(path);
    db.exec("UPDATE value SET sealed = (SELECT sealed FROM value ORDER BY name LIMIT 1)");
    db.close();
    const moved = openState(path);

    const read = ["a", "b"].map((name) => {
      try {
        return moved.get("left", name);
      } catch (error) {
        return (error as { code: string }).code;
      }
    });
    expect(read).toHaveLength(2);
    expect(read.filter((one) => one === "malformed")).toHaveLength(1);
    expect(() => moved.all("left")).toThrow(refusal("damaged"));
    moved.close();
  });

  it("is one process's, until that is gone", async () => {
    const other = await child("hold");
    try {
      expect(() => openState(path)).toThrow(refusal("in use by another process"));
    } finally {
      await kill(other);
    }
    openState(path).close();
  });

  it("keeps what was durable, and each write whole, when its process is killed", async () => {
    let durable = -1;
    for (let kills = 0; kills < 10; kills += 1) {
      const writer = await child("write");
      let heard = "";
      writer.stdout.on("data", (chunk: Buffer) => (heard += chunk.toString()));
      await sleep(Math.random() * 40);
      await kill(writer);
      durable = Math.max(durable, ...heard.split("\n").map((line) => (line === "" ? -1 : Number(line))));

      const state = openState(path);
      const count = state.count("left");
      expect(count).toBeGreaterThan(durable);
      expect(state.count("right")).toBe(count);
      for (let n = 0; n < count; n += 1) expect(state.get("left", `${n}`)).toBe(n);
      state.close();
    }
    expect(durable).toBeGreaterThan(0);
  });
});

describe("A state file whose disk fails", () => {
  let disk: FaultyDisk;
  beforeEach(() => (disk = new FaultyDisk()));
  afterEach(() => disk.restore());

  it.each<{ name: string; faults: Fault[] }>([
    { name: "is lost", faults: ["lost"] },
    { name: "is kept but not answered", faults: ["kept"] },
    { name: "fails both ways", faults: ["kept", "lost", "kept"] },
  ])("has one row when a write that $name is repeated", async ({ faults }) => {
    const state = openState(path);
    await state.write([{ kind: "left", name: "a", value: "before" }]);
    const changes = [
      { kind: "left", name: "a", value: "after" },
      { kind: "right", name: "a", value: "after" },
    ] as const;
    disk.faults.push(...faults);
    for (const _ of faults) {
      const before = state.get("left", "a");
      await expect(state.write(changes)).rejects.toMatchObject(UNAVAILABLE);
      // Of both rows, or of none.
      expect([before, "after"]).toContain(state.get("left", "a"));
      expect(state.has("right", "a")).toBe(state.get("left", "a") === "after");
    }
    await state.write(changes);

    expect([state.all("left"), state.all("right")]).toEqual([["after"], ["after"]]);
    state.close();
  });

  it("fails all who wrote in one moment alike", async () => {
    const state = openState(path);
    disk.faults.push("lost");
    const both = await Promise.allSettled(
      (["left", "right"] as const).map((kind) => state.write([{ kind, name: "a", value: 1 }])),
    );
    expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect([state.count("left"), state.count("right")]).toEqual([0, 0]);
    state.close();
  });

  it("says so where there is no room, keeps what it held, and goes on once there is", async () => {
    const state = openState(path);
    await state.write([{ kind: "left", name: "a", value: "small" }]);
    disk.fill();
    const large = [{ kind: "left" as const, name: "a", value: "x".repeat(100_000) }];
    await expect(state.write(large)).rejects.toMatchObject(UNAVAILABLE);
    expect(state.get("left", "a")).toBe("small");
    disk.emptied();
    await state.write(large);
    expect(state.get("left", "a")).toHaveLength(100_000);
    state.close();
  });
});

it("writes what is under way when it is closed, and nothing later", async () => {
  const state = openState(path);
  const written = state.write([{ kind: "left", name: "a", value: 1 }]);
  state.close();
  await written;
  await expect(state.write([{ kind: "left", name: "a", value: 2 }])).rejects.toMatchObject(UNAVAILABLE);
  const again = openState(path);
  expect(again.get("left", "a")).toBe(1);
  again.close();
});

it("refuses what JSON cannot say, and harms no other's write", async () => {
  const state = openState(path);
  const [bad, good] = await Promise.allSettled([
    state.write([{ kind: "left", name: "a", value: 1n }]),
    state.write([{ kind: "right", name: "a", value: 1 }]),
  ]);
  expect([bad.status, good.status]).toEqual(["rejected", "fulfilled"]);
  expect([state.count("left"), state.count("right")]).toEqual([0, 1]);
  state.close();
});

it("is as a map of kinds and names, whatever is written at once", async () => {
  const kind = fc.constantFrom<Kind>("left", "right");
  const name = fc.oneof(fc.constantFrom("", "a", "A", "left/a", "\u0000"), fc.string({ unit: codePoint }));
  const value = fc.option(fc.jsonValue(), { nil: undefined });
  const change = fc.record({ kind, name, value }, { requiredKeys: ["kind", "name", "value"] });
  const writes = fc.array(fc.array(change, { maxLength: 5 }), { maxLength: 6 });
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(writes, { maxLength: 4 }), async (moments) => {
      const file = join(dir, `${(run += 1)}`);
      const known = new Map<string, { kind: Kind; name: string; value: unknown }>();
      let state = openState(file);
      for (const moment of moments) {
        await Promise.all(moment.map((changes) => state.write(changes)));
        for (const one of moment.flat()) {
          const key = JSON.stringify([one.kind, one.name]);
          if (one.value === undefined) known.delete(key);
          else known.set(key, { ...one, value: JSON.parse(JSON.stringify(one.value)) as unknown });
        }
        state.close();
        state = openState(file);
      }
      for (const one of moments.flat(2)) {
        const kept = known.get(JSON.stringify([one.kind, one.name]));
        expect(state.get(one.kind, one.name)).toEqual(kept?.value);
        expect(state.has(one.kind, one.name)).toBe(kept !== undefined);
      }
      for (const one of ["left", "right"] as const) {
        const values = [...known.values()].filter((kept) => kept.kind === one).map((kept) => kept.value);
        const words = (all: unknown[]) => all.map((value) => JSON.stringify(value)).sort();
        expect(words(state.all(one))).toEqual(words(values));
        expect(state.count(one)).toBe(values.length);
      }
      state.close();
    }),
    { numRuns: 40 },
  );
});
