import type { Entry } from "../src/index.ts";
import { codes, read } from "./reading.ts";

const LRM = "\u200e";

async function android(body: string): Promise<Entry> {
  const { entries } = await read(`25/03/2024, 15:04 - Ann: ${body}\n25/03/2024, 15:05 - Bob: end\n`);
  return entries[0]!;
}

async function ios(body: string): Promise<Entry> {
  const marked = `[25/03/2024, 15:03:00] Ann: ${LRM}Messages and calls are end-to-end encrypted.\n`;
  const { entries } = await read(
    `${marked}[25/03/2024, 15:04:00] Ann: ${body}\n[25/03/2024, 15:05:00] Bob: end\n`,
  );
  return entries[1]!;
}

async function notice(line: string): Promise<Entry> {
  const { entries } = await read(`25/03/2024, 15:04 - ${line}\n25/03/2024, 15:05 - Bob: end\n`);
  return entries[0]!;
}

describe("Deleted messages", () => {
  it.each([
    "This message was deleted",
    "You deleted this message.",
    "This message was deleted by admin Carol",
    "Diese Nachricht wurde gelöscht.",
    "Du hast diese Nachricht gelöscht.",
    "Se eliminó este mensaje.",
    "Eliminaste este mensaje.",
    "Mensagem apagada",
    "تم حذف هذه الرسالة",
    "Ce message a été supprimé",
    "Questo messaggio è stato eliminato",
    "Dit bericht is verwijderd",
    "Tämä viesti poistettiin",
    "此消息已删除",
    "您已刪除此訊息",
    "이 메시지는 삭제되었습니다",
    "このメッセージは削除されました",
    "Tin nhắn này đã bị xóa",
    "Pesan ini telah dihapus",
    "Данное сообщение удалено",
    "Bu mesaj silindi",
  ])("are messages with one meaning: %s", async (body) => {
    for (const entry of [await android(body), await ios(LRM + body)]) {
      expect(entry).toMatchObject({
        kind: "message",
        author: "Ann",
        body,
        meaning: { type: "deleted" },
        canonicalBody: "\u0000deleted",
      });
    }
  });

  it("are not every message that speaks of deleting", async () => {
    expect((await android("This message was deleted, she said")).meaning.type).toBe("text");
  });
});

describe("Media left out", () => {
  it.each([
    "Media omitted",
    "Medien ausgeschlossen",
    "Multimedia omitido",
    "Mídia oculta",
    "Médias omis",
    "Media omessi",
    "Media weggelaten",
    "تم استبعاد الوسائط",
    "Без медиафайлов",
    "省略多媒体文件",
    "미디어 파일을 제외한 대화내용",
    "Media tidak disertakan",
    "मीडिया के बिना",
    "Video message omitted",
  ])("are messages without words: <%s>", async (words) => {
    expect(await android(`<${words}>`)).toMatchObject({
      kind: "message",
      body: `<${words}>`,
      meaning: { type: "omitted" },
    });
  });

  it.each([
    ["image omitted", "image"],
    ["Bild weggelassen", "image"],
    ["video omitido", "video"],
    ["audio omis", "audio"],
    ["GIF omitted", "gif"],
    ["sticker non incluso", "sticker"],
    ["document omitted", "document"],
    ["Contact card omitted", "contact"],
    ["afbeelding weggelaten", "image"],
    ["Kontaktkarte ausgelassen", "contact"],
    ["изображение отсутствует", "image"],
  ])("are named by kind on iOS: %s", async (words, mediaKind) => {
    const entry = await ios(LRM + words);
    expect(entry).toMatchObject({
      kind: "message",
      body: words,
      meaning: { type: "omitted", mediaKind },
      canonicalBody: `\u0000omitted:${mediaKind}`,
    });
  });
});

describe("Media left out, with a caption,", () => {
  it("are placeholders on Android and on iOS, and the caption tells them apart", async () => {
    const [one, other] = [
      await android("<Media omitted>\nat the lake"),
      await ios(`${LRM}image omitted\nat the lake`),
    ];
    expect(one).toMatchObject({
      meaning: { type: "omitted" },
      canonicalBody: "\u0000omitted:unknown\u0000\nat the lake",
    });
    expect(other).toMatchObject({ meaning: { type: "omitted", mediaKind: "image" } });
    expect((await android("image omitted\nfrom the report")).meaning.type).toBe("text");
  });
});

