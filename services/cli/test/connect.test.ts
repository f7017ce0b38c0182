import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Home, openHome } from "@daybook/compose";
import { type Listening, listen } from "@daybook/runtime";
import { started } from "../../../test/started.ts";
import { connect } from "../src/connect.ts";
import { errorLine } from "../src/failure.ts";

/** Announces a home as `daybook up` does, and is killed with it open. */
const HOLD = `
  import { openHome } from "@daybook/compose";
  const home = await openHome(process.env.HELD);
  await home.announce({ url: "http://127.0.0.1:1", port: 1 });
  process.stdout.write("open");
  setInterval(() => undefined, 1000);
`;

let dir: string;
let env: NodeJS.ProcessEnv;
let listening: Listening;
const homes: Home[] = [];

beforeAll(async () => {
  // Says by which token it was asked.
  listening = await listen(
    (request, response) => {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ asked: request.headers.authorization }));
    },
    { port: 0 },
  );
});
afterAll(() => listening.close());
beforeEach(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), "daybook-connect-")));
  env = { XDG_STATE_HOME: join(dir, "state") };
});
afterEach(async () => {
  for (const home of homes.splice(0)) await home.close();
  await rm(dir, { recursive: true });
});

/** A home whose server answers. @param state where its server writes down that it runs */
async function running(name: string, state = env): Promise<string> {
  const home = await openHome(join(dir, name), { env: state });
  homes.push(home);
  await writeFile(join(home.paths.run, "token"), `token of ${name}\n`, { mode: 0o600 });
  await home.announce({ url: listening.url, port: listening.port });
  return home.dir;
}

async function askedBy(given: NodeJS.ProcessEnv): Promise<unknown> {
  const { client, ...at } = await connect(given);
  try {
    return { ...((await client.call("get", "/")) as object), ...at };
  } finally {
    client.close();
  }
}

async function refusal(given: NodeJS.ProcessEnv): Promise<string> {
  const error: unknown = await connect(given).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  const { line, exitCode } = errorLine(error);
  expect(exitCode).toBe(1);
  expect(line).not.toContain("\n");
  return line;
}

async function killedServer(name: string): Promise<string> {
  const held = join(dir, name);
  const child = spawn(process.execPath, ["--input-type=module", "-e", HOLD], {
    cwd: import.meta.dirname,
    env: { ...process.env, ...env, HELD: held },
    stdio: ["ignore", "pipe", "inherit"],
  });
  await started(child);
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(existsSync(join(held, "run/runtime.json"))).toBe(true);
  return held;
}

describe("a command finds its server", () => {
  it("by DAYBOOK_URL and DAYBOOK_TOKEN, whatever else is set or runs", async () => {
    const home = await running("a");
    const given = { ...env, DAYBOOK_URL: listening.url, DAYBOOK_TOKEN: "mine", DAYBOOK_HOME: home };
    expect(await askedBy(given)).toEqual({ asked: "Bearer mine", url: listening.url, home: undefined });
  });

  it("by DAYBOOK_HOME, of several that run", async () => {
    await running("a");
    const home = await running("b");
    const found = { asked: "Bearer token of b", url: listening.url, home };
    expect(await askedBy({ ...env, DAYBOOK_HOME: home })).toEqual(found);
  });

  it("by DAYBOOK_HOME through a link, and when it was started with another list of servers", async () => {
    await running("a", { XDG_STATE_HOME: join(dir, "elsewhere") });
    await symlink(join(dir, "a"), join(dir, "link"));
    const given = { ...env, DAYBOOK_HOME: join(dir, "link") };
    expect(await askedBy(given)).toMatchObject({ asked: "Bearer token of a" });
  });

  it("by being the only one, with its owner's token or the one that is given", async () => {
    const home = await running("a");
    expect(await askedBy(env)).toEqual({ asked: "Bearer token of a", url: listening.url, home });
    expect(await askedBy({ ...env, DAYBOOK_TOKEN: "mine" })).toMatchObject({ asked: "Bearer mine", home });
  });

  it("by being the only one that lives, beside one that was killed", async () => {
    await killedServer("dead");
    const home = await running("a");
    expect(await askedBy(env)).toMatchObject({ home });
  });
});

describe("a command that finds no server says what to do, in one line", () => {
  it("when none runs", async () => {
    expect(await refusal(env)).toMatch(/start one with `daybook up`/);
  });

  it("when the only one was killed, whose runtime file is still there", async () => {
    const home = await killedServer("dead");
    expect(await refusal(env)).toMatch(/start one with `daybook up`/);
    expect(await refusal({ ...env, DAYBOOK_HOME: home })).toContain(`daybook up --home ${home}`);
  });

  it("when none holds DAYBOOK_HOME, although another runs", async () => {
    await running("a");
    const home = join(dir, "b");
    expect(await refusal({ ...env, DAYBOOK_HOME: home })).toContain(`daybook up --home ${home}`);
  });

  it("when two run: it lists them", async () => {
    const both = [await running("a"), await running("b")];
    const line = await refusal(env);
    expect(line).toMatch(/DAYBOOK_HOME/);
    for (const home of both) expect(line).toContain(home);
  });

  it("when DAYBOOK_URL is set without a token", async () => {
    await running("a");
    expect(await refusal({ ...env, DAYBOOK_URL: listening.url })).toMatch(/DAYBOOK_TOKEN/);
  });

  it("when DAYBOOK_URL would send the token over a network in clear", async () => {
    const given = { ...env, DAYBOOK_URL: "http://archive.example.org", DAYBOOK_TOKEN: "mine" };
    expect(await refusal(given)).not.toContain("mine");
  });

  it("when the owner's token is gone", async () => {
    const home = await running("a");
    await rm(join(home, "run/token"));
    expect(await refusal(env)).toMatch(/set DAYBOOK_TOKEN/);
  });
});
