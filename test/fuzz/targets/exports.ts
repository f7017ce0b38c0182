import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ConnectorError } from "@daybook/contract";
import { bytesSource, openExport } from "@daybook/exports";
import { holds, only, type Target } from "../target.ts";

const FIXTURES = join(import.meta.dirname, "../../fixtures/exports");
const MAX_SAMPLE_BYTES = 256 * 1024;
/** Far below what an operator gets: a bomb has to be refused, not unpacked, within a case. */
const LIMITS = { entries: 1_000, totalBytes: 32 * 2 ** 20, ratio: 200 };

async function samples(ending: string): Promise<Buffer[]> {
  const names = (await readdir(FIXTURES)).filter((name) => name.endsWith(ending));
  const all = await Promise.all(names.map((name) => readFile(join(FIXTURES, name))));
  return all.filter((bytes) => bytes.length > 0 && bytes.length <= MAX_SAMPLE_BYTES);
}

/** Reads everything that an import reads. */
async function readAll(bytes: Buffer): Promise<void> {
  for (const chat of await openExport(bytesSource(bytes, 1_021), "WhatsApp Chat with Ann.txt", LIMITS)) {
    const survey = await chat.survey();
    let last = 0;
    for await (const batch of chat.entries({ survey })) {
      for (const { line, meaning } of batch) {
        holds(line > last, "records come in the order of the file");
        last = line;
        const attachment =
          meaning.attachmentName === undefined ? undefined : chat.attachment(meaning.attachmentName);
        if (attachment === undefined) continue;
        for await (const _ of attachment.open());
      }
    }
  }
}

const target = (name: string, ending: string): Target => ({
  name,
  prepare: async () => ({
    samples: await samples(ending),
    read: readAll,
    declared: only(ConnectorError),
  }),
});

export const exportTargets: readonly Target[] = [
  target("whatsapp-text", ".txt"),
  target("whatsapp-zip", ".zip"),
];
