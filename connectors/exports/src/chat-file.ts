import { type Entry, readEntries } from "./entries.ts";
import type { Attachment, ExportFolder } from "./export-folder.ts";
import type { Shape } from "./shape.ts";
import { type Summary, tally } from "./summary.ts";
import { type Survey, survey, type SurveyOptions } from "./survey.ts";
import { warningLog } from "./warnings.ts";

/** A text, wherever it lies; `open` may be called again. */
export interface ChatText {
  readonly name: string;
  readonly sizeBytes: number;
  open(): AsyncIterable<Uint8Array>;
}

export interface EntriesOptions {
  /** What `survey` gave: all of the file is read as it says. */
  readonly survey: Survey;
  /** Records in a batch, 1,000 unless told; a batch also ends at 4 MiB. */
  readonly batchRecords?: number;
}

/** The records of a chat, to be read once. */
export interface Entries extends AsyncIterable<Entry[]> {
  /** What has been read so far: of the whole chat once the iteration has ended. */
  summary(): Summary;
}

/** One chat of an export. */
export interface ChatFile {
  /** Name of the text, in the ZIP if it lies in one: a label, never a path. */
  readonly name: string;
  readonly sizeBytes: number;
  /**
   * Reads all of it once and decides how it is to be read.
   *
   * @throws {ConnectorError} `malformed`: damaged in its ZIP, or most dates cannot be read in the stated order
   */
  survey(options?: SurveyOptions): Promise<Survey>;
  /** Reads it again, into records in file order. May be called any number of times. */
  entries(options: EntriesOptions): Entries;
  /** The file that a line names; `undefined` if the export does not hold it. */
  attachment(name: string): Attachment | undefined;
  /** Names of files in the export that no line of any chat read so far names. Ask once all have been read. */
  orphans(): string[];
}

/** @param shape of the headers, from the first of them */
export function chatFile(
  text: ChatText,
  shape: Shape,
  title: string | undefined,
  folder: ExportFolder,
): ChatFile {
  return {
    name: text.name,
    sizeBytes: text.sizeBytes,
    survey: (options = {}) => survey(text.open(), shape, title, options),
    attachment: (name) => folder.find(name),
    orphans: () => folder.orphans(),
    entries({ survey: surveyed, batchRecords = 1_000 }) {
      const log = warningLog(surveyed.warnings);
      const counted = tally(surveyed, log);
      const hasFile = (name: string) => folder.find(name) !== undefined;
      if (folder.links > 0) log.note("link-refused", 1, folder.links);
      return {
        summary: () => counted.summary(),
        async *[Symbol.asyncIterator]() {
          const { leading } = counted;
          const reading = { survey: surveyed, batchRecords, hasFile, log, leading };
          for await (const batch of readEntries(text.open(), reading)) {
            for (const { meaning, line } of batch) {
              if (meaning.attachmentName === undefined) continue;
              folder.named(meaning.attachmentName);
              if (!hasFile(meaning.attachmentName)) log.note("attachment-missing", line);
            }
            counted.add(batch);
            yield batch;
          }
        },
      };
    },
  };
}