describe("Attachments", () => {
  it.each([
    "file attached",
    "Datei angehängt",
    "archivo adjunto",
    "arquivo anexado",
    "fichier joint",
    "file allegato",
    "bestand bijgevoegd",
    "الملف مرفق",
    "файл добавлен",
    "文件附件",
    "添付ファイル",
    "words of a language that no list knows",
  ])("on Android are named before brackets: (%s)", async (phrase) => {
    expect(await android(`${LRM}IMG-20240325-WA0001.jpg (${phrase})\nlook at this`)).toMatchObject({
      kind: "message",
      meaning: { type: "attachment", attachmentName: "IMG-20240325-WA0001.jpg", mediaKind: "image" },
      canonicalBody: "\u0000attachment:IMG-20240325-WA0001.jpg\u0000\nlook at this",
    });
  });

  it("on Android may have any name where the phrase is known", async () => {
    expect((await android("Čestné prohlášení (v2).pdf (file attached)")).meaning).toMatchObject({
      attachmentName: "Čestné prohlášení (v2).pdf",
      mediaKind: "document",
    });
    expect((await android("Ann Smith.vcf (file attached)")).meaning).toMatchObject({
      attachmentName: "Ann Smith.vcf",
      mediaKind: "contact",
    });
  });

  it("are not every line that ends in brackets", async () => {
    expect((await android("see the report (second page)")).meaning.type).toBe("text");
  });

  it.each([
    "attached",
    "Anhang",
    "adjunto",
    "pièce jointe ",
    "allegato",
    "bijgevoegd",
    "مرفق",
    "附件",
    "vedhæftet",
  ])("on iOS are named in angle brackets: <%s: …>", async (word) => {
    expect(await ios(`${LRM}<${word}: 00000012-PHOTO-2024-03-25-15-04-00.jpg>`)).toMatchObject({
      kind: "message",
      meaning: { type: "attachment", attachmentName: "00000012-PHOTO-2024-03-25-15-04-00.jpg" },
    });
  });

  it("on iOS may be documents with a title and pages before them", async () => {
    const entry = await ios(`Budget 2024.pdf • ${LRM}2 pages ${LRM}<attached: 00000003-Budget 2024.pdf>`);
    expect(entry).toMatchObject({
      kind: "message",
      meaning: { attachmentName: "00000003-Budget 2024.pdf", mediaKind: "document" },
    });
  });
});

describe("Edited messages", () => {
  it.each([
    "This message was edited",
    "Diese Nachricht wurde bearbeitet",
    "Se editó este mensaje.",
    "Mensagem editada",
    "Dit bericht is bewerkt",
    "Ce message a été modifié",
    "Questo messaggio è stato modificato",
  ])("end in <%s>", async (words) => {
    for (const entry of [await android(`ok then <${words}>`), await ios(`ok then ${LRM}<${words}>`)]) {
      expect(entry).toMatchObject({
        kind: "message",
        meaning: { type: "text", edited: true },
        canonicalBody: "ok then",
      });
      expect(entry.body).toContain(words);
    }
  });

  it("are known on iOS by the mark, whatever the language", async () => {
    expect((await ios(`ok then ${LRM}<nogen skrev om>`)).meaning.edited).toBe(true);
    expect((await ios("ok then <nogen skrev om>")).meaning.edited).toBe(false);
  });

  it("may be captions", async () => {
    const entry = await android(
      "IMG-20240325-WA0001.jpg (file attached)\nnew words <This message was edited>",
    );
    expect(entry.meaning).toMatchObject({ type: "attachment", edited: true });
    expect(entry.canonicalBody).toMatch(/\nnew words$/);
  });
});

describe("Polls, places and what has not arrived", () => {
  it("reads polls of both platforms to one meaning, whatever the votes", async () => {
    const one = await android("POLL:\nLunch?\nOPTION: Yes (2 votes)\nOPTION: No (0 votes)");
    const other = await ios(
      `${LRM}POLL:\nLunch?\n${LRM}OPTION: Yes (${LRM}5 votes)\n${LRM}OPTION: No (${LRM}1 vote)`,
    );
    const unknown = await android("BLORP:\nLunch?\nFNORD: Yes (2 x)\nFNORD: No (0 x)");
    for (const entry of [one, other, unknown]) {
      expect(entry).toMatchObject({
        kind: "message",
        meaning: { type: "poll" },
        canonicalBody: "\u0000poll\u0000Lunch?\u0000Yes\u0000No",
      });
    }
  });

  it("reads places", async () => {
    const place = "https://maps.google.com/?q=52.52,13.405";
    const meanings = [
      await android(`location: ${place}`),
      await android(`Standort: ${place}`),
      await ios(`${LRM}Location: ${place}`),
      await ios(`${LRM}umjesto: ${place}`),
    ];
    for (const entry of meanings)
      expect(entry).toMatchObject({
        kind: "message",
        meaning: { type: "location" },
        canonicalBody: `\u0000location:${place}`,
      });
    expect((await android("live location shared")).meaning.type).toBe("live-location");
    expect((await android(`meet me here: ${place}`)).meaning.type).toBe("text");
  });

  it("reads what was still to arrive, and what can be seen once", async () => {
    expect((await android("Waiting for this message. This may take a while.")).meaning.type).toBe("waiting");
    expect((await android("null")).meaning.type).toBe("view-once");
  });
});

