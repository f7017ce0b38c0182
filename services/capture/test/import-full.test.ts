import { readdirSync } from "node:fs";
import { ArchiveError } from "@daybook/archive-core";
import fc from "fast-check";
import { zip } from "../../../connectors/exports/test/zip-bytes.ts";
import type { PublisherFault } from "./support/capture.ts";
import { android, importing } from "./support/importing.ts";

const at = importing();

const LINES = 2_500;
const texts = Array.from({ length: LINES }, (_, i) => `line ${i}`);
const CHAT = android(...texts.map((text) => `13/05/2024, 10:01 - Ann: ${text}`));
const REFUSED = { name: "CaptureError", code: "spool-full", retryable: true };

async function remembered(): Promise<{ lines: number; files: number }> {
  const { rows } = await at.pool.query<{ lines: string; files: string }>(
    "SELECT (SELECT count(*) FROM capture.line WHERE count > 0) AS lines, (SELECT count(*) FROM capture.file) AS files",
  );
  return { lines: Number(rows[0]!.lines), files: Number(rows[0]!.files) };
}

/** Messages as they were published, repetitions included. */
const published = () =>
  at.rig.publisher.published.flatMap(({ envelope: { event } }) =>
    event.kind === "message" ? [event.text] : [],
  );

describe("an import onto a full disk", () => {
  it.each([
    { call: 1, of: "the file's notice", lines: 0 },
    { call: 2, of: "the first lines", lines: 0 },
    { call: 3, of: "more lines", lines: 1_000 },
    { call: 4, of: "the last lines", lines: 2_000 },
  ])("is refused when the stream has no room for $of, and goes on from there", async ({ call, lines }) => {
    at.rig.publisher.faults.push(...Array<undefined>(call - 1).fill(undefined), "full");
    await expect(at.imported(CHAT)).rejects.toMatchObject(REFUSED);

    expect(await remembered()).toEqual({ lines, files: 0 });
    expect(published()).toEqual(texts.slice(0, lines));
    expect(at.rig.reachedArchive).toEqual([]);
    expect(readdirSync(at.rig.dir)).toEqual([]);

    const { files } = await at.imported(CHAT);
    expect(files).toMatchObject([{ messages: LINES, duplicates: lines }]);
    expect(published()).toEqual(texts);
    expect(at.records("notice")).toHaveLength(1);
    expect(await at.imported(CHAT)).toMatchObject({ records: 0, files: [{ duplicates: LINES }] });
  });

  const rows = [1, 2, 3].map((n) => `13/05/2024, 10:0${n} - Ann: IMG-20240513-WA000${n}.jpg (file attached)`);
  const MEDIA = zip([
    { name: "_chat.txt", data: android(...rows) },
    ...[1, 2, 3].map((n) => ({ name: `IMG-20240513-WA000${n}.jpg`, data: `image ${n}` })),
  ]);

  it.each([
    { put: 1, of: "the file itself", error: () => new ArchiveError("store-full", "injected: full") },
    { put: 3, of: "an attachment", error: () => new ArchiveError("store-full", "injected: full") },
    { put: 4, of: "an attachment", error: () => Object.assign(new Error("write"), { code: "ENOSPC" }) },
  ])(
    "is refused when the store has no room for $of, and records none of its lines",
    async ({ put, error }) => {
      let puts = 0;
      at.rig.records.hook = ({ operation }, when) => {
        if (operation !== "put" || when !== "before") return;
        puts += 1;
        if (puts === put) throw error();
      };
      await expect(at.imported(MEDIA)).rejects.toMatchObject(REFUSED);

      expect(await remembered()).toEqual({ lines: 0, files: 0 });
      expect(published()).toEqual([]);
      expect(readdirSync(at.rig.dir)).toEqual([]);

      expect(await at.imported(MEDIA)).toMatchObject({ files: [{ messages: 3, duplicates: 0 }] });
      expect(at.records()).toHaveLength(3);
      for (const [i, record] of at.records().entries()) {
        expect((await at.opened(record)).toString()).toBe(`image ${i + 1}`);
      }
    },
  );

  it("is refused when the database has no room to remember, and the same lines are no others again", async () => {
    const remember = at.lines.remember.bind(at.lines);
    at.lines.remember = () => Promise.reject(Object.assign(new Error("disk full"), { code: "53100" }));
    await expect(at.imported(CHAT)).rejects.toMatchObject(REFUSED);
    expect(await remembered()).toEqual({ lines: 0, files: 0 });
    at.lines.remember = remember;
    await at.imported(CHAT);

    expect(at.texts()).toEqual(texts);
  });

  it("makes each line one record, in order, whatever fails on the way", async () => {
    const fault = fc.option(fc.constantFrom<PublisherFault>("lost", "kept", "full"), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(fault, { maxLength: 5 }), { maxLength: 4 }), async (attempts) => {
        await at.renew();
        for (const faults of attempts) {
          at.rig.publisher.faults.splice(0, Infinity, ...faults);
          await at.imported(CHAT).catch(() => undefined);
        }
        at.rig.publisher.faults.length = 0;
        await at.imported(CHAT);
        expect(at.texts()).toEqual(texts);
        expect(at.records("notice")).toHaveLength(1);
        expect(at.conversations().size).toBe(1);
      }),
      { numRuns: 12 },
    );
  });
});

describe("an import whose database goes away", () => {
  it("is told to come again, and then records what is left, once", async () => {
    const remember = at.lines.remember.bind(at.lines);
    let batches = 0;
    at.lines.remember = async (...of) => {
      batches += 1;
      if (batches === 2) await at.stopDatabase();
      return remember(...of);
    };
    await expect(at.imported(CHAT)).rejects.toMatchObject({
      ...{ name: "CaptureError", code: "unavailable", retryable: true },
      message: "the database does not answer: import the file again, it is harmless",
    });
    await expect(at.lines.migrate()).rejects.toMatchObject({ code: "unavailable" });
    expect(readdirSync(at.rig.dir)).toEqual([]);
    await at.startDatabase();
    expect(await at.imported(CHAT)).toMatchObject({ files: [{ messages: LINES, duplicates: 1_000 }] });
    expect(at.texts()).toEqual(texts);
  });
});
