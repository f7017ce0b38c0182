import { basename } from "node:path";
import { ConnectorError } from "@daybook/contract";
import { type ChatFile, identityOf, lineIdentity, openExport, type Survey } from "@daybook/exports";
import { fileIdentity, surveyAs } from "./conversation.ts";
import { type ChatReading, importedFile } from "./import-notice.ts";
import { type ImportedLines, toKey } from "./lines.ts";
import { Occurrences } from "./occurrences.ts";
import type { ImportedFiles, RecordedLine } from "./ports.ts";
import { receiveUpload } from "./upload.ts";

interface Limits {
  readonly spoolDir: string;
  readonly maxBytes: number;
}

/**
 * Learns what was imported before, from the imported files themselves, each read as it was read then; and from
 * the records made of them where a file was disposed of, or never kept because scope left out a part of it. Does
 * nothing when that is known. May be repeated after a failure.
 */
export async function relearn(lines: ImportedLines, files: ImportedFiles, limits: Limits): Promise<void> {
  if (await lines.isLearned()) return;
  const gone = new Map<string, ChatReading[]>();
  for await (const { id, custodian, file, raw } of files.notices()) {
    const { name, chats: readings } = importedFile.parse(JSON.parse(raw));
    const content = await files.content(id);
    if (content) {
      await learnFile(lines, content, limits, { name, custodian, readings });
    } else {
      const key = keyOf({ custodian, file });
      gone.set(key, [...(gone.get(key) ?? []), ...readings]);
    }
  }
  if (gone.size > 0) await learnRecords(lines, files.lines(), limits, gone);
  await lines.setLearned();
}

async function learnFile(
  lines: ImportedLines,
  content: AsyncIterable<Uint8Array>,
  limits: Limits,
  of: { name: string; custodian: string; readings: readonly ChatReading[] },
): Promise<void> {
  const { name, custodian, readings } = of;
  const upload = await receiveUpload(content, limits);
  try {
    const surveys: Survey[] = [];
    for (const [i, chat] of (await openExport(upload, basename(name))).entries()) {
      const reading = readings[i];
      if (reading) surveys.push(await learnChat(lines, chat, custodian, reading));
    }
    await lines.rememberFile(custodian, fileIdentity(upload.sha256, surveys), readings);
  } finally {
    await upload.remove();
  }
}

/**
 * The bytes of one import's records, one after the other, are that part of the chat which it recorded. Such a
 * file itself is not remembered: it may be imported again.
 */
async function learnRecords(
  lines: ImportedLines,
  recorded: AsyncIterable<RecordedLine>,
  limits: Limits,
  gone: ReadonlyMap<string, readonly ChatReading[]>,
): Promise<void> {
  const all = recorded[Symbol.asyncIterator]();
  let next = await all.next();
  async function* textOf(head: RecordedLine): AsyncGenerator<Uint8Array> {
    while (!next.done && keyOf(next.value) === keyOf(head) && next.value.conversation === head.conversation) {
      const { raw } = next.value;
      yield raw;
      if (raw.at(-1) !== 0x0a) yield Buffer.from("\n");
      next = await all.next();
    }
  }
  while (!next.done) {
    const head = next.value;
    const reading = gone.get(keyOf(head))?.find((each) => each.conversation === head.conversation);
    if (reading) await learnText(lines, textOf(head), limits, { custodian: head.custodian, reading });
    else for await (const _ of textOf(head));
  }
}

async function learnText(
  lines: ImportedLines,
  text: AsyncIterable<Uint8Array>,
  limits: Limits,
  { custodian, reading }: { custodian: string; reading: ChatReading },
): Promise<void> {
  const upload = await receiveUpload(text, limits);
  try {
    // So named that it tells the title, by which authors are known.
    for (const chat of await openExport(upload, `WhatsApp Chat with ${reading.title}.txt`)) {
      await learnChat(lines, chat, custodian, reading);
    }
  } catch (error) {
    // A few lines out of their file may not be enough to read them by.
    const unreadable = error instanceof ConnectorError && ["not-an-export", "malformed"].includes(error.code);
    if (!unreadable) throw error;
  } finally {
    await upload.remove();
  }
}

async function learnChat(
  lines: ImportedLines,
  chat: ChatFile,
  custodian: string,
  reading: ChatReading,
): Promise<Survey> {
  const conversation = await lines.addConversation(custodian, reading.conversation, reading.title);
  const survey = await surveyAs(chat, await chat.survey(), reading);
  const seen = new Occurrences();
  for await (const batch of chat.entries({ survey })) {
    const counts = new Map<string, number>();
    for (const entry of batch) {
      const digest = lines.digest(lineIdentity(identityOf(entry)));
      counts.set(toKey(digest), seen.next(digest));
    }
    await lines.remember(conversation, counts);
  }
  if (!reading.ambiguous) await lines.establishOrder(conversation, reading.order);
  return survey;
}

function keyOf({ custodian, file }: { custodian: string; file: string }): string {
  return `${custodian}\n${file}`;
}
