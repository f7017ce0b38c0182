import { createHash } from "node:crypto";
import { basename } from "node:path";
import { type Captured, ConnectorError, type Party, type SealedAttachment } from "@daybook/contract";
import { type ChatFile, type Entry, openExport, type Survey, toCaptured } from "@daybook/exports";
import { identityOf, placeChat } from "./conversation.ts";
import { CaptureError } from "./error.ts";
import { type DateOrder, type ImportedLines, type KnownConversation, toKey } from "./lines.ts";
import type { ArchiveProgress, Registry } from "./ports.ts";
import type { CaptureSink } from "./sink.ts";
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
  for (const chat of chats)
    surveys.push(await readable(() => chat.survey({ order: request.dateOrder, zone: request.zone })));

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
    known.length > 0
      ? await repeat(
          context,
          chats,
          known.map(({ dateOrder, ambiguous }) => ({ order: dateOrder, ambiguous })),
        )
      : await record(context, chats, surveys);

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
  context: Context,
  chats: readonly ChatFile[],
  standing: readonly Standing[],
): Promise<ImportedChat[]> {
  const { request } = context;
  const files: ImportedChat[] = [];
  for (const [i, chat] of chats.entries()) {
    const reading = standing[i];
    if (!reading) throw new CaptureError("malformed", "the file does not hold the chats that it held before");
    const survey = await chat.survey({ order: reading.order, zone: request.zone });
    const shown = { ...survey, ...reading };
    const other = request.dateOrder !== undefined && request.dateOrder !== reading.order;
    const warnings = other
      ? [
          {
            code: "already-imported",
            line: 1,
            message: `this file was imported before, read as ${reading.order}: that reading stands`,
          },
        ]
      : [];
    files.push(summarise(chat, shown, survey.messages + survey.system, warnings));
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
  const notice = await sink.attach(upload.read(0, upload.sizeBytes), {
    name: basename(request.name),
    mediaType: upload.mediaType,
  });
  await capture(context, [noticeOf(context, account, notice)]);

  const files: ImportedChat[] = [];
  const readings: { chat: number; dateOrder: DateOrder; ambiguous: boolean }[] = [];
  for (const [i, chat] of chats.entries()) {
    const survey = surveys[i] as Survey;
    const wanted = { custodian: custodian.id, conversation: request.conversation, title: survey.title };
    const { conversation, order } = await placeChat(
      chat,
      possibleOrders(survey, request),
      wanted,
      deps.lines,
    );
    const read = order === survey.order ? survey : await chat.survey({ order, zone: request.zone });
    const ambiguous = survey.ambiguous && conversation.dateOrder === undefined;
    const duplicates = await recordChat(context, chat, { account, conversation, survey: read });
    if (!ambiguous) await deps.lines.establishOrder(conversation, order);
    readings.push({ chat: i, dateOrder: order, ambiguous });
    files.push(summarise(chat, { ...read, order, ambiguous }, duplicates));
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
  readonly survey: Survey;
}

/** @returns how many lines were recorded before */
async function recordChat(context: Context, chat: ChatFile, target: Target): Promise<number> {
  const { deps, onProgress, request } = context;
  const { conversation, survey } = target;
  const seen = new Occurrences();
  let duplicates = 0;
  let done = 0;
  for await (const batch of chat.entries({ order: survey.order, zone: request.zone })) {
    const digests = batch.map((entry) => deps.lines.digest(identityOf(entry)));
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
      captured.push(...(await capturedOf(context, chat, target, { entry, digest, ordinal })));
      added.set(toKey(digest), ordinal);
    }
    await capture(context, captured);
    await deps.lines.remember(conversation, added);
    done += batch.length;
    onProgress({ lines: done, records: context.records });
  }
  return duplicates;
}

async function capturedOf(
  { sink, upload, custodian, request }: Context,
  chat: ChatFile,
  { account, conversation, survey }: Target,
  { entry, digest, ordinal }: { entry: Entry; digest: Buffer; ordinal: number },
): Promise<Captured[]> {
  const name = entry.meaning.attachmentName;
  const media = name === undefined ? undefined : chat.attachment(name);
  const attachments: SealedAttachment[] = media
    ? [await sink.attach(media.open(), { name: name as string, mediaType: media.mediaType })]
    : [];
  return toCaptured(entry, {
    identity: createHash("sha256").update(digest).update(`${conversation.id}\n${ordinal}`).digest("hex"),
    stableDigest: createHash("sha256").update(digest).digest("hex"),
    account,
    custodian,
    conversation: { id: conversation.id, title: request.conversation ?? survey.title, kind: survey.kind },
    fileSha256: upload.sha256,
    zone: request.zone,
    attachments,
  });
}

async function capture(context: Context, captured: readonly Captured[]): Promise<void> {
  if (captured.length === 0) return;
  const before = context.sink.excluded;
  await context.sink.capture(captured);
  context.records += captured.length - (context.sink.excluded - before);
}

/** The record of the imported file itself: who supplied it, when, and its digest. */
function noticeOf(
  { upload, request, custodian }: Context,
  account: string,
  file: SealedAttachment,
): Captured {
  return {
    eventId: `file:${createHash("sha256").update(`${custodian.id}\n${upload.sha256}`).digest("hex")}`,
    stableDigest: upload.sha256,
    attachments: [file],
    event: {
      v: 1,
      kind: "notice",
      network: "whatsapp",
      method: "export",
      provenance: "supplied",
      account,
      custodian,
      text: `Imported file of ${upload.sizeBytes} bytes, SHA-256 ${upload.sha256}, supplied by ${request.actor}`,
      raw: "",
      source: { sha256: upload.sha256, line: 1, offsetBytes: 0 },
      connector: { name: "exports", version: "1" },
    },
  };
}

/** The readings to try, in order: what was said or found, and where that is a mere default, the others too. */
function possibleOrders(survey: Survey, { dateOrder }: ImportRequest): [DateOrder, ...DateOrder[]] {
  if (dateOrder !== undefined || !survey.ambiguous) return [survey.order];
  return [survey.order, ...survey.possibleOrders.filter((order) => order !== survey.order)];
}

function summarise(
  chat: ChatFile,
  survey: Survey,
  duplicates: number,
  more: ImportedChat["warnings"] = [],
): ImportedChat {
  const { messages, system, authors, attachments, order, ambiguous, multiline, edited, deleted } = survey;
  return {
    file: chat.name,
    network: "whatsapp",
    messages,
    system,
    authors,
    first: survey.first ?? null,
    last: survey.last ?? null,
    attachments,
    order,
    ambiguous,
    multiline,
    edited,
    deleted,
    duplicates,
    warnings: [...more, ...survey.warnings],
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

/** Counts equal lines of one chat in little memory: 12 bytes a different line. */
class Occurrences {
  #keys = new BigInt64Array(1 << 16);
  #counts = new Uint16Array(1 << 16);
  #used = 0;

  /** How often this digest has now been seen. */
  next(digest: Buffer): number {
    if (this.#used * 2 > this.#keys.length) this.#grow();
    const key = digest.readBigInt64BE(0);
    const at = this.#find(key);
    if (this.#counts[at] === 0) {
      this.#keys[at] = key;
      this.#used += 1;
    }
    const count = Math.min((this.#counts[at] ?? 0) + 1, 0xffff);
    this.#counts[at] = count;
    return count;
  }

  #find(key: bigint): number {
    const mask = this.#keys.length - 1;
    let at = Number(BigInt.asUintN(32, key)) & mask;
    while (this.#counts[at] !== 0 && this.#keys[at] !== key) at = (at + 1) & mask;
    return at;
  }

  #grow(): void {
    const keys = this.#keys;
    const counts = this.#counts;
    this.#keys = new BigInt64Array(keys.length * 2);
    this.#counts = new Uint16Array(keys.length * 2);
    for (const [i, key] of keys.entries()) {
      const count = counts[i] ?? 0;
      if (count === 0) continue;
      const at = this.#find(key);
      this.#keys[at] = key;
      this.#counts[at] = count;
    }
  }
}
