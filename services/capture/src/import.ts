import { basename } from "node:path";
import { type Captured, ConnectorError, type Party, type SealedAttachment } from "@daybook/contract";
import {
  type ChatFile,
  type Entry,
  identityOf,
  lineIdentity,
  openExport,
  type Summary,
  type Survey,
  toCaptured,
  type WarningLog,
  warningLog,
  zoneReader,
} from "@daybook/exports";
import { type Placed, placeChat } from "./conversation.ts";
import { importNotice } from "./import-notice.ts";
import { CaptureError } from "./error.ts";
import { type DateOrder, type ImportedLines, type KnownConversation, toKey } from "./lines.ts";
import type { ArchiveProgress, Registry } from "./ports.ts";
import type { CaptureSink } from "./sink.ts";
import { Occurrences } from "./occurrences.ts";
import type { Upload } from "./upload.ts";

/** What the operator says of a file. */
export interface ImportRequest {
  /** A label: never a path that is opened. */
  readonly name: string;
  readonly custodian: string;
  readonly conversation?: string | undefined;
  readonly dateOrder?: DateOrder | undefined;
  readonly zone?: string | undefined;
  /** Who supplies it: a principal's id. */
  readonly actor: string;
}

/** What is told of one chat of an imported file. */
export interface ImportedChat {
  readonly file: string;
  readonly network: "whatsapp";
  readonly messages: number;
  readonly system: number;
  readonly authors: readonly string[];
  readonly first: string | null;
  readonly last: string | null;
  readonly attachments: number;
  readonly order: DateOrder;
  readonly ambiguous: boolean;
  readonly multiline: number;
  readonly edited: number;
  readonly deleted: number;
  readonly duplicates: number;
  readonly warnings: readonly { code: string; line: number; message: string }[];
}

export interface ImportResult {
  readonly files: readonly ImportedChat[];
  /** New records made of the file. */
  readonly records: number;
}

export interface ImportDeps {
  readonly lines: ImportedLines;
  readonly registry: Registry;
  readonly progress: ArchiveProgress;
  readonly newSink: () => Promise<CaptureSink>;
  readonly now: () => Date;
}

/** Told as an import goes on. */
export type OnProgress = (done: { lines: number; records: number }) => void;

type Standing = Pick<Survey, "order" | "ambiguous">;

/**
 * Imports one file. Nothing is recorded of a file that cannot be read. Resolves when every record of it can be
 * searched. Repeating it, whole or after a crash, records nothing twice.
 *
 * @throws {CaptureError} `not-an-export`, `malformed`, `ambiguous-custodian`, `unavailable` (retryable)
 */
export async function importFile(
  upload: Upload,
  request: ImportRequest,
  deps: ImportDeps,
  onProgress: OnProgress = () => undefined,
): Promise<ImportResult> {
  const chats = await readable(() => openExport(upload, basename(request.name)));
  const surveys: Survey[] = [];
  for (const chat of chats) surveys.push(await readable(() => chat.survey({ dateOrder: request.dateOrder })));

  const custodian = await deps.registry.custodian(request.custodian, request.actor);
  const known = await deps.lines.file(custodian.id, upload.sha256);
  const context: Context = {
    upload,
    request,
    deps,
    custodian,
    onProgress,
    sink: await deps.newSink(),
    records: 0,
  };
  const files =
    known.length > 0 ? await repeat(context, chats, known) : await record(context, chats, surveys);

  for (const [partition, offset] of context.sink.reached) await deps.progress.archived(partition, offset);
  return { files, records: context.records };
}

interface Context {
  readonly upload: Upload;
  readonly request: ImportRequest;
  readonly deps: ImportDeps;
  readonly custodian: Party;
  readonly onProgress: OnProgress;
  readonly sink: CaptureSink;
  records: number;
}

/** A file that is known already: shows the reading that stands and records nothing. */
async function repeat(
  { request }: Context,
  chats: readonly ChatFile[],
  standing: readonly Standing[],
): Promise<ImportedChat[]> {
  const files: ImportedChat[] = [];
  for (const [i, chat] of chats.entries()) {
    const reading = standing[i];
    if (!reading) throw new CaptureError("malformed", "the file does not hold the chats that it held before");
    const entries = chat.entries({ survey: await chat.survey({ dateOrder: reading.order }) });
    for await (const _ of entries);
    const summary = { ...entries.summary(), ...reading };
    const warnings =
      request.dateOrder !== undefined && request.dateOrder !== reading.order
        ? [
            {
              code: "already-imported",
              line: 1,
              message: `this file was imported before, read as ${reading.order}: that reading stands`,
            },
          ]
        : [];
    files.push(summarise(chat, summary, summary.messages + summary.system, warnings));
  }
  return files;
}

