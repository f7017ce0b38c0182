import {
  bytesSource,
  type Entry,
  openExport,
  type Summary,
  type Survey,
  type SurveyOptions,
} from "../src/index.ts";

export interface ReadResult {
  survey: Survey;
  entries: Entry[];
  summary: Summary;
}

/** Reads one chat whole, in chunks of an awkward size unless told otherwise. */
export async function read(
  text: string | Uint8Array,
  options: SurveyOptions & { name?: string; chunkBytes?: number } = {},
): Promise<ReadResult> {
  const bytes = typeof text === "string" ? Buffer.from(text) : text;
  const [chat] = await openExport(bytesSource(bytes, options.chunkBytes ?? 7), options.name ?? "chat.txt");
  const survey = await chat!.survey(options);
  const reading = chat!.entries({ survey, batchRecords: 3 });
  const entries = (await gathered(reading)).flat();
  return { survey, entries, summary: reading.summary() };
}

/** All that an iteration yields. */
export async function gathered<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** `localTime author: body` of each record, authors of system lines left out. */
export function shown(entries: readonly Entry[]): string[] {
  return entries.map(
    ({ localTime, author, body, kind }) =>
      `${localTime} ${kind === "system" ? "" : (author ?? "?")}: ${body}`,
  );
}

/** The codes of a summary's warnings. */
export function codes({ warnings }: { warnings: readonly { code: string }[] }): string[] {
  return warnings.map(({ code }) => code);
}
