import { basename } from "node:path";
import { identityOf, lineIdentity, openExport, type Survey } from "@daybook/exports";
import { fileIdentity, surveyAs } from "./conversation.ts";
import { importedFile } from "./import-notice.ts";
import { type ImportedLines, toKey } from "./lines.ts";
import { Occurrences } from "./occurrences.ts";
import type { ImportedFiles } from "./ports.ts";
import { receiveUpload } from "./upload.ts";

/**
 * Learns what was imported before, from the imported files themselves, each read as it was read then. Does
 * nothing when that is known. May be repeated after a failure. A file that was disposed of is not learned: what
 * only it held would be recorded again.
 */
export async function relearn(
  lines: ImportedLines,
  files: ImportedFiles,
  limits: { spoolDir: string; maxBytes: number },
): Promise<void> {
  if (await lines.isLearned()) return;
  for await (const { id, custodian, raw } of files.notices()) {
    const content = await files.content(id);
    if (!content) continue;
    const { name, chats: readings } = importedFile.parse(JSON.parse(raw));
    const upload = await receiveUpload(content, limits);
    try {
      const surveys: Survey[] = [];
      for (const [i, chat] of (await openExport(upload, basename(name))).entries()) {
        const reading = readings[i];
        if (!reading) continue;
        const conversation = await lines.addConversation(custodian, reading.conversation, reading.title);
        const survey = await surveyAs(chat, await chat.survey(), reading);
        surveys.push(survey);
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
      }
      await lines.rememberFile(custodian, fileIdentity(upload.sha256, surveys), readings);
    } finally {
      await upload.remove();
    }
  }
  await lines.setLearned();
}
