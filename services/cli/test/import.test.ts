import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { type Listening, listen } from "@daybook/runtime";
import { importCommand, inWords } from "../src/commands/import.ts";
import { errorLine } from "../src/failure.ts";
import { createOutput } from "../src/output.ts";

const ID = "00000000-0000-4000-8000-000000000001";
const before = { ...process.env };

let dir: string;
let listening: Listening;
/** How the import stands when it is asked. */
let state: object;
/** Called when somebody asks. */
let onAsked: () => void;

function answer(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  request.on("end", () => {
    if (request.method === "GET") onAsked();
    response.statusCode = request.method === "POST" ? 202 : 200;
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(request.method === "POST" ? { id: ID } : state));
  });
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
  dir = await mkdtemp(join(tmpdir(), "daybook-import-"));
  onAsked = () => undefined;
});
afterEach(() => rm(dir, { recursive: true }));

async function refusal(path: string, signal = new AbortController().signal): Promise<string> {
  const error: unknown = await importCommand(
    [path],
    { custodian: "Ann Lee" },
    createOutput(true, new PassThrough()),
    signal,
  ).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return errorLine(error).line;
}

async function file(content: string): Promise<string> {
  const path = join(dir, "sms.xml");
  await writeFile(path, content);
  return path;
}

describe("an import", () => {
  it("says of a file that is not there, or empty, that it was not sent", async () => {
    const none = join(dir, "none.xml");
    expect(await refusal(none)).toBe(`${none} is not there: see how it is spelt`);
    const empty = await file("");
    expect(await refusal(empty)).toBe(`${empty} is empty: nothing was sent`);
  });

  it("names the file as it was given, and why it is none", async () => {
    state = { state: "failed", code: "not-an-export", message: "the file is no export" };
    const path = await file("notes");
    expect(await refusal(path)).toBe(`${path}: the file is no export`);
  });

  it("ends when it is told to, and says how to go on", async () => {
    state = { state: "running", lines: 1, records: 1 };
    const stopping = new AbortController();
    onAsked = () => stopping.abort();
    expect(await refusal(await file("notes"), stopping.signal)).toBe(
      "stopped: import it again to see it whole, and nothing is recorded twice",
    );
  });

  it("is told in words that fit what it is", () => {
    const one = {
      file: "sms.xml",
      messages: 1,
      system: 0,
      authors: ["Fergus", ""],
      first: null,
      last: null,
      attachments: 1,
      order: null,
      ambiguous: false,
      duplicates: 0,
      warnings: [{ code: "without-text", line: 1, message: "1 message has no text that could be read" }],
    };
    expect(inWords({ files: [one], records: 1 }).split("\n")).toEqual([
      "sms.xml: 1 message, 0 other events, 1 attachment",
      "  by Fergus; 0 recorded before",
      "  1 message has no text that could be read",
      expect.stringMatching(/^1 new record\. /),
    ]);
    const again = { ...one, messages: 0, authors: [], attachments: 0, duplicates: 3, warnings: [] };
    expect(inWords({ files: [again], records: 0 }).split("\n")[1]).toBe("  3 recorded before");
    const chat = { ...one, system: 2, order: "dmy", warnings: [{ code: "x", line: 7, message: "what" }] };
    expect(
      inWords({ files: [chat], records: 1 })
        .split("\n")
        .slice(0, 3),
    ).toEqual([
      "sms.xml: 1 message, 2 notices by the app, 1 attachment",
      "  by Fergus; dates read as dmy; 0 recorded before",
      "  line 7: what",
    ]);
  });
});
