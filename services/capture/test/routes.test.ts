import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { type Postgres, startPostgres } from "@daybook/compose";
import { type ApiClient, createLogger } from "@daybook/runtime";
import { Pool } from "pg";
import { setUp } from "./support/capture.ts";
import { type Running, startRunning } from "./support/running.ts";

const MAX_BYTES = 200_000;
const CHAT = "13/05/2024, 10:01 - Ann: the plain words\n13/05/2024, 10:02 - Bo: two\n";
const QUERY = { name: "WhatsApp Chat with Bo.txt", custodian: "Ann" };

interface Job {
  id: string;
  state: string;
  lines?: number;
  records?: number;
  result?: { records: number; files: object[] };
  code?: string;
  message?: string;
}

const dir = mkdtempSync(join(tmpdir(), "daybook-routes-"));
let postgres: Postgres;
let pool: Pool;
let service: Running;
let officer: ApiClient;

beforeAll(async () => {
  const log = createLogger("postgres", "fatal", { stream: new PassThrough().resume() });
  postgres = await startPostgres({ dataDir: join(dir, "postgres"), log });
  pool = new Pool({ ...postgres.connection, max: 3 });
  // Its connections may be there still when PostgreSQL stops.
  pool.on("error", () => undefined);
});
afterAll(async () => {
  await pool.end();
  await postgres.stop();
  rmSync(dir, { recursive: true, force: true });
});
beforeEach(async () => {
  await pool.query("DROP SCHEMA IF EXISTS capture CASCADE");
  service = await startRunning(pool, MAX_BYTES);
  officer = service.as("records-officer");
});
afterEach(() => service.close());

const send = (content: string | Buffer, query: object = {}, client = officer) =>
  client.upload("/api/v1/imports", Readable.from([Buffer.from(content)]), {
    query: { ...QUERY, ...query },
  }) as Promise<{ id: string }>;
const job = (id: string) => officer.call("get", "/api/v1/imports/:id", { params: { id } }) as Promise<Job>;

async function ended(id: string): Promise<Job> {
  for (;;) {
    const found = await job(id);
    if (found.state !== "running") return found;
    await sleep(5);
  }
}

/** Holds back the nth call that publishes, until it is let go. */
function heldBack(nth = 1): { reached: Promise<void>; letGo: () => void } {
  const held = Promise.withResolvers<undefined>();
  const gate = Promise.withResolvers<undefined>();
  let calls = 0;
  service.rig.publisher.before = () => {
    calls += 1;
    if (calls !== nth) return undefined;
    held.resolve(undefined);
    return gate.promise;
  };
  return { reached: held.promise, letGo: () => gate.resolve(undefined) };
}

const spooled = () => readdirSync(service.rig.dir);

