import { zip } from "../../../connectors/exports/test/zip-bytes.ts";
import type { ImportedFiles } from "../src/index.ts";
import { relearn } from "../src/relearn.ts";
import { scopeHash } from "../src/scope.ts";
import { once, SCOPE_KEY } from "./support/capture.ts";
import { android, importing } from "./support/importing.ts";

const at = importing();

const BO = android(
  "13/05/2024, 10:01 - Ann: one",
  "13/05/2024, 10:02 - Bo: two",
  "in two lines",
  "13/05/2024, 10:03 - Ann: ok",
  "13/05/2024, 10:03 - Ann: ok",
);
const CY = android("13/05/2024, 10:01 - Ann: private", "13/05/2024, 10:02 - Cy: words");
const TWO_CHATS = zip([
  { name: "WhatsApp Chat with Bo.txt", data: BO },
  { name: "WhatsApp Chat with Cy.txt", data: CY },
]);

/** What the archive has: its records, and the files that were kept and not `disposed` of. */
function archived(disposed: ReadonlySet<string> = new Set()): ImportedFiles {
  const all = at.rig.publisher.records;
  return {
    async *notices() {
      for (const { eventId, event } of all) {
        if (event.kind !== "notice" || event.conversation) continue;
        const raw = Buffer.from(event.raw, "base64").toString();
        yield await Promise.resolve({
          id: eventId,
          custodian: event.custodian!.id,
          file: event.source!.sha256,
          raw,
        });
      }
    },
    async content(id) {
      const notice = all.find(({ eventId }) => eventId === id)!;
      if (!notice.event.attachments || disposed.has(id)) return undefined;
      return once(await at.opened(notice));
    },
    async *lines() {
      for (const { event } of all) {
        if (!event.conversation || event.raw === "") continue;
        yield await Promise.resolve({
          custodian: event.custodian!.id,
          conversation: event.conversation.id,
          file: event.source!.sha256,
          raw: Buffer.from(event.raw, "base64"),
        });
      }
    },
  };
}

async function loseAndLearn(disposed?: ReadonlySet<string>): Promise<void> {
  await at.loseSchema();
  const limits = { spoolDir: at.rig.dir, maxBytes: 1e8 };
  await relearn(at.lines, archived(disposed), limits);
  await relearn(at.lines, archived(disposed), limits);
}

const excludeCy = () => {
  const conversation = scopeHash(SCOPE_KEY, "whatsapp", "Cy");
  at.rig.registry.rules = { version: 1, rules: [{ id: "r", effect: "exclude", conversation }] };
};
const more = (text: string) => `${text}15/05/2024, 10:00 - Bo: new\n`;

describe("capture, when its schema is lost", () => {
  it("learns what it knew from the files that are kept", async () => {
    await at.imported(BO);
    await loseAndLearn();

    expect((await at.imported(BO)).records).toBe(0);
    expect((await at.imported(more(BO), { name: "longer.txt" })).files).toMatchObject([{ duplicates: 4 }]);
    expect(at.conversations().size).toBe(1);
  });

  it("learns from their records the lines of a file that scope did not let it keep", async () => {
    excludeCy();
    await at.imported(TWO_CHATS, { name: "chats.zip" });
    await loseAndLearn();

    const longer = await at.imported(more(BO), { name: "longer.txt" });
    expect(longer.files).toMatchObject([{ duplicates: 4 }]);
    expect(at.texts()).toEqual(["one", "two\nin two lines", "ok", "ok", "new"]);
    expect(at.conversations().size).toBe(1);
  });

  it("learns of such a file the conversation and date order by which later ones are read", async () => {
    excludeCy();
    const open = BO.replaceAll("13/05", "03/05");
    const chats = zip([
      { name: "WhatsApp Chat with Bo.txt", data: open },
      { name: "WhatsApp Chat with Cy.txt", data: CY.replaceAll("13/05", "03/05") },
    ]);
    await at.imported(chats, { name: "chats.zip", dateOrder: "mdy" });
    await loseAndLearn();

    const named = { name: "later.txt", conversation: "Bo" };
    const { files } = await at.imported("03/06/2024, 10:00 - Bo: later\n", named);
    expect(files).toMatchObject([{ order: "mdy", ambiguous: false }]);
    expect(at.records().at(-1)!.event.localTime).toBe("2024-03-06T10:00:00");
    expect(at.conversations().size).toBe(1);
  });

  it("takes what scope left out when the rule has ended, and the rest not again", async () => {
    excludeCy();
    await at.imported(TWO_CHATS, { name: "chats.zip" });
    await loseAndLearn();
    at.rig.registry.rules = { version: 2, rules: [] };
    const { files } = await at.imported(TWO_CHATS, { name: "chats.zip" });

    expect(files).toMatchObject([{ duplicates: 4 }, { duplicates: 0 }]);
    expect(at.texts()).toHaveLength(6);
  });

  it("learns from their records the lines of a file that was disposed of, of several files apart", async () => {
    await at.imported(BO);
    const later = more(BO) + android("16/05/2024, 10:00 - Ann: ok");
    await at.imported(later, { name: "longer.txt" });
    await at.imported(BO, { custodian: "Bo" });
    const notices = at.records("notice").map(({ eventId }) => eventId);
    await loseAndLearn(new Set(notices));

    const longest = await at.imported(later + android("17/05/2024, 10:00 - Ann: end"), { name: "end.txt" });
    expect(longest.files).toMatchObject([{ messages: 7, duplicates: 6 }]);
    expect(at.conversations().size).toBe(2);
    expect((await at.imported(BO, { custodian: "Bo", name: "again.txt" })).files).toMatchObject([
      { duplicates: 4 },
    ]);
  });

  it("is not taken to have learned when what was imported breaks off", async () => {
    excludeCy();
    await at.imported(TWO_CHATS, { name: "chats.zip" });
    await at.loseSchema();
    const limits = { spoolDir: at.rig.dir, maxBytes: 1e8 };
    const broken: ImportedFiles = {
      ...archived(),
      async *lines() {
        for await (const line of archived().lines()) {
          yield line;
          throw new Error("broken off");
        }
      },
    };
    await expect(relearn(at.lines, broken, limits)).rejects.toThrow("broken off");
    expect(await at.lines.isLearned()).toBe(false);
    await relearn(at.lines, archived(), limits);

    expect((await at.imported(more(BO), { name: "longer.txt" })).files).toMatchObject([{ duplicates: 4 }]);
  });
});
