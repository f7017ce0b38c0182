import type { SuppliedFile } from "@daybook/contract";
import { RecordingSink } from "@daybook/contract/testing";
import { backup, mms, sms } from "../../../../test/fakes/sms-backup.ts";
import { importBackup } from "../../src/index.ts";
import { captured, supplied } from "./reading.ts";

const MIB = 1024 * 1024;
const FIRST = sms({ body: "First" });
const LAST = sms({ body: "Last", date: 1_715_600_000_000 });

/** A file that is made as it is read: pieces, or how many mebibytes of what. */
function made(...pieces: readonly (string | { readonly mib: number; readonly of: string })[]): SuppliedFile {
  const chunks = pieces.map((piece) =>
    typeof piece === "string"
      ? { bytes: Buffer.from(piece), times: 1 }
      : { bytes: Buffer.alloc(MIB, piece.of), times: piece.mib },
  );
  return {
    sizeBytes: chunks.reduce((sum, { bytes, times }) => sum + bytes.length * times, 0),
    sha256: "0".repeat(64),
    async *read(start, end) {
      let offset = 0;
      for (const { bytes, times } of chunks)
        for (let n = 0; n < times; n += 1) {
          const [from, to] = [Math.max(0, start - offset), Math.min(bytes.length, end - offset)];
          offset += bytes.length;
          if (from < to) yield await Promise.resolve(bytes.subarray(from, to));
        }
    },
  };
}

const halves = (around: string, mark: string) => around.split(mark) as [string, string];

describe("a file that means ill", () => {
  it.each([
    ["entities in entities", `<!DOCTYPE smses [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>\n<smses count="1">`],
    ["a DOCTYPE from elsewhere", `<!DOCTYPE smses SYSTEM "file:///etc/passwd">\n<smses count="1">`],
    ["another encoding", `<?xml version="1.0" encoding="UTF-16"?><smses count="1">`],
    ["a root that is not well-formed", `<smses count="1" count="2">`],
  ])("is refused with %s", async (_, head) => {
    const file = supplied(`${head}\n${FIRST}\n</smses>`);
    await expect(async () => captured(file)).rejects.toThrow(/malformed|no backup/);
  });

  it.each([
    ["a call log", `<?xml version="1.0"?><calls count="1"><call number="1" /></calls>`],
    ["words", "smses"],
    ["JSON", `{"smses":1}`],
    ["many comments", `${"<!--".repeat(10_000)}<smses>`],
    ["much space", `${" ".repeat(60_000)}!`],
  ])("is no backup: %s", async (_, content) => {
    expect(await importBackup(supplied(content))).toBeUndefined();
  });

  it.each([
    ["breaks off in a message", `${FIRST}\n  <sms protocol="0" body="Can th`, /ends in the middle/],
    ["breaks off in an MMS", `${FIRST}\n  <mms date="1">\n<parts>`, /ends in the middle/],
    ["breaks off between two", `${FIRST}\n`, /ends in the middle/],
    ["has words between", `${FIRST}\nwords\n${LAST}\n</smses>`, /words stand between/],
    ["has a DOCTYPE within", `${FIRST}<!DOCTYPE a>${LAST}</smses>`, /DOCTYPE/],
    ["goes deep", `${FIRST}${"<a>".repeat(100_000)}`, /too deep/],
    ["goes on after its end", `${FIRST}</smses>${LAST}`, /follows its end/],
  ])("gives what was whole, and says from where on it could not be read: it %s", async (_, body, why) => {
    const content = `<smses count="2">\n${body}`;
    const events = (await captured(supplied(content, 100))).map(({ event }) => event);
    expect(events).toHaveLength(2);
    expect(events[0]?.text).toBe("First");
    expect(events[1]?.gap?.why).toMatch(why);
    const bytes = Number(/^\d+/.exec(events[1]!.gap!.why)?.[0]);
    expect(bytes).toBe(Buffer.byteLength(content) - events[1]!.source!.offsetBytes);
  });

  it.each([
    ["an entity that nobody declared", sms({ body: "@" }).replace("@", "&nbsp;")],
    ["an attribute twice", sms({ body: "@" }).replace("/>", 'body="again" />')],
    ["a bare ampersand", sms({ body: "@" }).replace("@", "fish & chips")],
    ["a part that ends as another", `<mms date="1"><parts></addrs></mms>`],
    ["another element", `<rcs body="words" />`],
  ])("keeps the bytes of an element with %s, and goes on", async (_, element) => {
    const events = (await captured(supplied(backup(FIRST, element, LAST)))).map(({ event }) => event);
    expect(events.map(({ text }) => text)).toEqual(["First", undefined, "Last"]);
    expect(events[1]?.kind).toBe("gap");
    expect(Buffer.from(events[1]!.raw, "base64").toString()).toBe(element.trim());
  });

  it("reads an attachment of 100 MiB in pieces, and holds none of it beside its message", async () => {
    const element = mms({}, [{ ct: "video/mp4", name: "tide.mp4", data: Buffer.from("@") }], []);
    const [before, after] = halves(backup(FIRST, element, LAST), "QA==");
    const file = made(before, { mib: 100, of: "QUJD" }, after);
    const sink = new RecordingSink();
    let attached = 0;
    let longest = 0;
    sink.attach = async (body, about) => {
      for await (const chunk of body) {
        attached += chunk.length;
        longest = Math.max(longest, chunk.length);
      }
      return { ...about, sizeBytes: attached, sha256: "", sealed: "", sessionKey: "" };
    };
    const events = await captured(file, { sink });

    expect(events.map(({ event }) => event.kind)).toEqual(["message", "message", "message"]);
    expect(attached).toBe(75 * MIB);
    expect(longest).toBeLessThanOrEqual(MIB);
    expect(Math.max(...events.map(({ event }) => event.raw.length))).toBeLessThan(4_000);
  });

  it("leaves text of 100 MiB in the file, and says so", async () => {
    const [before, after] = halves(backup(FIRST, sms({ body: "@@" }), LAST), "@@");
    const events = (await captured(made(before, { mib: 100, of: "tide" }, after))).map(({ event }) => event);
    expect(events.map(({ kind, text }) => [kind, text])).toEqual([
      ["message", "First"],
      ["message", undefined],
      ["gap", undefined],
      ["message", "Last"],
    ]);
    expect(events[2]?.gap?.why).toContain("the imported file has it");
  });

  it("bounds the parts, the addresses and the bytes of one message", async () => {
    const parts = Array.from({ length: 3_000 }, () => ({
      ct: "text/plain",
      name: "t",
      text: "words ".repeat(50),
    }));
    const addresses = Array.from({ length: 3_000 }, (_, n) => [`+4477009${n}`, 151] as const);
    const events = await captured(supplied(backup(mms({}, parts, addresses), LAST)));
    expect(events.map(({ event }) => event.kind)).toEqual(["message", "gap", "message"]);
    const json = JSON.stringify(events[0]!.event);
    expect(json.length).toBeLessThan(2 * MIB);
  });

  it("reads quickly what a tag of many attributes and quotes is", async () => {
    const many = Array.from({ length: 30_000 }, (_, n) => `a${n}="'"`).join(" ");
    const events = await captured(supplied(backup(`<sms ${many} />`, LAST), 1_000));
    expect(events.map(({ event }) => event.kind)).toEqual(["message", "message"]);
  });
});