describe("an import over HTTP", () => {
  it("answers with a job once the file has arrived, and the job with the result once it can be searched", async () => {
    const { id } = await send(CHAT);
    const done = await ended(id);

    expect(done).toEqual({
      id,
      state: "done",
      result: {
        records: 3,
        files: [
          {
            file: QUERY.name,
            network: "whatsapp",
            messages: 2,
            system: 0,
            authors: ["Ann", "Bo"],
            first: "2024-05-13T10:01:00",
            last: "2024-05-13T10:02:00",
            attachments: 0,
            order: "dmy",
            ambiguous: false,
            multiline: 0,
            edited: 0,
            deleted: 0,
            duplicates: 0,
            warnings: [],
          },
        ],
      },
    });
    expect(service.rig.reachedArchive).toEqual([[0, 3]]);
    expect(spooled()).toEqual([]);
  });

  it("names who supplied the file by who sent it", async () => {
    await ended((await send(CHAT)).id);

    const notice = service.rig.publisher.records.find(({ event }) => event.kind === "notice")!;
    expect(JSON.parse(Buffer.from(notice.event.raw, "base64").toString())).toMatchObject({
      name: QUERY.name,
      suppliedBy: "records-officer-1",
    });
  });

  it("tells how far it is, and runs one after the other", async () => {
    const { reached, letGo } = heldBack(3);
    const rows = Array.from({ length: 1_500 }, (_, i) => `13/05/2024, 10:01 - Ann: line ${i}\n`);
    const first = await send(rows.join(""));
    const second = await send(CHAT, { custodian: "Bo" });
    await reached;

    expect(await job(first.id)).toEqual({ id: first.id, state: "running", lines: 1_000, records: 1_001 });
    expect(await job(second.id)).toEqual({ id: second.id, state: "running", lines: 0, records: 0 });
    letGo();
    expect(await ended(first.id)).toMatchObject({ state: "done", result: { records: 1_501 } });
    expect(await ended(second.id)).toMatchObject({ state: "done", result: { records: 3 } });
  });

  it("fails with what to tell the operator, and keeps nothing of the file", async () => {
    const { id } = await send("just notes\n");

    expect(await ended(id)).toMatchObject({ id, state: "failed", code: "not-an-export" });
    expect(service.rig.publisher.published).toEqual([]);
    expect(spooled()).toEqual([]);
  });

  it.each([
    ["lost", "unavailable"],
    ["full", "spool-full"],
  ] as const)("may be sent again after a stream that was %s", async (fault, code) => {
    service.rig.publisher.faults.push(undefined, fault);
    expect(await ended((await send(CHAT)).id)).toMatchObject({ state: "failed", code });

    expect(await ended((await send(CHAT)).id)).toMatchObject({ state: "done" });
    expect(service.rig.publisher.records).toHaveLength(3);
  });

  it("asks for room where the database has none when what was imported before is learned", async () => {
    await ended((await send(CHAT)).id);
    await pool.query(`
      DELETE FROM capture.learned;
      CREATE FUNCTION capture.full_disk() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full'; END $$;
      CREATE TRIGGER full_disk BEFORE INSERT ON capture.learned EXECUTE FUNCTION capture.full_disk()`);

    expect(await ended((await send(CHAT)).id)).toMatchObject({
      state: "failed",
      code: "spool-full",
      message: expect.stringContaining("make room") as string,
    });
  });

  it("says nothing of what was imported when it fails for a reason of its own", async () => {
    service.rig.publisher.before = () => {
      throw new TypeError("a defect");
    };
    const failed = await ended((await send(CHAT)).id);

    expect(failed).toMatchObject({ state: "failed", code: "failed" });
    expect(service.logged.join("")).toContain("TypeError");
    expect(service.logged.join("") + JSON.stringify(failed)).not.toMatch(/plain words|Ann/);
  });

  it("is not known by another id, or by none", async () => {
    const unknown = job("00000000-0000-4000-8000-000000000000");
    await expect(unknown).rejects.toMatchObject({ status: 404, code: "not-found" });
    await expect(job("1")).rejects.toMatchObject({ status: 400, code: "invalid-request" });
  });

  it("records nothing and leaves nothing of an upload whose client goes away", async () => {
    const { url } = service;
    const sending = request(`${url}/api/v1/imports?${new URLSearchParams({ ...QUERY }).toString()}`, {
      method: "POST",
      headers: { authorization: "Bearer records-officer", "content-type": "application/octet-stream" },
    });
    sending.on("error", () => undefined);
    sending.write(CHAT);
    while (spooled().length === 0) await sleep(5);
    const closed = new Promise((resolve) => sending.once("close", resolve));
    sending.destroy();
    await closed;
    while (spooled().length > 0) await sleep(5);

    expect(service.rig.publisher.published).toEqual([]);
    expect(await ended((await send(CHAT)).id)).toMatchObject({ result: { records: 3 } });
  });

  it.each([{ sizeBytes: MAX_BYTES + 1 }, {}])(
    "refuses a file that is too large, and leaves nothing of it: %j",
    async (size) => {
      const body = Readable.from([CHAT, Buffer.alloc(MAX_BYTES + 1 - CHAT.length, "x")], {
        objectMode: false,
      });
      const sending = officer.upload("/api/v1/imports", body, { query: QUERY, ...size });

      await expect(sending).rejects.toMatchObject({ status: 413, code: "too-large" });
      expect(spooled()).toEqual([]);
      expect(service.rig.publisher.published).toEqual([]);
    },
  );

  it.each(["custodian", "auditor", "reviewer", "administrator"] as const)(
    "takes no file of a %s",
    async (role) => {
      await expect(send(CHAT, {}, service.as(role))).rejects.toMatchObject({
        status: 403,
        code: "forbidden",
      });
      expect(spooled()).toEqual([]);
      expect(service.rig.publisher.published).toEqual([]);
    },
  );

  it.each([
    { dateOrder: "dym" },
    { zone: "Mars/Olympus" },
    { custodian: " " },
    { name: "" },
    { path: "/etc/passwd" },
  ])("refuses what it does not know before it takes the file: %j", async (query) => {
    await expect(send(CHAT, query)).rejects.toMatchObject({ status: 400, code: "invalid-request" });
    expect(spooled()).toEqual([]);
  });

  it("takes only so many files to wait, and takes more when some have been imported", async () => {
    const { reached, letGo } = heldBack();
    const waiting: string[] = [];
    for (let n = 0; n < 100; n += 1) waiting.push((await send(CHAT)).id);
    await reached;
    await expect(send(CHAT)).rejects.toMatchObject({ status: 429, code: "busy" });
    letGo();
    for (const id of waiting) await ended(id);

    expect(await ended((await send(CHAT)).id)).toMatchObject({ result: { records: 0 } });
    expect(service.rig.publisher.records).toHaveLength(3);
  });

  it("finishes what it has taken when it is told to stop", async () => {
    const { reached, letGo } = heldBack();
    const { id } = await send(CHAT);
    await reached;
    const stopped = service.stop();
    letGo();
    await stopped;

    expect(await job(id)).toMatchObject({ state: "done", result: { records: 3 } });
  });
});

it("takes a file once it has swept away what an earlier process left, and imports it once it has its schema", async () => {
  const rig = setUp();
  writeFileSync(join(rig.dir, "upload-of-a-dead-process"), "unreadable");
  // It may not have made its schema yet.
  await service.stop();
  await pool.query("DROP SCHEMA IF EXISTS capture CASCADE");
  // The service waits for whoever else makes its schema just now.
  const other = await pool.connect();
  await other.query("BEGIN");
  await other.query("CREATE SCHEMA capture");
  const early = await startRunning(pool, MAX_BYTES, rig);
  try {
    await send(CHAT, {}, early.as("records-officer"));
    const [upload, ...others] = readdirSync(rig.dir);
    expect(upload).not.toBe("upload-of-a-dead-process");
    expect(others).toEqual([]);
    expect(rig.publisher.records).toEqual([]);
    await other.query("ROLLBACK");
    await early.stop();

    expect(rig.publisher.records).toHaveLength(3);
    expect(readdirSync(rig.dir)).toEqual([]);
  } finally {
    other.release();
    await early.close();
  }
});
