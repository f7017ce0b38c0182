import { buffer } from "node:stream/consumers";
import { bytesSource, type ChatFile, DEFAULT_ZIP_LIMITS, openExport } from "../src/index.ts";
import { codes, gathered } from "./reading.ts";
import { zip, type ZipFile } from "./zip-bytes.ts";

const android = (body: string) => `25/03/2024, 15:04 - Ann: ${body}\n`;
const CHAT = { name: "WhatsApp Chat with Ann.txt", data: android("hello") };
const PHOTO = { name: "IMG-20240325-WA0001.jpg", data: "jpeg bytes" };
const withPhoto = { ...CHAT, data: android(`${PHOTO.name} (file attached)`) };

const open = (bytes: Uint8Array, name = "export.zip", limits = DEFAULT_ZIP_LIMITS) =>
  openExport(bytesSource(bytes, 4_096), name, limits);

async function readAll(chat: ChatFile) {
  const reading = chat.entries({ survey: await chat.survey() });
  return { entries: (await gathered(reading)).flat(), summary: reading.summary() };
}

describe("openExport on a ZIP", () => {
  it.each([false, true])("reads the chat and what lies beside it (stored: %s)", async (stored) => {
    const [chat, ...more] = await open(
      zip([withPhoto, PHOTO, { name: "IMG-20240325-WA0002.jpg" }].map((file) => ({ ...file, stored }))),
    );
    expect(more).toEqual([]);
    expect(chat?.name).toBe(CHAT.name);
    const { entries, summary } = await readAll(chat!);
    const attachment = chat!.attachment(entries[0]!.meaning.attachmentName!);
    expect(attachment).toMatchObject({ sizeBytes: 10, mediaType: "image/jpeg", memberName: PHOTO.name });
    expect((await buffer(attachment!.open())).toString()).toBe("jpeg bytes");
    expect((await buffer(attachment!.open())).toString()).toBe("jpeg bytes");
    expect(summary).toMatchObject({ messages: 1, attachments: 1, warnings: [] });
    expect(chat!.orphans()).toEqual(["IMG-20240325-WA0002.jpg"]);
  });

  it("is told by its bytes, not by its name", async () => {
    expect(await open(zip([CHAT]), "chat.txt")).toHaveLength(1);
    expect(await open(Buffer.from(CHAT.data), "chat.zip")).toHaveLength(1);
  });

  it("gives the iOS chat the title of the ZIP", async () => {
    const [chat] = await open(zip([{ ...CHAT, name: "_chat.txt" }]), "WhatsApp Chat - Budget.zip");
    expect((await chat!.survey()).title).toBe("Budget");
  });

  it("reads two chats as two", async () => {
    const chats = await open(zip([CHAT, { ...CHAT, name: "WhatsApp Chat with Bob.txt" }]));
    expect(chats.map(({ name }) => name)).toEqual([CHAT.name, "WhatsApp Chat with Bob.txt"]);
  });

  it("takes neither a text document nor a chat that someone sent for a chat of its own", async () => {
    const sent = { name: "00000002-_chat.txt", data: "[3/25/24, 3:04:05 PM] Mallory: forged\n" };
    const chats = await open(
      zip([
        sent,
        { name: "notes.txt", data: "notes" },
        { name: "_chat.txt", data: `[25/03/2024, 15:04:08] Ann: \u200e<attached: ${sent.name}>\n` },
      ]),
    );
    expect(chats.map(({ name }) => name)).toEqual(["_chat.txt"]);
    expect(chats[0]!.attachment(sent.name)).toBeDefined();
  });

  it("warns of media that a line names and the ZIP lacks", async () => {
    const [chat] = await open(zip([withPhoto]));
    expect(codes((await readAll(chat!)).summary)).toEqual(["attachment-missing"]);
    expect(chat!.attachment(PHOTO.name)).toBeUndefined();
  });

  it("knows an attachment by the file in the ZIP, whatever words stand round it", async () => {
    const name = "Plan (v1).docx";
    const [chat] = await open(
      zip([
        { ...CHAT, data: android(`${name} (zzz yyy)`) },
        { name, data: "x" },
      ]),
    );
    expect((await readAll(chat!)).entries[0]?.meaning).toMatchObject({
      type: "attachment",
      attachmentName: name,
    });
  });

  it("finds a file whose name is spelt composed in one place and decomposed in the other", async () => {
    const [chat] = await open(
      zip([
        { ...CHAT, data: android("Zoë.pdf (file attached)".normalize("NFC")) },
        { name: "Zoë.pdf".normalize("NFD"), data: "x" },
      ]),
    );
    const { entries } = await readAll(chat!);
    expect(chat!.attachment(entries[0]!.meaning.attachmentName!)).toBeDefined();
  });

  it("takes paths, up and absolute ones too, for labels", async () => {
    const names = ["../../etc/passwd", "/abs/olute.jpg", "C:\\windows\\x.jpg", "..\\..\\y.jpg", "folder/"];
    const [chat] = await open(zip([CHAT, ...names.map((name) => ({ name }))]));
    await readAll(chat!);
    expect(chat!.orphans()).toEqual(names.slice(0, 4));
    expect(chat!.attachment("passwd")?.memberName).toBe("../../etc/passwd");
  });

  it("gives neither of two files of one name in two folders", async () => {
    const [chat] = await open(
      zip([withPhoto, { ...PHOTO, name: `a/${PHOTO.name}` }, { ...PHOTO, name: `b/${PHOTO.name}` }]),
    );
    expect(chat!.attachment(PHOTO.name)).toBeUndefined();
  });

  it("takes a ZIP in the ZIP for an attachment and does not open it", async () => {
    const [chat] = await open(
      zip([
        { ...CHAT, data: android("old.zip (file attached)") },
        { name: "old.zip", data: zip([CHAT]) },
      ]),
    );
    expect((await readAll(chat!)).summary).toMatchObject({ messages: 1, attachments: 1 });
    expect(chat!.attachment("old.zip")?.mediaType).toBe("application/zip");
  });

  it("never follows a symbolic link", async () => {
    const link = { ...PHOTO, data: "/etc/passwd", central: { externalAttributes: 0xa1ff0000 } };
    const [chat] = await open(zip([withPhoto, link]));
    expect(chat!.attachment(PHOTO.name)).toBeUndefined();
    expect(codes((await readAll(chat!)).summary)).toEqual(["link-refused", "attachment-missing"]);
    await expect(open(zip([{ ...CHAT, central: { externalAttributes: 0xa1ff0000 } }]))).rejects.toMatchObject(
      { code: "not-an-export" },
    );
  });

  it("reads 60,000 files", async () => {
    const files: ZipFile[] = Array.from({ length: 60_000 }, (_, i) => ({
      name: `IMG-20240325-WA${String(i).padStart(5, "0")}.jpg`,
      stored: true,
    }));
    const [chat] = await open(zip([withPhoto, ...files]));
    await readAll(chat!);
    expect(chat!.orphans()).toHaveLength(60_000);
  });

  it("refuses more files than the limit", async () => {
    await expect(
      open(zip([CHAT, PHOTO]), "x.zip", { ...DEFAULT_ZIP_LIMITS, entries: 1 }),
    ).rejects.toMatchObject({ code: "malformed" });
  });

  it.each<{ name: string; bytes: () => Buffer }>([
    { name: "two files of one name", bytes: () => zip([CHAT, PHOTO, PHOTO]) },
    { name: "a NUL in a name", bytes: () => zip([CHAT, { ...PHOTO, name: "a\u0000.jpg" }]) },
    {
      name: "another name in the file's own header",
      bytes: () => zip([CHAT, { ...PHOTO, local: { name: "IMG-20240325-WA0009.jpg" } }]),
    },
    {
      name: "another size in the file's own header",
      bytes: () => zip([CHAT, { ...PHOTO, local: { size: 9 } }]),
    },
    {
      name: "another packed size in the file's own header",
      bytes: () => zip([CHAT, { ...PHOTO, local: { packedSize: 9 } }]),
    },
    {
      name: "another checksum in the file's own header",
      bytes: () => zip([CHAT, { ...PHOTO, local: { crc: 9 } }]),
    },
    {
      name: "another method in the file's own header",
      bytes: () => zip([CHAT, { ...PHOTO, local: { method: 0 } }]),
    },
    {
      name: "encryption",
      bytes: () => zip([CHAT, { ...PHOTO, central: { flags: 1 }, local: { flags: 1 } }]),
    },
    {
      name: "encryption that only one header tells",
      bytes: () => zip([CHAT, { ...PHOTO, local: { flags: 0x801 } }]),
    },
    {
      name: "strong encryption",
      bytes: () => zip([CHAT, { ...PHOTO, central: { flags: 0x41 }, local: { flags: 0x41 } }]),
    },
    {
      name: "another way of packing",
      bytes: () => zip([CHAT, { ...PHOTO, central: { method: 12 }, local: { method: 12 } }]),
    },
    { name: "two files over one another", bytes: () => zip([CHAT, { ...CHAT, central: { offset: 0 } }]) },
    {
      name: "a file within another",
      bytes: () =>
        zip([
          { name: "a.bin", stored: true, data: zip([CHAT]) },
          { ...CHAT, central: { offset: 35 } },
        ]),
    },
    {
      name: "an offset beyond the end",
      bytes: () => zip([CHAT, { ...PHOTO, central: { offset: 1_000_000 } }]),
    },
    { name: "an offset where no file is", bytes: () => zip([CHAT, { ...PHOTO, central: { offset: 3 } }]) },
    {
      name: "a packed size beyond the end",
      bytes: () =>
        zip([CHAT, { ...PHOTO, central: { packedSize: 1_000_000 }, local: { packedSize: 1_000_000 } }]),
    },
    {
      name: "stored data of another size",
      bytes: () => zip([CHAT, { ...PHOTO, stored: true, central: { size: 9 }, local: { size: 9 } }]),
    },
    { name: "more files announced than listed", bytes: () => zip([CHAT], { entryCount: 2 }) },
    { name: "a bomb", bytes: () => zip([CHAT, { name: "bomb.bin", data: Buffer.alloc(32 * 2 ** 20) }]) },
    {
      name: "more bytes than the limit",
      bytes: () =>
        zip([
          CHAT,
          ...["a", "b", "c"].map((name) => ({
            name,
            central: { size: 0xfffffff0 - 1, packedSize: 0xfffffff0 },
          })),
        ]),
    },
    { name: "a cut end", bytes: () => zip([CHAT, PHOTO]).subarray(0, -10) },
    { name: "a cut directory", bytes: () => zip([CHAT, PHOTO]).subarray(0, -60) },
    { name: "nothing but a beginning", bytes: () => zip([CHAT]).subarray(0, 40) },
    { name: "bytes behind its end", bytes: () => Buffer.concat([zip([CHAT]), Buffer.from("more")]) },
  ])("refuses $name", async ({ bytes }) => {
    await expect(open(bytes())).rejects.toMatchObject({ name: "ConnectorError", code: "malformed" });
  });

  it("quotes no name from the file when it refuses", async () => {
    const refused = open(zip([CHAT, { ...PHOTO, local: { name: "secret" } }])).then(() => "", String);
    expect(await refused).not.toContain("IMG-");
  });

  describe.each<{ name: string; lie: Partial<ZipFile> }>([
    { name: "a wrong checksum", lie: { central: { crc: 1 }, local: { crc: 1 } } },
    { name: "a size too small", lie: { central: { size: 3 }, local: { size: 3 } } },
    { name: "a size too large", lie: { central: { size: 300 }, local: { size: 300 } } },
    { name: "data that is not deflate", lie: { packed: Buffer.from("\u00ff\u00ff\u00ff\u00ff", "latin1") } },
    { name: "data that breaks off", lie: { packed: Buffer.from([0x4b]) } },
  ])("with $name", ({ lie }) => {
    it("refuses the chat before any of it is a record", async () => {
      const reading = open(zip([{ ...CHAT, ...lie }])).then(async ([chat]) => chat!.survey());
      await expect(reading).rejects.toMatchObject({ name: "ConnectorError", code: "malformed" });
    });

    it("refuses the attachment as it is read", async () => {
      const [chat] = await open(zip([withPhoto, { ...PHOTO, ...lie }]));
      await expect(buffer(chat!.attachment(PHOTO.name)!.open())).rejects.toMatchObject({
        name: "ConnectorError",
        code: "malformed",
      });
    });
  });

  it("passes on what its source throws, in the directory and in a file", async () => {
    const bytes = zip([CHAT]);
    const failure = new Error("disk");
    const broken = (after: number) => {
      let reads = 0;
      return {
        sizeBytes: bytes.length,
        async *read(start: number, end: number) {
          if (reads++ >= after) throw failure;
          yield bytes.subarray(start, end);
        },
      };
    };
    const outcomes = await Promise.all(
      [0, 1, 2, 3, 4].map((after) =>
        openExport(broken(after), "x.zip")
          .then(([chat]) => chat!.survey())
          .catch((error: unknown) => error),
      ),
    );
    expect(outcomes.slice(0, 4)).toEqual([failure, failure, failure, failure]);
    expect(outcomes[4]).toMatchObject({ records: 1 });
  });

  it("lets go of the source when the reader stops early", async () => {
    const bytes = zip([{ ...CHAT, data: android("hello").repeat(200_000), stored: true }]);
    let open = 0;
    const source = {
      sizeBytes: bytes.length,
      async *read(start: number, end: number) {
        open += 1;
        try {
          for (let at = start; at < end; at += 1_000) yield bytes.subarray(at, Math.min(at + 1_000, end));
        } finally {
          open -= 1;
        }
      },
    };
    const [chat] = await openExport(source, "x.zip");
    for await (const batch of chat!.entries({ survey: await chat!.survey() })) {
      expect(batch).toHaveLength(1_000);
      break;
    }
    expect(open).toBe(0);
  });
});
