import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findServers, openHome } from "../src/index.ts";
import { ownIdentity } from "../src/home/process.ts";
import { program, scratch, until } from "./scratch.ts";

const directory = scratch();
const env = { ...process.env, XDG_STATE_HOME: join(directory, "state") };
let count = 0;
const fresh = () => join(directory, `home-${(count += 1)}`);
const modeOf = (path: string) => statSync(path).mode & 0o777;

describe("openHome", () => {
  it("lays out directories and files for their owner alone, whatever the umask", async () => {
    const before = process.umask(0);
    const home = await openHome(fresh(), { env });
    await home.announce({ url: "http://127.0.0.1:1", port: 1 });
    process.umask(before);

    expect(home.isNew).toBe(true);
    expect(readdirSync(home.dir).sort()).toEqual([...Object.keys(home.paths), "daybook.json"].sort());
    for (const path of [home.dir, ...Object.values(home.paths)]) expect(modeOf(path)).toBe(0o700);
    const files = [
      join(home.dir, "daybook.json"),
      ...readdirSync(home.paths.run).map((n) => join(home.paths.run, n)),
    ];
    expect(files.length).toBe(3);
    for (const path of files) expect(modeOf(path)).toBe(0o600);
    await home.close();
  });

  it("finds again what it laid out", async () => {
    const path = fresh();
    const first = await openHome(path, { sample: true });
    await first.close();
    const second = await openHome(path, { create: false });

    expect(second.facts).toEqual(first.facts);
    expect(second.facts).toMatchObject({ format: 1, sample: true, shards: 1 });
    expect(second.isNew).toBe(false);
    await second.close();
  });

  it("makes modes tight again that somebody loosened", async () => {
    const path = fresh();
    await (await openHome(path)).close();
    chmodSync(path, 0o755);
    chmodSync(join(path, "keys"), 0o777);
    const home = await openHome(path);

    expect([modeOf(path), modeOf(join(path, "keys"))]).toEqual([0o700, 0o700]);
    await home.close();
  });

  it("refuses a directory that holds something else, and leaves it as it was", async () => {
    const path = fresh();
    mkdirSync(path);
    chmodSync(path, 0o755);
    writeFileSync(join(path, "thesis.txt"), "");

    await expect(openHome(path)).rejects.toMatchObject({ code: "home-foreign" });
    expect(readdirSync(path)).toEqual(["thesis.txt"]);
    expect(modeOf(path)).toBe(0o755);
  });

  it("refuses what is no directory", async () => {
    const path = fresh();
    writeFileSync(path, "");

    await expect(openHome(path)).rejects.toMatchObject({ code: "home-foreign" });
  });

  it("makes none when it may not", async () => {
    const path = fresh();

    await expect(openHome(path, { create: false })).rejects.toMatchObject({ code: "home-missing" });
    expect(existsSync(path)).toBe(false);
  });

  it("goes on after a first start that was cut short before anything was decided", async () => {
    const path = fresh();
    mkdirSync(join(path, "run"), { recursive: true });
    writeFileSync(join(path, "daybook.json.0011aabb.new"), '{"form');
    const home = await openHome(path);

    expect(home.isNew).toBe(true);
    await home.close();
  });

  it.each([
    { name: "of another format", content: { format: 2 }, code: "home-version" },
    { name: "with unknown fields", content: { format: 1, colour: "red" }, code: "home-foreign" },
  ])("refuses a home $name", async ({ content, code }) => {
    const path = fresh();
    mkdirSync(path);
    writeFileSync(join(path, "daybook.json"), JSON.stringify(content));

    await expect(openHome(path)).rejects.toMatchObject({ code });
  });

  it.each(["", "{", "null", "[]", "\u0000", '{"format":1e999}'])(
    "refuses a daybook.json of %j",
    async (content) => {
      const path = fresh();
      mkdirSync(path);
      writeFileSync(join(path, "daybook.json"), content);

      await expect(openHome(path)).rejects.toMatchObject({ code: "home-foreign" });
      expect(readFileSync(join(path, "daybook.json"), "utf8")).toBe(content);
    },
  );

  it("refuses to play the sample into a real archive, and opens a sample as what it is", async () => {
    const [real, sample] = [fresh(), fresh()];
    await (await openHome(real)).close();
    await (await openHome(sample, { sample: true })).close();

    await expect(openHome(real, { sample: true })).rejects.toMatchObject({ code: "home-foreign" });
    const home = await openHome(sample);
    expect(home.facts.sample).toBe(true);
    await home.close();
  });

  it("says whose it must be where this user may not read it, and opens as it was when they may", async () => {
    const asRoot = process.getuid!() === 0;
    const NOBODY = 65_534;
    const above = mkdtempSync(join(tmpdir(), "unreadable-"));
    const dir = join(above, "home");
    // No permissions stop root: it is another user while it tries this.
    if (asRoot) {
      chownSync(above, NOBODY, NOBODY);
      process.seteuid!(NOBODY);
    }
    try {
      const first = await openHome(dir);
      await first.close();
      chmodSync(above, 0);
      await expect(openHome(dir)).rejects.toMatchObject({
        code: "home-unusable",
        message: `${dir}: this user may not read and write it: start as its owner, or choose another with --home`,
      });
      chmodSync(above, 0o700);
      const again = await openHome(dir);
      expect({ facts: again.facts, isNew: again.isNew }).toEqual({ facts: first.facts, isNew: false });
      await again.close();
    } finally {
      if (asRoot) process.seteuid!(0);
      rmSync(above, { recursive: true });
    }
  });

  it("says that it cannot be written to, where it cannot", async () => {
    // Not even root may make directories there.
    await expect(openHome("/proc/daybook")).rejects.toMatchObject({ code: "home-unusable" });
  });

  it("is one home, by whatever name", async () => {
    const path = fresh();
    const home = await openHome(path);
    const link = fresh();
    symlinkSync(path, link);

    await expect(openHome(link)).rejects.toMatchObject({ code: "home-in-use" });
    await home.close();
  });
});

