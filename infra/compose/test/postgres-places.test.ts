import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { startPostgres } from "../src/index.ts";
import { installedBinaries } from "../src/postgres/binaries.ts";
import { makeSocketDirectory } from "../src/postgres/sockets.ts";
import { program, scratch, sharedScratch } from "./scratch.ts";

const directory = scratch();
const open = sharedScratch();
const log = { info: () => undefined, warn: () => undefined };
const root = process.getuid?.() === 0;
const asRoot = root ? it : it.skip;
const NOBODY = 65_534;
/** Somebody else cannot run what is in a checkout that only root may enter. */
const asRootOfAnOpenCheckout =
  root && spawnSync(process.execPath, ["--version"], { uid: NOBODY, gid: NOBODY }).status === 0
    ? it
    : it.skip;

async function works(options: Parameters<typeof startPostgres>[0]): Promise<void> {
  const server = await startPostgres(options);
  const client = new pg.Client(server.connection);
  await client.connect();
  await client.end();
  await server.stop();
}

/** An installation as npm leaves it where it may run no scripts. */
function installation(name: string): string {
  const native = join(directory, name, "native");
  cpSync(installedBinaries(), native, {
    recursive: true,
    filter: (path) => !path.endsWith(".a") && !/libicu\w+\.so(\.60)?$/.test(path),
  });
  return native;
}

describe("PostgreSQL", () => {
  asRoot("runs from and in directories that only root may enter, without a right to enter them", async () => {
    // The scratch directory is 0700 and root's, and so is all of this.
    const native = installation("checkout");
    const caches = [join(directory, "nowhere/a"), join(open, "programs")];
    const dataDir = join(directory, "deep/er/home");
    await works({ dataDir, log, programs: { native, caches } });
    const owner = statSync(join(dataDir, "cluster")).uid;

    expect(owner).toBeGreaterThanOrEqual(61_184);
    expect(owner).toBeLessThan(65_184);
    expect(statSync(dataDir).uid).toBe(0);
    expect(
      spawnSync("find", [join(dataDir, "cluster"), "!", "-uid", String(owner)], { encoding: "utf8" }).stdout,
    ).toBe("");
    expect(spawnSync("getent", ["passwd", String(owner)]).status).not.toBe(0);
    const copies = readdirSync(join(open, "programs"));
    expect(copies).toHaveLength(1);
    await works({ dataDir, log, programs: { native, caches } });
    expect(readdirSync(join(open, "programs"))).toEqual(copies);
  });

  asRoot("takes no copy of its programs that somebody else could have made or changed", async () => {
    const native = installation("bare");
    const [foreign, writable] = [join(open, "foreign"), join(open, "writable")];
    for (const path of [foreign, writable]) mkdirSync(path);
    chmodSync(foreign, 0o755);
    chownSync(foreign, NOBODY, NOBODY);
    chmodSync(writable, 0o777);

    await expect(
      works({
        dataDir: join(directory, "refused"),
        log,
        programs: { native, caches: [foreign, writable] },
      }),
    ).rejects.toMatchObject({ code: "postgres-unavailable" });
    expect([readdirSync(foreign), readdirSync(writable)]).toEqual([[], []]);
  });

  asRootOfAnOpenCheckout("runs for a user who is not root, as that user", async () => {
    const dataDir = join(open, "user");
    mkdirSync(dataDir);
    chownSync(dataDir, NOBODY, NOBODY);
    const holder = program("hold-postgres.ts", [dataDir], {
      uid: NOBODY,
      gid: NOBODY,
      env: { PATH: process.env.PATH },
    });
    expect(JSON.parse(await holder.line())).toMatchObject({ firstStart: true, rows: 1 });
    expect(statSync(join(dataDir, "cluster")).uid).toBe(NOBODY);
    await holder.kill("SIGKILL");
    const again = program("hold-postgres.ts", [dataDir], {
      uid: NOBODY,
      gid: NOBODY,
      env: { PATH: process.env.PATH },
    });
    expect(JSON.parse(await again.line())).toMatchObject({ firstStart: false, rows: 2 });
    await again.kill("SIGKILL");
  });

  it("makes the links that npm left out", async () => {
    const place = join(open, "links");
    const native = installation("links");
    mkdirSync(place);
    cpSync(native, join(place, "native"), { recursive: true });
    // For a server that runs as somebody else, whatever the umask.
    spawnSync("chmod", ["-R", "a+rX", place]);
    expect(existsSync(join(place, "native/lib/libicuuc.so.60"))).toBe(false);
    await works({
      dataDir: join(directory, "linked"),
      log,
      programs: { native: join(place, "native"), caches: [] },
    });

    expect(existsSync(join(place, "native/lib/libicuuc.so.60"))).toBe(true);
  });

  it("says what is missing where there are no programs", async () => {
    await expect(
      works({
        dataDir: join(directory, "none"),
        log,
        programs: { native: join(directory, "missing"), caches: [] },
      }),
    ).rejects.toMatchObject({ code: "postgres-unavailable" });
  });
});

describe("the socket's directory", () => {
  const record = join(directory, "record");

  it("is made where its name is short enough and means nothing to the server's settings", async () => {
    const long = join(directory, "x".repeat(90));
    const odd = join(directory, "a,b");
    const good = join(directory, "s");
    for (const path of [long, odd, good]) mkdirSync(path);
    const made = await makeSocketDirectory(record, undefined, [long, odd, join(directory, "missing"), good]);

    expect(made.startsWith(`${good}/`)).toBe(true);
    expect(statSync(made).mode & 0o777).toBe(0o700);
    await expect(makeSocketDirectory(record, undefined, [long, odd])).rejects.toMatchObject({
      code: "postgres-unavailable",
    });
  });

  it("is taken away when it was left behind, and nothing else is", async () => {
    const place = join(directory, "t");
    mkdirSync(place);
    const left = await makeSocketDirectory(record, undefined, [place]);
    const next = await makeSocketDirectory(record, undefined, [place]);
    expect([existsSync(left), existsSync(next)]).toEqual([false, true]);

    const precious = join(directory, "daybook-pg-precious");
    mkdirSync(precious);
    writeFileSync(record, precious);
    await makeSocketDirectory(record, undefined, [place]);
    expect(existsSync(precious)).toBe(true);
  });

  it("is taken away long after its home is gone, and only when it is empty", async () => {
    const place = join(directory, "u");
    const [abandoned, young, busy] = ["abandoned", "young", "busy"].map((name) =>
      join(place, `daybook-pg-${name}`),
    );
    for (const path of [abandoned, young, busy]) mkdirSync(path!, { recursive: true });
    writeFileSync(join(busy!, ".s.PGSQL.5432"), "");
    for (const path of [abandoned, busy]) utimesSync(path!, 1, 1);
    await makeSocketDirectory(record, undefined, [place]);

    expect([abandoned, young, busy].map((path) => existsSync(path!))).toEqual([false, true, true]);
  });
});