describe("App-written lines", () => {
  it.each([
    ["Messages and calls are end-to-end encrypted. Tap to learn more.", "encryption"],
    ["Nachrichten und Anrufe sind Ende-zu-Ende-verschlüsselt. Tippe, um mehr zu erfahren.", "encryption"],
    ['You created group "Plan: B"', "group-created"],
    ["Ann added Bob", "added"],
    ["Ann hat Bob hinzugefügt.", "added"],
    ["+44 7700 900123 left", "left"],
    ["Ann removed Bob", "removed"],
    ["Ann changed the subject from “A” to “B: C”", "renamed"],
    ["You're now an admin", "admin"],
    [
      "Ann turned on disappearing messages. New messages will disappear 24 hours after they're sent.",
      "timer",
    ],
    ["Your security code with Ann changed. Tap to learn more.", "security-code"],
    ["Missed voice call", "call"],
    ["Llamada de voz perdida a las 15:04", "call"],
  ])("are known by their wording: %s", async (line, type) => {
    expect(await notice(line)).toMatchObject({
      kind: "system",
      author: undefined,
      body: line,
      meaning: { type: "system", notice: { type } },
    });
  });

  it("compare by meaning across languages and platforms", async () => {
    const lines = [
      await notice("Ann added Bob"),
      await notice("Ann hat Bob hinzugefügt"),
      await notice("Ann a ajouté Bob"),
      await ios(`${LRM}Ann added Bob`),
    ];
    expect(new Set(lines.map(({ canonicalBody }) => canonicalBody)).size).toBe(1);
    expect((await notice("Ann added Carol")).canonicalBody).not.toBe(lines[0]?.canonicalBody);
  });

  it("are kept though no list knows them, with a warning", async () => {
    const { entries, summary } = await read("25/03/2024, 15:04 - Something new happened in the app\n");
    expect(entries).toMatchObject([{ kind: "system", canonicalBody: "Something new happened in the app" }]);
    expect(codes(summary)).toEqual(["app-text-unknown"]);
  });

  it("are known on iOS by the mark alone", async () => {
    expect(await ios(`${LRM}Words of a language that no list knows`)).toMatchObject({
      kind: "system",
      author: "Ann",
    });
  });

  it("are known on iOS without marks where the wording is beyond doubt", async () => {
    const { summary } = await read(
      "[25/03/2024, 15:03:00] Budget: Messages and calls are end-to-end encrypted.\n[25/03/2024, 15:04:00] Ann: I left\n",
    );
    expect(summary).toMatchObject({ messages: 1, system: 1, authors: ["Ann"] });
  });
});

describe("The conversation", () => {
  it.each([
    ["WhatsApp Chat with Ann Smith.txt", "Ann Smith"],
    ["some/folder/WhatsApp Chat - Budget: 2024.zip", "Budget: 2024"],
    ["WhatsApp-Chat mit Ann (2).txt", "Ann"],
    ["Chat de WhatsApp con Ann.txt", "Ann"],
    ["Conversa do WhatsApp com Ann.txt", "Ann"],
    ["Discussion WhatsApp avec Ann.txt", "Ann"],
    ["Chat WhatsApp con Ann.txt", "Ann"],
    ["WhatsApp-chat met Ann.txt", "Ann"],
    ["Чат WhatsApp с Ann.txt", "Ann"],
    ["与Ann的WhatsApp对话.txt", "Ann"],
    ["_chat.txt", undefined],
    ["notes.txt", undefined],
  ])("is named by its file: %s", async (name, title) => {
    expect((await read("25/03/2024, 15:04 - Bob: hi\n", { name })).survey.title).toBe(title);
  });

  it("is named by its own lines otherwise", async () => {
    expect(
      (await read('25/03/2024, 15:04 - Ann created group "Budget"\n25/03/2024, 15:05 - Ann: hi\n')).survey,
    ).toMatchObject({ title: "Budget", kind: "group" });
    expect(
      (
        await read(
          `[25/03/2024, 15:03:00] Ann: ${LRM}Messages and calls are end-to-end encrypted.\n[25/03/2024, 15:04:00] Bob: hi\n`,
        )
      ).survey,
    ).toMatchObject({ title: "Ann", kind: "direct" });
  });

  it("is direct between two, a group between many, and unknown where nothing tells", async () => {
    const by = (...authors: string[]) =>
      authors.map((author) => `25/03/2024, 15:04 - ${author}: hi\n`).join("");
    const name = "WhatsApp Chat with Ann.txt";
    expect((await read(by("Ann", "Bob"), { name })).survey.kind).toBe("direct");
    expect((await read(by("Bob", "Carol"), { name })).survey.kind).toBe("unknown");
    expect((await read(by("Ann", "Bob", "Carol", "Dan"))).survey.kind).toBe("group");
  });
});
