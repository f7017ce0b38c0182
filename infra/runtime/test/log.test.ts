import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import fc from "fast-check";
import { createLogger, type Logger, type LogLevel, RuntimeError, Secret } from "../src/index.ts";

async function logged(write: (log: Logger) => void, level?: LogLevel): Promise<Record<string, unknown>[]> {
  const stream = new PassThrough();
  write(createLogger("test", level, { stream }));
  stream.end();
  return (await text(stream))
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

class PgLikeError extends Error {
  override readonly name = "error";
  readonly code = "22P02";
}

describe("createLogger", () => {
  it("writes one JSON object a line, with time, level, service and sentence", async () => {
    const [entry, ...others] = await logged((log) => log.info({ attempt: 2 }, "recorded"));

    expect(entry).toEqual({
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
      level: "info",
      service: "test",
      message: "recorded",
      attempt: 2,
    });
    expect(others).toEqual([]);
  });

  it("writes what its level asks for, and nothing below", async () => {
    const all = (log: Logger) => {
      for (const level of ["fatal", "error", "warn", "info", "debug"] as const) log[level](level);
    };

    expect((await logged(all, "warn")).map(({ message }) => message)).toEqual(["fatal", "error", "warn"]);
    expect(await logged(all, "debug")).toHaveLength(5);
  });

  it("adds a child's fields to each of its lines", async () => {
    const [entry] = await logged((log) =>
      log.child({ shard: "0" }).child({ part: 1 }).warn({ part: 2 }, "slow"),
    );

    expect(entry).toMatchObject({ shard: "0", part: 2, message: "slow" });
  });

  it("lets no field stand in for time, level, service or sentence", async () => {
    const [entry] = await logged((log) =>
      log.info({ level: "fatal", message: "forged", service: "x", timestamp: 1 }, "real"),
    );

    expect(entry).toMatchObject({
      level: "info",
      message: "real",
      service: "test",
      message_: "forged",
      level_: "fatal",
    });
  });

  it("keeps fields where the sentence looks like a format", async () => {
    expect((await logged((log) => log.info({ a: 1 }, "100%s done %d")))[0]).toMatchObject({
      a: 1,
      message: "100%s done %d",
    });
  });

  it("prints secrets as such, bytes as their number, and what has no end cut short", async () => {
    const loop: Record<string, unknown> = {};
    loop.self = loop;
    const [entry] = await logged((log) =>
      log.info(
        {
          key: new Secret("hunter2"),
          nested: [{ key: new Secret("hunter2") }],
          raw: Buffer.from("words"),
          loop,
          n: 1n,
          long: "x".repeat(9_999),
        },
        "x",
      ),
    );

    expect(entry).toMatchObject({ key: "[secret]", nested: [{ key: "[secret]" }], raw: "[5 bytes]", n: "1" });
    expect(JSON.stringify(entry)).not.toContain("hunter2");
    expect(JSON.stringify(entry).length).toBeLessThan(3_000);
  });

  it("prints the message of our own errors, and of no other", async () => {
    const cause = new PgLikeError('invalid input syntax for type bigint: "meet at noon"');
    const err = new RuntimeError("unsafe-process", "start it without --inspect", { cause });
    const [entry] = await logged((log) => log.error({ err }, "failed"));

    expect(entry?.err).toMatchObject({
      name: "RuntimeError",
      code: "unsafe-process",
      message: "start it without --inspect",
      cause: { name: "error", code: "22P02" },
    });
    expect(JSON.stringify(entry)).not.toContain("noon");
  });

  it("shows where an error came from without what it says, whatever that is", async () => {
    const entries = await logged((log) => {
      fc.assert(
        fc.property(fc.string({ minLength: 1 }), (words) => {
          log.error({ err: new Error(`MARK${words}MARK\n    at MARK (file:1:1)`) }, "failed");
        }),
      );
    });

    expect(entries.length).toBeGreaterThan(10);
    expect(entries.filter((entry) => JSON.stringify(entry).includes("MARK"))).toEqual([]);
    expect((entries[0]?.err as { at: string[] }).at.length).toBeGreaterThan(0);
  });

  it("shows no place for an error whose message was changed afterwards", async () => {
    const err = new Error("meet at noon");
    err.message = "changed";

    expect(JSON.stringify(await logged((log) => log.error({ err }, "failed")))).not.toContain("noon");
  });

  it("appends to a file that only its owner reads, and has written all when closed", async () => {
    const directory = mkdtempSync(join(tmpdir(), "daybook-log-"));
    const file = join(directory, "service.log");
    for (const round of [1, 2]) {
      const log = createLogger("test", "info", { file });
      for (let line = 0; line < 500; line += 1) log.info({ round, line }, "recorded");
      await log.close();
    }

    expect(readFileSync(file, "utf8").trimEnd().split("\n")).toHaveLength(1_000);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(() => createLogger("test", "info", { file: join(directory, "none/x.log") })).toThrow();
    rmSync(directory, { recursive: true });
  });
});
