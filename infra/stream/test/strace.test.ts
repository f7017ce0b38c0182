import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { FRAME_HEADER_BYTES, lengthOf } from "../src/file/frame.ts";
import { segmentBase } from "../src/file/segment.ts";
import { removeTemporary, segments, temporary } from "./temporary.ts";

const SENDER = join(import.meta.dirname, "children", "sender.ts");
const ACKNOWLEDGEMENTS = 2_000;

const hasStrace = spawnSync("strace", ["-o", "/dev/null", "true"]).status === 0;
if (!hasStrace) process.stderr.write("SKIPPED: an fdatasync before each acknowledgement (needs strace)\n");

afterEach(removeTemporary);

(hasStrace ? describe : describe.skip)("as strace sees it, an acknowledgement", () => {
  it("comes after an fdatasync that succeeded and that began after its bytes were written", async () => {
    const dir = await temporary();
    const trace = join(await temporary(), "trace");
    const child = spawn(
      "strace",
      [
        "-f",
        "-y",
        "-e",
        "trace=write,pwrite64,fdatasync",
        "-o",
        trace,
        process.execPath,
        SENDER,
        dir,
        "8",
        "0",
      ],
      { stdio: ["ignore", "pipe", "ignore"], detached: true },
    );
    let lines = 0;
    child.stdout.on("data", (chunk: Buffer) => (lines += chunk.toString().split("\n").length - 1));
    while (lines < ACKNOWLEDGEMENTS && child.exitCode === null) await sleep(20);
    process.kill(-child.pid!, "SIGKILL");
    await once(child, "close");

    const ends = await framePositions(dir);
    const written = new Map<string, number>();
    const durable = new Map<string, number>();
    let acknowledged = 0;
    for (const event of events(await readFile(trace, "utf8"))) {
      if (event.what === "written") {
        written.set(event.path, Math.max(event.end, written.get(event.path) ?? 0));
      } else if (event.what === "sync begins") {
        event.covers = written.get(event.path) ?? 0;
      } else if (event.what === "sync ends") {
        durable.set(event.began.path, event.began.covers);
      } else {
        const { path, end } = ends.get(event.offset + 1)!;
        expect(end).toBeLessThanOrEqual(durable.get(path) ?? 0);
        acknowledged += 1;
      }
    }
    expect(acknowledged).toBeGreaterThan(ACKNOWLEDGEMENTS / 4);
    expect(durable.size).toBeGreaterThan(1);
  });
});

interface SyncBegins {
  readonly what: "sync begins";
  readonly path: string;
  /** Bytes of the file that were written when it began. */
  covers: number;
}

type TraceEvent =
  | { readonly what: "written"; readonly path: string; readonly end: number }
  | SyncBegins
  | { readonly what: "sync ends"; readonly began: SyncBegins }
  | { readonly what: "acknowledged"; readonly offset: number };

/** What a trace says, in order. A call that strace shows in two halves counts as done at its second. */
function* events(trace: string): Generator<TraceEvent> {
  const halves = new Map<string, string>();
  const syncs = new Map<string, SyncBegins>();
  for (const line of trace.split("\n")) {
    const [, thread = "", rest = ""] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const acknowledged = /^write\(1<[^>]*>, "(\d+) /.exec(rest);
    if (acknowledged) yield { what: "acknowledged", offset: Number(acknowledged[1]) };

    const sync = /^fdatasync\(\d+<([^>]*\.log)>/.exec(rest);
    if (sync) {
      const began: SyncBegins = { what: "sync begins", path: sync[1]!, covers: 0 };
      yield began;
      syncs.set(thread, began);
    }
    if (rest.endsWith("<unfinished ...>")) {
      halves.set(thread, rest.slice(0, -"<unfinished ...>".length));
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest);
    const call = resumed ? `${halves.get(thread) ?? ""}${resumed[1]}` : rest;
    const write = /^pwrite64\(\d+<([^>]*\.log)>, .*, (\d+)\) += (\d+)$/.exec(call);
    if (write) yield { what: "written", path: write[1]!, end: Number(write[2]) + Number(write[3]) };
    const began = syncs.get(thread);
    if (began && /^fdatasync\(.*\) += 0$/.test(call)) {
      syncs.delete(thread);
      yield { what: "sync ends", began };
    }
  }
}

/** Where each message ends in the files. */
async function framePositions(dir: string): Promise<Map<number, { path: string; end: number }>> {
  const ends = new Map<number, { path: string; end: number }>();
  for (const path of await segments(dir, "events-0")) {
    const bytes = await readFile(path);
    let offset = segmentBase(basename(path))!;
    for (let at = 0; at + FRAME_HEADER_BYTES <= bytes.length; offset += 1) {
      at += FRAME_HEADER_BYTES + lengthOf(bytes.readUInt32BE(at));
      ends.set(offset, { path, end: at });
    }
  }
  return ends;
}