async function record(
  context: Context,
  chats: readonly ChatFile[],
  surveys: readonly Survey[],
): Promise<ImportedChat[]> {
  const { deps, custodian, request, upload, sink } = context;
  const account = await deps.registry.account({
    custodian: custodian.id,
    network: "whatsapp",
    method: "export",
    actor: request.actor,
  });
  const started = deps.now();
  const placed: (Placed & { chat: ChatFile; title: string; ambiguous: boolean })[] = [];
  for (const [i, chat] of chats.entries()) {
    const surveyed = surveys[i] as Survey;
    const title = request.conversation ?? surveyed.title ?? chat.name;
    const wanted = { custodian: custodian.id, conversation: request.conversation, title };
    const found = await placeChat(chat, await readingsOf(chat, surveyed), wanted, deps.lines);
    const ambiguous = surveyed.ambiguous && found.conversation.dateOrder === undefined;
    placed.push({ ...found, chat, title, ambiguous });
  }
  const file = await sink.attach(upload.read(0, upload.sizeBytes), {
    name: basename(request.name),
    mediaType: upload.mediaType,
  });
  const readings = placed.map(({ conversation, survey, title, ambiguous }) => ({
    conversation: conversation.id,
    title,
    order: survey.order,
    ambiguous,
  }));
  await capture(context, [importNotice({ upload, request, custodian, account, file, readings })]);

  const files: ImportedChat[] = [];
  for (const { chat, conversation, survey, title, ambiguous } of placed) {
    const done = await recordChat(context, chat, { account, conversation, title, survey });
    if (!ambiguous) await deps.lines.establishOrder(conversation, survey.order);
    files.push(summarise(chat, { ...done.summary, ambiguous }, done.duplicates));
  }
  if (sink.excluded > 0) {
    await sink.coverage(
      { network: "whatsapp", method: "export", account, custodian },
      { from: started.toISOString(), to: deps.now().toISOString(), state: "live" },
    );
  }
  await deps.lines.rememberFile(custodian.id, upload.sha256, readings);
  return files;
}

interface Target {
  readonly account: string;
  readonly conversation: KnownConversation;
  readonly title: string;
  readonly survey: Survey;
}

/** @returns what was read, and how many lines of it were recorded before */
async function recordChat(
  context: Context,
  chat: ChatFile,
  target: Target,
): Promise<{ summary: Summary; duplicates: number }> {
  const { deps, onProgress, request } = context;
  const { conversation, survey } = target;
  const seen = new Occurrences();
  const log = warningLog();
  const entries = chat.entries({ survey });
  const zone = request.zone === undefined ? undefined : zoneReader(request.zone);
  let duplicates = 0;
  let done = 0;
  for await (const batch of entries) {
    const digests = batch.map((entry) => deps.lines.digest(lineIdentity(identityOf(entry))));
    const counts = await deps.lines.counts(conversation, digests);
    const captured: Captured[] = [];
    const added = new Map<string, number>();
    for (const [i, entry] of batch.entries()) {
      const digest = digests[i] as Buffer;
      const ordinal = seen.next(digest);
      if (ordinal <= (counts[i] ?? 0)) {
        duplicates += 1;
        continue;
      }
      captured.push(...(await capturedOf(context, chat, target, { entry, ordinal, zone, log })));
      added.set(toKey(digest), ordinal);
    }
    await capture(context, captured);
    await deps.lines.remember(conversation, added);
    done += batch.length;
    onProgress({ lines: done, records: context.records });
  }
  const summary = entries.summary();
  return { summary: { ...summary, warnings: [...summary.warnings, ...log.list()] }, duplicates };
}

async function capturedOf(
  { sink, upload, custodian }: Context,
  chat: ChatFile,
  { account, conversation, title, survey }: Target,
  of: { entry: Entry; ordinal: number; zone: ReturnType<typeof zoneReader> | undefined; log: WarningLog },
): Promise<Captured[]> {
  const name = of.entry.meaning.attachmentName;
  const file = name === undefined ? undefined : chat.attachment(name);
  let attachment: SealedAttachment | undefined;
  let missing: "attachment named but not in the export" | "attachment damaged in the export" | undefined;
  if (name !== undefined && file) {
    try {
      attachment = await sink.attach(file.open(), { name, mediaType: file.mediaType });
    } catch (error) {
      if (!(error instanceof ConnectorError) || error.code !== "malformed") throw error;
      missing = "attachment damaged in the export";
    }
  } else if (name !== undefined) {
    missing = "attachment named but not in the export";
  }
  return toCaptured(of.entry, {
    account,
    custodian,
    conversation: { id: conversation.id, title, kind: survey.kind },
    fileSha256: upload.sha256,
    // Identities count equal lines from 0.
    ordinal: of.ordinal - 1,
    zone: of.zone,
    attachment,
    missing,
    log: of.log,
  });
}

async function capture(context: Context, captured: readonly Captured[]): Promise<void> {
  if (captured.length === 0) return;
  const before = context.sink.excluded;
  await context.sink.capture(captured);
  context.records += captured.length - (context.sink.excluded - before);
}

/** The readings to try, in order: where the order is a mere default, the other one too, if it can be read so. */
async function readingsOf(chat: ChatFile, survey: Survey): Promise<[Survey, ...Survey[]]> {
  if (!survey.ambiguous) return [survey];
  try {
    return [survey, await chat.survey({ dateOrder: survey.order === "dmy" ? "mdy" : "dmy" })];
  } catch (error) {
    if (error instanceof ConnectorError && error.code === "malformed") return [survey];
    throw error;
  }
}

function summarise(
  { name }: ChatFile,
  { first, last, warnings, ...counts }: Summary,
  duplicates: number,
  more: ImportedChat["warnings"] = [],
): ImportedChat {
  return {
    file: name,
    network: "whatsapp",
    messages: counts.messages,
    system: counts.system,
    authors: counts.authors,
    first: first ?? null,
    last: last ?? null,
    attachments: counts.attachments,
    order: counts.order,
    ambiguous: counts.ambiguous,
    multiline: counts.multiline,
    edited: counts.edited,
    deleted: counts.deleted,
    duplicates,
    warnings: [...more, ...warnings.map(({ code, line, message }) => ({ code, line, message }))],
  };
}

async function readable<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (cause instanceof ConnectorError && (cause.code === "not-an-export" || cause.code === "malformed")) {
      throw new CaptureError(cause.code, cause.message, { cause });
    }
    throw cause;
  }
}
