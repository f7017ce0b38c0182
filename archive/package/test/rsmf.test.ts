import type { Event } from "@daybook/contract";
import { writePackage } from "../src/index.ts";
import {
  checkRsmf,
  decodedWords,
  SampleArchive,
  sampleAttachment,
  sampleDepartment,
  sampleEvent,
} from "../testing/index.ts";
import { MemorySink } from "./scratch.ts";

/** The RSMF files of an archive, each valid. */
async function rsmfOf(archive: SampleArchive) {
  const sink = new MemorySink();
  await writePackage(archive.input("P", new Set(["rsmf"])), sink);
  const all = await Promise.all(
    sink.under("data/rsmf/").map(async (path) => ({ path, ...(await checkRsmf(sink.files.get(path)!)) })),
  );
  for (const { path, problems } of all) expect({ path, problems }).toEqual({ path, problems: [] });
  return all.map(({ manifest, ...file }) => ({ ...file, manifest: manifest! }));
}

/** The one RSMF file of an archive of one conversation and day. */
async function dayOf(...events: Partial<Event>[]) {
  const archive = new SampleArchive();
  const ids = events.map((event) => archive.add("0", sampleEvent(event)));
  const all = await rsmfOf(archive);
  return { ids, all, ...all[0]! };
}

const custom = (event: { custom?: readonly { name: string; value: string }[] } | undefined, name: string) =>
  event?.custom?.find((field) => field.name === name)?.value;

