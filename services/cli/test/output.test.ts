import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { createOutput, printable } from "../src/output.ts";

function written(json: boolean, write: (output: ReturnType<typeof createOutput>) => void): string {
  const stdout = new PassThrough();
  write(createOutput(json, stdout));
  return ((stdout.read() as Buffer | null) ?? "").toString();
}

describe("a command's output", () => {
  it("is one JSON document with --json, and nothing said", () => {
    const text = written(true, (output) => {
      output.say("on the way");
      output.result({ found: 2 }, () => "two found");
      output.say("done");
    });
    expect(text).toBe('{"found":2}\n');
  });

  it("may have no reader any more: the command does what it does", () => {
    const main = join(import.meta.dirname, "../src/main.ts");
    const script = '{ (sleep 0.2; "$0" "$1" --version; echo "ended $?" >&2) | true; } 2>&1';
    expect(execFileSync("sh", ["-c", script, process.execPath, main]).toString()).toBe("ended 0\n");
  });

  it("is words for people, each ended by one newline", () => {
    const text = written(false, (output) => {
      output.say("on the way");
      output.result({ found: 2 }, () => "two found\n");
    });
    expect(text).toBe("on the way\ntwo found\n");
  });
});

describe("printable text", () => {
  it("shows control characters and marks that reorder a line as U+FFFD", () => {
    const hostile = [
      0x00, 0x07, 0x08, 0x09, 0x0b, 0x0d, 0x1b, 0x7f, 0x80, 0x9b, 0x9f, 0x202a, 0x202e, 0x2066, 0x2069,
    ];
    for (const code of hostile) expect(printable(`a${String.fromCodePoint(code)}b`)).toBe("a\ufffdb");
  });

  it("keeps newlines, emoji and letters of any script", () => {
    const text = "one\ntwo 👩‍👩‍👧 🇨🇭 é שלום 日本";
    expect(printable(text)).toBe(text);
  });
});
