import { scopeHash } from "../src/scope.ts";
import type { ImportRequest } from "../src/record-chat.ts";
import { SCOPE_KEY } from "./support/capture.ts";
import { android, importing } from "./support/importing.ts";

const at = importing();
const imported = (content: string, more?: Partial<ImportRequest>) => at.imported(content, more);
const texts = (kind?: "notice") => at.texts(kind);
const conversations = () => at.conversations();
const CHAT = android(
  "13/05/2024, 10:01 - Ann: one",
  "13/05/2024, 10:02 - Bo: two",
  "13/05/2024, 10:03 - Ann: ok",
  "13/05/2024, 10:03 - Ann: ok",
);

describe("an import", () => {
  it("records each line once, and the file itself with who supplied it", async () => {
    const { files, records } = await imported(CHAT);

    expect(files).toMatchObject([{ messages: 4, system: 0, duplicates: 0, order: "dmy", ambiguous: false }]);
    expect(records).toBe(5);
    expect(texts()).toEqual(["one", "two", "ok", "ok"]);
    const notice = at.rig.publisher.records.find((r) => r.event.kind === "notice")!;
    expect(notice.event).toMatchObject({ provenance: "supplied", attachments: [{ sizeBytes: CHAT.length }] });
    expect((await at.opened(notice)).toString()).toBe(CHAT);
    expect(at.rig.reachedArchive).toEqual([[0, 5]]);
  });

  it("records nothing of a file that it has seen, whatever order is asked for now, and says so", async () => {
    const open = CHAT.replaceAll("13/05", "03/05");
    await imported(open, { dateOrder: "dmy" });
    const again = await imported(open, { dateOrder: "mdy" });

    expect(again.records).toBe(0);
    expect(again.files).toMatchObject([
      { order: "dmy", duplicates: 4, warnings: [{ code: "already-imported" }] },
    ]);
    expect(at.rig.publisher.records).toHaveLength(5);
  });

  it("shows the reading that stands also when most dates contradict the order asked for now", async () => {
    await imported(CHAT);
    const again = await imported(CHAT, { dateOrder: "mdy" });

    expect(again).toMatchObject({
      records: 0,
      files: [{ order: "dmy", messages: 4, duplicates: 4, warnings: [{ code: "already-imported" }] }],
    });
    expect(at.rig.publisher.records).toHaveLength(5);
  });

  it("refuses an order that contradicts most dates of a file that it does not know, and makes nobody", async () => {
    await imported(CHAT);
    await expect(imported(CHAT, { custodian: "Bo", dateOrder: "mdy" })).rejects.toMatchObject({
      code: "malformed",
    });
    expect([...at.rig.registry.people.keys()]).toEqual(["Ann"]);
  });

  it("records only what is new of an overlapping export, also from a phone in another locale", async () => {
    await imported(CHAT);
    const ios = android(
      "[13.05.24, 10:02:30] Bo: two",
      "[13.05.24, 10:03:01] Ann: ok",
      "[13.05.24, 10:03:09] Ann: ok",
      "[13.05.24, 10:03:40] Ann: ok",
      "[14.05.24, 08:00:00] Bo: three",
    );
    const { files, records } = await imported(ios, { name: "_chat.txt" });

    expect(files).toMatchObject([{ duplicates: 3 }]);
    expect(records).toBe(3);
    expect(texts()).toEqual(["one", "two", "ok", "ok", "ok", "three"]);
    expect(conversations().size).toBe(1);
  });

  it("keeps the same words in three chats three", async () => {
    for (const who of ["Bo", "Cy", "Di"]) {
      await imported(
        android(
          `13/05/2024, 10:01 - Ann: same`,
          `13/05/2024, 10:02 - Ann: words to ${who}`,
          "13/05/2024, 10:03 - Ann: bye",
        ),
        {
          name: `WhatsApp Chat with ${who}.txt`,
        },
      );
      await imported(android("14/05/2024, 09:00 - Ann: short and equal"), {
        name: `WhatsApp Chat with Short ${who}.txt`,
      });
    }

    expect(texts().filter((text) => text === "same")).toHaveLength(3);
    expect(texts().filter((text) => text === "short and equal")).toHaveLength(3);
    expect(conversations().size).toBe(6);
  });

  it("joins exports by the conversation that is named, and parts them by custodian", async () => {
    await imported(CHAT, { conversation: "Bo and Ann" });
    await imported(android("20/05/2024, 10:00 - Bo: later"), {
      conversation: "Bo and Ann",
      name: "other.txt",
    });
    await imported(CHAT, { custodian: "Bo" });

    expect(conversations().size).toBe(2);
    expect(at.rig.publisher.records.filter((r) => r.event.text === "two")).toHaveLength(2);
  });

  it("reads an ambiguous export by the order that its conversation was read by", async () => {
    await imported(
      android(
        "05/13/2024, 10:01 - Ann: one",
        "05/13/2024, 10:02 - Bo: two",
        "06/01/2024, 10:03 - Bo: three",
        "06/02/2024, 10:03 - Bo: four",
        "06/03/2024, 10:03 - Bo: five",
      ),
    );
    const { files } = await imported(
      android(
        "06/01/2024, 10:03 - Bo: three",
        "06/02/2024, 10:03 - Bo: four",
        "06/03/2024, 10:03 - Bo: five",
        "06/04/2024, 11:00 - Ann: six",
      ),
      { name: "later.txt" },
    );

    expect(files).toMatchObject([{ order: "mdy", duplicates: 3 }]);
    expect(conversations().size).toBe(1);
    expect(at.rig.publisher.records.find((r) => r.event.text === "six")!.event.localTime).toBe(
      "2024-06-04T11:00:00",
    );
  });

  const OPEN = android(
    "03/04/2024, 10:01 - Ann: one",
    "03/05/2024, 10:02 - Bo: two",
    "03/06/2024, 10:03 - Ann: three",
  );
  const times = () => at.records().map(({ event }) => event.localTime?.slice(0, 10));

  it("reads an export that tells no order as day first, and says that it is a guess", async () => {
    expect((await imported(OPEN)).files).toMatchObject([
      { order: "dmy", ambiguous: true, warnings: [{ code: "order-ambiguous" }] },
    ]);
    expect(times()).toEqual(["2024-04-03", "2024-05-03", "2024-06-03"]);
  });

  it.each([
    { dateOrder: "dmy" as const, dates: ["2024-04-03", "2024-05-03", "2024-06-03"], next: "2024-07-03" },
    { dateOrder: "mdy" as const, dates: ["2024-03-04", "2024-03-05", "2024-03-06"], next: "2024-03-07" },
  ])("reads it as $dateOrder if told so, and later ones of the conversation too", async (given) => {
    const { dateOrder, dates, next } = given;
    const { files } = await imported(OPEN, { dateOrder });

    expect(files).toMatchObject([{ order: dateOrder, ambiguous: false, warnings: [] }]);
    expect(times()).toEqual(dates);
    const longer = await imported(OPEN + "03/07/2024, 10:04 - Bo: four\n", { name: "longer.txt" });
    expect(longer.files).toMatchObject([{ order: dateOrder, ambiguous: false, duplicates: 3, warnings: [] }]);
    const named = { name: "later.txt", conversation: [...conversations()][0]! };
    const later = await imported("03/07/2024, 11:00 - Bo: five\n", named);
    expect(later.files).toMatchObject([{ order: dateOrder, ambiguous: false }]);
    expect(times()).toEqual([...dates, next, next]);
    expect(conversations().size).toBe(1);
  });

  it.each([{}, { conversation: "Bo" }])(
    "keeps to the order of the conversation's earlier files when another is asked for, and says so: %j",
    async (more) => {
      await imported(OPEN, { dateOrder: "mdy", ...more });
      const longer = OPEN + "03/07/2024, 10:04 - Bo: four\n";
      const { files } = await imported(longer, { name: "longer.txt", dateOrder: "dmy", ...more });

      expect(files).toMatchObject([
        { order: "mdy", ambiguous: false, duplicates: 3, warnings: [{ code: "order-established" }] },
      ]);
      expect(times()).toEqual(["2024-03-04", "2024-03-05", "2024-03-06", "2024-03-07"]);
      expect(conversations().size).toBe(1);
    },
  );

  it("lets what the operator says win over what was a mere guess", async () => {
    await imported(OPEN);
    const longer = OPEN + "03/07/2024, 10:04 - Bo: four\n";
    const { files } = await imported(longer, { name: "longer.txt", dateOrder: "mdy" });

    expect(files).toMatchObject([{ order: "mdy", ambiguous: false, duplicates: 0 }]);
    expect(times().slice(3)).toEqual(["2024-03-04", "2024-03-05", "2024-03-06", "2024-03-07"]);
  });

  it("does not say that an order is established where the file itself tells it", async () => {
    const { files } = await imported("2024-03-04, 10:01 - Ann: one\n", { dateOrder: "mdy" });
    expect(files).toMatchObject([{ order: "ymd", warnings: [{ code: "order-ignored" }] }]);
  });

  it("records nothing, and makes nobody, for a file that is no export", async () => {
    await expect(imported("just notes\n", { custodian: "Nobody" })).rejects.toMatchObject({
      code: "not-an-export",
      message: expect.stringMatching(
        /no WhatsApp chat export: .*SMS Backup & Restore, \.mbox, \.eml, and .*chat\.db/,
      ) as string,
    });
    expect(at.rig.publisher.published).toEqual([]);
    expect(at.rig.registry.people.size).toBe(0);
  });

  it("makes a gap of a file that is named and not there", async () => {
    await imported(
      android(
        "13/05/2024, 10:01 - Ann: IMG-20240513-WA0001.jpg (file attached)",
        "14/05/2024, 10:01 - Ann: bye",
      ),
    );

    const gap = at.rig.publisher.records.find((r) => r.event.kind === "gap")!;
    expect(gap.event.gap).toMatchObject({ about: "IMG-20240513-WA0001.jpg" });
  });

  it.each(["lost", "kept"] as const)(
    "gives the same events when it is repeated after a stream that was %s",
    async (fault) => {
      at.rig.publisher.faults.push(fault);
      await expect(imported(CHAT)).rejects.toMatchObject({ code: "unavailable", retryable: true });
      await imported(CHAT);

      expect(texts()).toEqual(["one", "two", "ok", "ok"]);
      expect(at.rig.publisher.records).toHaveLength(5);
    },
  );

  it("remembers no text", async () => {
    await imported(android("13/05/2024, 10:01 - Zebedee: xylophone", "13/05/2024, 10:02 - Ann: two"), {
      conversation: "Quagga talk",
    });
    for (const table of ["conversation", "line", "file"]) {
      const { rows } = await at.pool.query(`SELECT t::text AS row FROM capture.${table} t`);
      expect(rows.length).toBeGreaterThan(0);
      expect(JSON.stringify(rows)).not.toMatch(/xylophone|Zebedee|Quagga/);
    }
  });

  it("keeps three files of the same bytes three chats, and each of them once", async () => {
    const wish = android("01/13/2024, 10:01 - Ann: happy new year");
    for (const who of ["Bo", "Cy", "Di", "Bo"]) {
      await imported(wish, { name: `WhatsApp Chat with ${who}.txt` });
    }

    expect(texts()).toEqual(Array(3).fill("happy new year"));
    expect(conversations().size).toBe(3);
    expect(texts("notice")).toHaveLength(3);
  });

  it("gives the same events when it died between capturing lines and remembering them", async () => {
    const remember = at.lines.remember.bind(at.lines);
    at.lines.remember = () => Promise.reject(new Error("died"));
    await expect(imported(CHAT)).rejects.toThrow("died");
    at.lines.remember = remember;
    await imported(CHAT);

    expect(at.rig.publisher.published).toHaveLength(10);
    expect(texts()).toEqual(["one", "two", "ok", "ok"]);
    expect(conversations().size).toBe(1);
  });

  it("finds the conversation of an import that died so, from a longer export of the same chat", async () => {
    const remember = at.lines.remember.bind(at.lines);
    at.lines.remember = () => Promise.reject(new Error("died"));
    await expect(imported(CHAT)).rejects.toThrow("died");
    at.lines.remember = remember;
    await imported(CHAT + "14/05/2024, 09:00 - Bo: later\n");

    expect(texts()).toEqual(["one", "two", "ok", "ok", "later"]);
    expect(conversations().size).toBe(1);
  });

  it("keeps neither lines, file nor media of a chat that scope leaves out, but takes it once that ends", async () => {
    const conversation = scopeHash(SCOPE_KEY, "whatsapp", "Bo");
    at.rig.registry.rules = { version: 1, rules: [{ id: "r1", effect: "exclude", conversation }] };
    expect((await imported(CHAT)).records).toBe(0);

    expect(at.rig.records.objects.size).toBe(0);
    expect(at.rig.publisher.records.map(({ event }) => event)).toMatchObject([
      { kind: "coverage", coverage: { excluded: 4 } },
    ]);
    expect(JSON.stringify(at.rig.publisher.records)).not.toMatch(/\bBo\b|\btwo\b/);

    at.rig.registry.rules = { version: 2, rules: [] };
    expect((await imported(CHAT)).records).toBe(5);
    expect(texts()).toEqual(["one", "two", "ok", "ok"]);
  });

  it("still takes the notice of a file, and counts what it left, where a rule lists conversations", async () => {
    const conversation = scopeHash(SCOPE_KEY, "whatsapp", "Bo");
    at.rig.registry.rules = { version: 1, rules: [{ id: "r1", effect: "include", conversation }] };
    await imported(CHAT);
    await imported(android("14/05/2024, 10:01 - Ann: private"), { name: "WhatsApp Chat with Cy.txt" });

    expect(texts()).toEqual(["one", "two", "ok", "ok"]);
    expect(texts("notice")).toHaveLength(1);
    expect(
      at.rig.publisher.records.find(({ event }) => event.kind === "coverage")!.event.coverage,
    ).toMatchObject({
      excluded: 1,
    });
    expect(at.rig.records.objects.size).toBe(1);
  });
});