describe("RSMF", () => {
  it("is valid for every kind of record, one file a custodian, conversation and day", async () => {
    const all = await rsmfOf(sampleDepartment());

    expect(all.map(({ path }) => path.replace(/-[0-9a-f]{16}-/, "-#-"))).toEqual([
      "data/rsmf/signal-ada-byron-#-2026-03-04.rsmf",
      "data/rsmf/signal-ada-byron-press-office-#-2026-03-04.rsmf",
      "data/rsmf/whatsapp-ada-byron-ada-bob-family-#-2026-03-04.rsmf",
    ]);
  });

  it("names a message's event by its record id and cites digest and place in the log", async () => {
    const { ids, manifest } = await dayOf({ text: "hello", networkId: "n1", direction: "incoming" });

    expect(manifest.events).toHaveLength(1);
    expect(manifest.events[0]).toMatchObject({
      id: ids[0],
      type: "message",
      body: "hello",
      direction: "incoming",
      timestamp: "2026-03-04T15:04:05.000Z",
    });
    expect(custom(manifest.events[0], "Record SHA-256")).toMatch(/^[0-9a-f]{64}$/);
    expect(custom(manifest.events[0], "Log index")).toBe("0 0");
    expect(custom(manifest.events[0], "Time zone")).toBeUndefined();
  });

  it("shows edits with what stood there before, deletions, reactions and receipts, and cites their records", async () => {
    const later = (seconds: number) => ({ target: "n1", sentAt: `2026-03-04T15:05:0${seconds}.000Z` });
    const { ids, manifest, text } = await dayOf(
      { text: "first", networkId: "n1" },
      { kind: "edit", text: "second", ...later(1) },
      { kind: "edit", text: "third", ...later(2) },
      { kind: "reaction", text: "👍", sender: { id: "x", name: "" }, ...later(3) },
      { kind: "reaction", text: "", sender: { id: "x", name: "" }, ...later(4) },
      { kind: "receipt", text: "delivered", ...later(5) },
      { kind: "receipt", text: "read", ...later(6) },
      { kind: "delete", ...later(7) },
    );
    const [event] = manifest.events;

    expect(manifest.events).toHaveLength(1);
    expect(event).toMatchObject({
      id: ids[0],
      body: "third",
      deleted: true,
      edits: [
        { previous: "first", new: "second", timestamp: "2026-03-04T15:05:01.000Z" },
        { previous: "second", new: "third" },
      ],
      reactions: [{ value: "👍", count: 1 }],
      read_receipts: [{ action: "delivered" }, { action: "read" }],
    });
    expect(
      ["Edit 1", "Edit 2", "Reaction 1", "Reaction 2", "Receipt 1", "Receipt 2", "Deletion 1"].map((what) =>
        custom(event, `${what} record`),
      ),
    ).toEqual(ids.slice(1));
    expect(custom(event, "Reaction 2")).toBe("taken back");
    for (const version of ["first", "second", "third"]) expect(text).toContain(version);
  });

  it("puts what happens within three days to the message, and later things on their own day", async () => {
    const filler = { text: "filler", networkId: "f" };
    const { all, ids } = await dayOf(
      { text: "a", networkId: "n1" },
      { ...filler, sentAt: "2026-03-06T09:00:00.000Z" },
      { kind: "delete", target: "n1", sentAt: "2026-03-06T10:00:00.000Z" },
      { ...filler, sentAt: "2026-03-09T09:00:00.000Z" },
      { kind: "edit", text: "b", target: "n1", sentAt: "2026-03-09T10:00:00.000Z" },
    );

    expect(all.map(({ manifest }) => manifest.events.length)).toEqual([1, 1, 2]);
    expect(all[0]!.manifest.events[0]).toMatchObject({ deleted: true });
    expect(all[2]!.manifest.events[1]).toMatchObject({
      id: ids[4],
      type: "unknown",
      body: "[edit of an earlier message] b",
    });
    expect(custom(all[2]!.manifest.events[1], "Target (network id)")).toBe("n1");
    expect(new Set(all.map(({ manifest }) => manifest.eventcollectionid)).size).toBe(1);
  });

  it("keeps accounts and methods that saw the same message apart", async () => {
    const { manifest } = await dayOf(
      { text: "x", networkId: "n1", account: "a", method: "linked-device" },
      { text: "x", networkId: "n1", account: "b", method: "linked-device" },
      { text: "x", networkId: "n1", account: "b", method: "journal" },
      { kind: "delete", target: "n1", account: "a" },
      { kind: "delete", target: "n1", account: "b", method: "linked-device" },
    );

    expect(manifest.events.map(({ deleted }) => deleted ?? false)).toEqual([true, true, false]);
  });

  it("names a reply's message where it is in the same file", async () => {
    const { manifest, ids } = await dayOf(
      { networkId: "n1" },
      { networkId: "n2", replyTo: "n1" },
      { networkId: "n3", replyTo: "elsewhere" },
    );

    expect(manifest.events.map(({ parent }) => parent)).toEqual([undefined, ids[0], undefined]);
    expect(custom(manifest.events[2], "Reply to (network id)")).toBe("elsewhere");
  });

  it("gives a time without zone as it is, says that the zone is unknown, and that supplied text could be edited", async () => {
    const archive = new SampleArchive();
    const { sentAt: _, ...local } = sampleEvent({
      localTime: "2026-03-04T23:59:00",
      text: "hello",
      provenance: "supplied",
      method: "export",
    });
    archive.add("0", local);
    const [{ manifest, headers }] = (await rsmfOf(archive)) as [Awaited<ReturnType<typeof rsmfOf>>[number]];

    expect(manifest.events[0]).toMatchObject({ type: "disclaimer" });
    expect(manifest.events[1]).toMatchObject({ timestamp: "2026-03-04T23:59:00" });
    expect(custom(manifest.events[1], "Time zone")).toBe("unknown");
    expect(headers.get("date")).toBe("Wed, 04 Mar 2026 23:59:00 -0000");
    expect(headers.get("x-rsmf-eventcount")).toBe("2");
  });

  it("holds attachments under the names by which events cite them, each content once", async () => {
    const archive = new SampleArchive();
    const photo = sampleAttachment(Buffer.alloc(2_000_000, "photo"), "a.jpg", "image/jpeg");
    archive.add("0", sampleEvent({ attachments: [photo.ref] }), [photo.file]);
    archive.add("0", sampleEvent({ attachments: [photo.ref] }), [photo.file]);
    const [{ manifest, files }] = (await rsmfOf(archive)) as [Awaited<ReturnType<typeof rsmfOf>>[number]];

    expect([...files.keys()]).toEqual(["rsmf_manifest.json", `${photo.ref.sha256}.jpg`]);
    expect(manifest.events.map(({ attachments }) => attachments)).toEqual(
      Array(2).fill([{ id: `${photo.ref.sha256}.jpg`, display: "a.jpg", size: 2_000_000 }]),
    );
  });

  it("cuts a day after 10,000 events", async () => {
    const { all } = await dayOf(...Array.from({ length: 10_001 }, (_, i) => ({ text: `m${i}` })));

    expect(all.map(({ manifest }) => manifest.events.length)).toEqual([10_000, 1]);
    expect(all[1]!.path).toMatch(/2026-03-04-2\.rsmf$/);
  });

  it("keeps conversations of one id on two networks apart", async () => {
    const conversation = { id: "+447700900009", title: "", kind: "direct" } as const;
    const { all } = await dayOf(
      { network: "sms", conversation, sentAt: "2026-03-04T15:00:00.000Z" },
      { network: "signal", conversation, sentAt: "2026-03-04T15:01:00.000Z" },
      { network: "sms", conversation, sentAt: "2026-03-04T15:02:00.000Z" },
    );

    expect(all.map(({ manifest }) => manifest.events.length).sort()).toEqual([1, 2]);
  });

  it("writes names of any kind into its headers", async () => {
    const title = 'Ünï "q" \r\nBcc: x, 🎈';
    const { headers } = await dayOf({
      conversation: { id: "g", title, kind: "group" },
      sender: { id: "z", name: "Zoë, A" },
    });

    expect(decodedWords(headers.get("subject")!)).toBe(`signal: ${title}, 2026-03-04`);
    expect(decodedWords(headers.get("x-rsmf-participants")!)).toBe("Ada Byron, Zoë  A");
    expect(headers.has("bcc")).toBe(false);
  });
});

describe("checkRsmf", () => {
  const message = async () => {
    const sink = new MemorySink();
    await writePackage(sampleDepartment().input("P", new Set(["rsmf"])), sink);
    return sink.files.get(sink.under("data/rsmf/")[1]!)!.toString("latin1");
  };

  it.each([
    {
      name: "has another version",
      change: (text: string) => text.replace("X-RSMF-Version: 2.0.0", "X-RSMF-Version: 1.0.0"),
      problem: "not RSMF 2.0.0",
    },
    {
      name: "has no sender",
      change: (text: string) => text.replace(/^From:/m, "X-From:"),
      problem: "no header from",
    },
    {
      name: "counts wrong",
      change: (text: string) => text.replace(/EventCount: \d+/, "EventCount: 99"),
      problem: "X-RSMF-EventCount is wrong",
    },
    {
      name: "calls its ZIP otherwise",
      change: (text: string) => text.replace('"rsmf.zip"', '"x.zip"'),
      problem: "not exactly one attachment, rsmf.zip",
    },
  ])("finds out when a file $name", async ({ change, problem }) => {
    const text = await message();
    expect(change(text)).not.toBe(text);
    expect((await checkRsmf(Buffer.from(change(text), "latin1"))).problems).toContain(problem);
  });
});
