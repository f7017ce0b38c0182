import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { buffer } from "node:stream/consumers";
import { type Listening, listen } from "@daybook/runtime";
import { ZipFile } from "yazl";
import { exportCommand, type ExportOptions } from "../src/commands/export.ts";
import { errorLine } from "../src/failure.ts";
import { createOutput } from "../src/output.ts";

const ID = "00000000-0000-4000-8000-000000000001";
const SUMMARY = { id: ID, state: "written", records: 3, attachments: 2, gaps: 1, checkpoints: [] };
const before = { ...process.env };

let dir: string;
let listening: Listening;
let zip: Buffer;
/** What the server does instead of sending these. */
let instead: Partial<Record<"package" | "receipt", (response: ServerResponse) => void>>;

function answer(request: IncomingMessage, response: ServerResponse): void {
  const what = new URL(request.url ?? "", "http://localhost").pathname.split("/").at(-1);
  request.resume();
  if (what === "package" || what === "receipt") {
    const other = instead[what];
    if (other) return other(response);
    response.end(what === "package" ? zip : '{"record":"…"}');
    return;
  }
  response.statusCode = request.method === "POST" ? 201 : 200;
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(SUMMARY));
}

async function zipped(names: readonly string[]): Promise<Buffer> {
  const file = new ZipFile();
  for (const name of names) file.addBuffer(Buffer.from(`content of ${name}`), name, { compress: false });
  file.end();
  return buffer(file.outputStream);
}

/** Runs the command. @returns what it printed */
async function exported(options: Partial<ExportOptions> = {}): Promise<unknown> {
  const stdout = new PassThrough();
  await exportCommand({ matter: ID, out: join(dir, "pack"), ...options }, createOutput(true, stdout));
  return JSON.parse((stdout.read() as Buffer).toString());
}

async function refusal(options: Partial<ExportOptions> = {}): Promise<string> {
  const error: unknown = await exported(options).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  const { line, exitCode } = errorLine(error);
  expect(exitCode).toBe(1);
  return line;
}

beforeAll(async () => {
  listening = await listen(answer, { port: 0 });
  process.env.DAYBOOK_URL = listening.url;
  process.env.DAYBOOK_TOKEN = "token";
});
afterAll(async () => {
  process.env = before;
  await listening.close();
});
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "daybook-export-"));
  zip = await zipped(["pack/bagit.txt", "pack/data/request.json"]);
  instead = {};
});
afterEach(async () => rm(dir, { recursive: true }));

describe("an export", () => {
  it("leaves the package and its receipt, and nothing else", async () => {
    const out = join(dir, "pack");
    expect(await exported()).toEqual({ out, records: 3, attachments: 2, gaps: 1, checkpoints: [] });
    expect((await readdir(dir)).sort()).toEqual(["pack", "pack.receipt"]);
    expect(await readFile(join(out, "data/request.json"), "utf8")).toBe("content of pack/data/request.json");
  });

  it("leaves a ZIP as it was sent, with --zip or when the name asks for it", async () => {
    for (const options of [{ zip: true }, { out: join(dir, "other.zip") }]) await exported(options);
    expect((await readdir(dir)).sort()).toEqual(["other.receipt", "other.zip", "pack.receipt", "pack.zip"]);
    expect(await readFile(join(dir, "pack.zip"))).toEqual(zip);
  });

  it("fills a directory that is there and empty", async () => {
    await mkdir(join(dir, "pack"));
    await exported();
    expect((await readdir(join(dir, "pack"))).sort()).toEqual(["bagit.txt", "data"]);
  });
});

describe("an export is refused, and touches nothing", () => {
  it.each([
    ["a directory that holds something", "pack/mine", {}],
    ["a file of that name", "pack", {}],
    ["a ZIP of that name", "pack.zip", { zip: true }],
    ["the receipt of another package", "pack.receipt", {}],
  ])("where there is %s", async (_what, path, options) => {
    if (path.includes("/")) await mkdir(join(dir, "pack"));
    await writeFile(join(dir, path), "mine");
    const there = await readdir(dir, { recursive: true });
    expect(await refusal(options)).toMatch(/choose another --out/);
    expect(await readdir(dir, { recursive: true })).toEqual(there);
    expect(await readFile(join(dir, path), "utf8")).toBe("mine");
  });
});

describe("an export that fails leaves nothing under its name, nor beside it,", () => {
  const half = (response: ServerResponse) => {
    response.write(zip.subarray(0, zip.length / 2), () => response.destroy());
  };
  const all = [{}, { zip: true }];

  it.each(all)("when the package breaks off: %j", async (options) => {
    instead.package = half;
    expect(await refusal(options)).toMatch(/export again/);
    expect(await readdir(dir)).toEqual([]);
  });

  it.each(all)("when it is shorter than was said: %j", async (options) => {
    instead.package = (response) => {
      response.setHeader("content-length", zip.length);
      half(response);
    };
    expect(await refusal(options)).toMatch(/export again/);
    expect(await readdir(dir)).toEqual([]);
  });

  it.each(all)("when the receipt breaks off or is refused: %j", async (options) => {
    for (const status of [200, 503]) {
      instead.receipt = (response) => {
        response.writeHead(status, { "content-length": 100 });
        response.write("{", () => response.destroy());
      };
      await refusal(options);
      expect(await readdir(dir)).toEqual([]);
    }
  });

  it.each([
    ["is none", () => Promise.resolve(Buffer.from("no ZIP"))],
    ["is cut off", () => Promise.resolve(zip.subarray(0, -30))],
    ["holds another folder", () => zipped(["pack/a", "other/b"])],
    ["would write outside", async () => rename(await zipped(["pack/a", "nnnn/n/out"]), "pack/../out")],
  ])("when the ZIP %s", async (_what, hostile) => {
    zip = await hostile();
    expect(await refusal()).not.toContain("something went wrong");
    expect(await readdir(dir)).toEqual([]);
  });
});

/** yazl refuses hostile names: another of the same length takes the place of the last. */
function rename(bytes: Buffer, name: string): Buffer {
  return Buffer.from(bytes.toString("latin1").replaceAll("nnnn/n/out", name), "latin1");
}