describe("a home's lock", () => {
  it("refuses a second process, and names the first", async () => {
    const path = fresh();
    const holder = program("hold-home.ts", [path], { env });
    expect(await holder.line()).toBe("open");

    await expect(openHome(path)).rejects.toMatchObject({
      code: "home-in-use",
      message: expect.stringContaining(`process ${holder.child.pid ?? 0}`) as string,
    });
    await holder.kill("SIGTERM");
    await (await openHome(path)).close();
  });

  it("does not outlive a process that was killed", async () => {
    const path = fresh();
    const holder = program("hold-home.ts", [path], { env });
    await holder.line();
    await holder.kill("SIGKILL");
    expect(readdirSync(join(path, "run")).length).toBeGreaterThan(0);

    const home = await openHome(path);
    expect(readdirSync(home.paths.run).filter((name) => name.startsWith("lock-"))).toHaveLength(1);
    await home.close();
  });

  it("lets one of several in that start at once after a crash", async () => {
    const path = fresh();
    const crashed = program("hold-home.ts", [path], { env });
    await crashed.line();
    await crashed.kill("SIGKILL");

    const all = Array.from({ length: 4 }, () => program("hold-home.ts", [path], { env }));
    const said = await Promise.all(all.map((one) => one.line()));
    expect(said.filter((line) => line === "open")).toHaveLength(1);
    expect(said.filter((line) => line.startsWith("home-in-use"))).toHaveLength(3);
    await Promise.all(all.map((one) => one.kill("SIGKILL")));
  });

  it("is not mistaken for another process that has the same number now", async () => {
    const path = fresh();
    mkdirSync(join(path, "run"), { recursive: true });
    const old = { ...ownIdentity(), started: "1" };
    writeFileSync(join(path, "run/lock-0000000000000000.json"), JSON.stringify(old));

    await (await openHome(path)).close();
  });

  it.each([
    { who: "a process of another container that is gone", identity: { ...ownIdentity(), space: "pid:[1]" } },
    { who: "nobody knows whom", identity: "torn" },
  ])("is taken from $who once it has been silent", async ({ identity }) => {
    const path = fresh();
    mkdirSync(join(path, "run"), { recursive: true });
    const file = join(path, "run/lock-0000000000000000.json");
    writeFileSync(file, JSON.stringify(identity));
    utimesSync(file, 1, 1);

    await (await openHome(path)).close();
    expect(existsSync(file)).toBe(false);
  });

  it("is not taken from a process of another container that gives signs of life", async () => {
    const path = fresh();
    mkdirSync(join(path, "run"), { recursive: true });
    const file = join(path, "run/lock-0000000000000000.json");
    writeFileSync(file, JSON.stringify({ ...ownIdentity(), space: "pid:[1]" }));
    const beat = setInterval(() => utimesSync(file, new Date(), new Date()), 100);

    await expect(openHome(path)).rejects.toMatchObject({ code: "home-in-use" });
    clearInterval(beat);
    expect(existsSync(file)).toBe(true);
  });
});

describe("findServers", () => {
  it("finds servers that run, and forgets those that were stopped or killed", async () => {
    const [stopped, killed] = [
      program("hold-home.ts", [fresh()], { env }),
      program("hold-home.ts", [fresh()], { env }),
    ];
    await Promise.all([stopped.line(), killed.line()]);
    const found = await findServers(env);
    expect(found.map(({ pid }) => pid).sort()).toEqual([stopped.child.pid, killed.child.pid].sort());
    expect(found[0]?.url).toBe("http://127.0.0.1:4711");

    await stopped.kill("SIGTERM");
    await killed.kill("SIGKILL");
    expect(await findServers(env)).toEqual([]);
    expect(readdirSync(join(directory, "state/daybook/servers"))).toEqual([]);
  });

  it("takes away what is not an announcement, and goes on", async () => {
    const registry = join(directory, "state/daybook/servers");
    for (const [name, content] of [
      ["a", ""],
      ["b", '{"home":1}'],
      ["c", "x".repeat(100_000)],
    ] as const) {
      writeFileSync(join(registry, `${name}.json`), content);
    }

    expect(await findServers(env)).toEqual([]);
    expect(readdirSync(registry)).toEqual([]);
  });

  it("does not use a place that a link leads to", async () => {
    const state = join(directory, "linked");
    mkdirSync(join(state, "daybook"), { recursive: true });
    const elsewhere = join(directory, "elsewhere");
    mkdirSync(elsewhere);
    symlinkSync(elsewhere, join(state, "daybook/servers"));
    const home = await openHome(fresh(), { env: { ...env, XDG_STATE_HOME: state } });
    await home.announce({ url: "http://127.0.0.1:1", port: 1 });

    expect(readdirSync(elsewhere)).toEqual([]);
    await home.close();
  });
});

it("writes down where the server is, and takes it back", async () => {
  const home = await openHome(fresh(), { env });
  await home.announce({ url: "http://127.0.0.1:8080", port: 8080 });
  const file = join(home.paths.run, "runtime.json");

  expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({
    pid: process.pid,
    port: 8080,
    url: "http://127.0.0.1:8080",
  });
  await home.close();
  await home.close();
  await until(() => !existsSync(file));
});
