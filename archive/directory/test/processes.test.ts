import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { newHome, removeHomes } from "./homes.ts";
import { openStores } from "./operations.ts";

const children: ChildProcess[] = [];
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await removeHomes();
});

function start(program: string, args: readonly string[]) {
  const child = spawn(process.execPath, ["--no-warnings", join(import.meta.dirname, program), ...args]);
  children.push(child);
  const output = { text: "", errors: "" };
  child.stdout.on("data", (chunk: Buffer) => (output.text += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output.errors += chunk.toString()));
  return { child, output, closed: once(child, "close") };
}

describe("several processes on one store", () => {
  const ROUNDS = 40;
  let outcomes: { won: [string, string | null, string][]; removed: number }[];
  let home: string;
  beforeAll(async () => {
    home = await newHome();
    await (await openStores(home)).keyring.put("count", Buffer.from("0"));
    const racers = ["a", "b", "c"].map((name) =>
      start("racer.ts", [home, name, `${ROUNDS}`, name === "c" ? "removes" : "keeps"]),
    );
    for (const { output, closed } of racers) {
      while (!output.text.includes("ready")) await Promise.race([sleep(5), closed]);
    }
    for (const { child } of racers) child.stdin.write("go\n");
    outcomes = await Promise.all(
      racers.map(async ({ output, closed }) => {
        await closed;
        expect(output.errors).toBe("");
        return JSON.parse(output.text.split("\n")[1]!) as (typeof outcomes)[number];
      }),
    );
  });
  const winsOf = (key: string) => outcomes.flatMap(({ won }) => won.filter(([of]) => of === key));

  it("have one that creates each object", async () => {
    const { keyring } = await openStores(home);
    for (let round = 0; round < ROUNDS; round += 1) {
      expect(winsOf(`create/${round}`)).toHaveLength(1);
      await expect(keyring.read(`create/${round}`)).resolves.toMatchObject({
        tag: winsOf(`create/${round}`)[0]![2],
      });
    }
  });

  it("lose no update, and none replaces what another has replaced", async () => {
    const wins = winsOf("count");
    const { body } = (await (await openStores(home)).keyring.read("count"))!;

    expect(wins.length).toBeGreaterThanOrEqual(ROUNDS);
    expect(Buffer.from(body).toString()).toBe(`${wins.length}`);
    expect(new Set(wins.map(([, before]) => before)).size).toBe(wins.length);
  });

  it("replace each version once, though one of them keeps removing the object", () => {
    const wins = winsOf("fragile");
    const replaced = wins.flatMap(([, before]) => (before === null ? [] : [before]));
    const created = wins.length - replaced.length;
    const removed = outcomes.reduce((sum, outcome) => sum + outcome.removed, 0);
    const written = new Set(wins.map(([, , after]) => after));

    expect(new Set(replaced).size).toBe(replaced.length);
    expect(replaced.filter((tag) => !written.has(tag))).toEqual([]);
    expect(created).toBeGreaterThan(0);
    expect(created).toBeLessThanOrEqual(removed + 1);
  });

  it("leave one file an object and nothing half done", async () => {
    const stores = await openStores(home);
    for await (const key of stores.keyring.list("")) await stores.keyring.read(key);
    const names = await readdir(join(home, "keyring"), { recursive: true, withFileTypes: true });
    const files = names.filter((entry) => entry.isFile());
    const directories = new Set(files.map((file) => file.parentPath));

    expect(directories.size).toBe(files.length);
    await expect(readdir(join(home, "keyring/@tmp"))).resolves.toEqual([]);
  });
});

describe("a process that is killed while it writes", () => {
  it("has every acknowledged object whole, shows none that is not, and leaves nothing behind", async () => {
    const home = await newHome();
    const acknowledged = new Set<string>();
    let head = 0;
    for (let round = 0; round < 8; round += 1) {
      const { child, output, closed } = start("writer.ts", [home, `${head + 1}`]);
      while (!output.text.includes("head") || !output.text.includes("object"))
        await Promise.race([sleep(2), closed]);
      await sleep(Math.random() * 40);
      child.kill("SIGKILL");
      await closed;
      expect(output.errors).toBe("");
      const lines = output.text.split("\n").slice(0, -1);
      for (const line of lines) if (line.startsWith("object ")) acknowledged.add(line.slice(7));
      const acknowledgedHead = Math.max(...lines.map((line) => Number(/^head (\d+)$/.exec(line)?.[1] ?? 0)));

      const { records, heads } = await openStores(home);
      const listed = new Set<string>();
      for await (const key of records.list("attachment/")) {
        const sha256 = key.slice("attachment/".length);
        expect(
          createHash("sha256")
            .update(await records.get(key))
            .digest("hex"),
        ).toBe(sha256);
        expect((await records.stat(key))!.retainUntil.getTime()).toBeGreaterThan(Date.now());
        listed.add(sha256);
      }
      expect(acknowledged.difference(listed)).toEqual(new Set());

      const text = Buffer.from((await heads.read("head"))!.body).toString();
      head = Number.parseInt(text);
      expect(text).toBe(`${head}:`.repeat(2_000));
      expect([acknowledgedHead, acknowledgedHead + 1]).toContain(head);
      // The version that counts and, perhaps, the one that was being written.
      expect((await readdir(join(home, "heads/head@"))).length).toBeLessThanOrEqual(2);
      await expect(readdir(join(home, "objects/@tmp"))).resolves.toEqual([]);
    }
    expect(acknowledged.size).toBeGreaterThan(8);
    await (await openStores(home)).heads.put("head", Buffer.from("last"));
    await expect(readdir(join(home, "heads/head@"))).resolves.toHaveLength(1);
  });
});
