import type { ArchiveRecord } from "@daybook/archive-core";
import fc from "fast-check";
import { INDEX_HEADER, indexRow } from "../src/index-csv.ts";
import { writePackage } from "../src/index.ts";
import { Spool } from "../src/spool.ts";
import { SampleArchive, sampleDepartment, sampleEvent } from "../testing/index.ts";
import { bytesOf, MemorySink } from "./scratch.ts";

/** RFC 4180, with `|`: what a reader that knows nothing of us makes of a row. */
function cells(row: string): string[] {
  const out: string[] = [];
  const rest = /(?:^|\|)(?:"((?:[^"]|"")*)"|([^"|]*))/gy;
  for (let match; rest.lastIndex < row.length && (match = rest.exec(row));)
    out.push(match[1]?.replaceAll('""', '"') ?? match[2]!);
  return out;
}

const row = (record: Partial<ArchiveRecord>) =>
  indexRow({ ...sampleEvent(), id: "0".repeat(32), salt: "", ...record }, "0", 7);

describe("index.csv", () => {
  it("has a cell for each column", () => {
    const other = { name: "", mediaType: "", sizeBytes: 0, sealed: "" };
    const attachments = [
      { ...other, sha256: "aa" },
      { ...other, sha256: "bb" },
    ];
    const recipients = [
      { id: "r1", name: "R" },
      { id: "r2", name: "" },
    ];
    expect(cells(INDEX_HEADER.trimEnd())).toHaveLength(15);
    expect(cells(row({ attachments, recipients, localTime: "2026-03-04T15:04:05" }).trimEnd())).toEqual([
      ...[
        "0".repeat(32),
        "message",
        "signal",
        "linked-device",
        "captured",
        "Ada Byron <c1>",
        "Press office <g1>",
      ],
      ...["Charles Babbage <+447700900002>", "R <r1>; r2", "2026-03-04T15:04:05.000Z", "2026-03-04T15:04:05"],
      ...["2026-03-04T15:04:06.000Z", "aa; bb", "0", "7"],
    ]);
  });

  it("keeps any name whole, whatever separators, quotes and line ends are in it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1 }), (name) => {
        const text = row({ sender: { id: "s", name } });
        expect(text.endsWith("\n")).toBe(true);
        const all = cells(text.slice(0, -1));
        expect(all).toHaveLength(15);
        expect(all[7]!.replace(/^'(?=[=+\-@\t\r])/, "")).toBe(name === "s" ? "s" : `${name} <s>`);
      }),
    );
  });

  it.each(["=cmd()", "@x", "-1+1", "+1*2", "\tx", "\rx"])(
    "gives a spreadsheet no formula to run for %j",
    (name) => {
      expect(cells(row({ sender: { id: name, name: "" } }).trimEnd())[7]).toBe(`'${name}`);
    },
  );

  it("leaves a telephone number as it is", () => {
    expect(row({ sender: { id: "+44 7700 (900) 001", name: "" } })).toContain("|+44 7700 (900) 001|");
  });
});

describe("the views of gaps, coverage and audit", () => {
  it("hold a line for each such record and no other, with what the catalogue knows a gap is about", async () => {
    const archive = sampleDepartment();
    const input = archive.input("P");
    async function* records() {
      for await (const record of input.records()) yield { ...record, about: "f".repeat(32) };
    }
    const sink = new MemorySink();
    await writePackage({ ...input, records }, sink);
    const lines = (name: string) =>
      sink
        .text(`data/${name}.jsonl`)
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as object);

    expect(lines("gaps")).toEqual([
      expect.objectContaining({
        why: "media expired",
        about: "f".repeat(32),
        target: "n3",
        conversation: "g1",
      }),
    ]);
    expect(lines("coverage")).toEqual([
      expect.objectContaining({
        state: "live",
        from: "2026-03-04T00:00:00.000Z",
        to: "2026-03-05T00:00:00.000Z",
      }),
    ]);
    expect(lines("audit").map((line) => (line as { action: string }).action)).toEqual([
      "matter-open",
      "dispose",
    ]);
  });

  it("are there and empty when there is nothing to say", async () => {
    const archive = new SampleArchive();
    archive.add("0", sampleEvent());
    const sink = new MemorySink();
    await writePackage(archive.input("P"), sink);

    for (const name of ["gaps", "coverage", "audit"]) expect(sink.text(`data/${name}.jsonl`)).toBe("");
  });
});

describe("Spool", () => {
  it("gives back what was appended, as often as asked, whatever the pieces", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            fc.string(),
            fc.uint8Array(),
            fc.nat(400_000).map((n) => "x".repeat(n)),
          ),
        ),
        async (pieces) => {
          const spool = new Spool();
          for (const piece of pieces) spool.append(piece);
          const whole = Buffer.concat(pieces.map((piece) => Buffer.from(piece as string)));
          for (let i = 0; i < 2; i += 1) {
            const read = await bytesOf(spool.bytes());
            expect(Buffer.compare(read, whole)).toBe(0);
          }
          expect(spool.sizeBytes).toBe(whole.length);
        },
      ),
      { numRuns: 50 },
    );
  });
});
