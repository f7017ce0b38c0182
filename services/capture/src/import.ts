import { basename } from "node:path";
import { ConnectorError, type ImportableFile, type Network } from "@daybook/contract";
import { type ChatFile, openExport, type Summary, type Survey } from "@daybook/exports";
import { fileIdentity, type Placed, placeChat, surveyAs } from "./conversation.ts";
import { importEntries } from "./import-entries.ts";
import { notRead, openByImporter } from "./importers.ts";
import { importNotice } from "./import-notice.ts";
import { CaptureError, importError } from "./error.ts";
import type { DateOrder } from "./lines.ts";
import {
  aboutOf,
  type Context,
  type ImportDeps,
  type ImportRequest,
  type OnProgress,
  recordChat,
} from "./record-chat.ts";
import type { Upload } from "./upload.ts";

/** What is told of one chat of an imported file. */
export interface ImportedChat {
  readonly file: string;
  readonly network: Network;
  readonly messages: number;
  readonly system: number;
  readonly authors: readonly string[];
  readonly first: string | null;
  readonly last: string | null;
  readonly attachments: number;
  /** Of day and month in its dates; null where they are not written so. */
  readonly order: DateOrder | null;
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

type Standing = Pick<Survey, "order" | "ambiguous">;

/**
 * Imports one file. Nothing is recorded of a file that cannot be opened; of one whose damage lies further in, what stands
 * before it. Resolves when every record of it can be searched. Repeating it, whole or after a crash, records nothing twice.
 *
 * @throws {CaptureError} `not-an-export`, `malformed`, `too-large`, `ambiguous-custodian`; `spool-full`, `unavailable`: what
 * was recorded by then stays, and the import may be repeated
 */
export async function importFile(
  upload: Upload,
  request: ImportRequest,
  deps: ImportDeps,
  onProgress: OnProgress = () => undefined,
): Promise<ImportResult> {
  try {
    return await importInto(upload, request, deps, onProgress);
  } catch (error) {
    throw importError(error);
  }
}

async function importInto(
  upload: Upload,
  request: ImportRequest,
  deps: ImportDeps,
  onProgress: OnProgress,
): Promise<ImportResult> {
  const other = await openByImporter(upload, basename(request.name));
  if (other) return importOther(other, { upload, request, deps, onProgress });
  const chats = await openExport(upload, basename(request.name)).catch(notRead);
  // What the file is must not depend on the order that is asked for: where it is known, its reading stands.
  const itself = await surveysOf(chats, undefined);
  const identity = fileIdentity(upload.sha256, itself);
  const earlier = await deps.registry.find(request.custodian);
  const known = earlier ? await deps.lines.file(earlier.id, identity) : [];
  const asked = known.length === 0 && request.dateOrder !== undefined;
  const surveys = asked ? await surveysOf(chats, request.dateOrder) : itself;

  const custodian = earlier ?? (await deps.registry.custodian(request.custodian, request.actor));
  const context: Context = {
    upload,
    identity,
    request,
    deps,
    custodian,
    onProgress,
    sink: await deps.newSink(),
    records: 0,
  };
  const files =
    known.length > 0
      ? await repeat(context, chats, surveys, known)
      : await record(context, chats, surveys, itself);

  for (const [partition, offset] of context.sink.reached) await deps.progress.archived(partition, offset);
  return { files, records: context.records };
}

/** A file whose importer makes events by itself. */
async function importOther(
  other: ImportableFile,
  of: { upload: Upload; request: ImportRequest; deps: ImportDeps; onProgress: OnProgress },
): Promise<ImportResult> {
  await using file = other;
  const { upload, request, deps } = of;
  const custodian = await deps.registry.custodian(request.custodian, request.actor);
  const context: Context = {
    ...of,
    identity: upload.sha256,
    custodian,
    sink: await deps.newSink(),
    records: 0,
  };
  const files = await importEntries(context, file);
  for (const [partition, offset] of context.sink.reached) await deps.progress.archived(partition, offset);
  return { files, records: context.records };
}

/** A file that is known already: shows the reading that stands and records nothing. */
async function repeat(
  { request }: Context,
  chats: readonly ChatFile[],
  surveys: readonly Survey[],
  standing: readonly Standing[],
): Promise<ImportedChat[]> {
  const files: ImportedChat[] = [];
  for (const [i, chat] of chats.entries()) {
    const reading = standing[i];
    const itself = surveys[i];
    if (!reading || !itself)
      throw new CaptureError("malformed", "the file does not hold the chats that it held before");
    const entries = chat.entries({ survey: await surveyAs(chat, itself, reading) });
    for await (const _ of entries);
    const summary = { ...entries.summary(), ...reading };
    const warnings = orderWarnings("already-imported", request, reading);
    files.push(summarise(chat, summary, summary.messages + summary.system, warnings));
  }
  return files;
}

async function record(
  context: Context,
  chats: readonly ChatFile[],
  surveys: readonly Survey[],
  itself: readonly Survey[],
): Promise<ImportedChat[]> {
  const { deps, custodian, request, upload, identity, sink } = context;
  const account = await deps.registry.account({
    custodian: custodian.id,
    network: "whatsapp",
    method: "export",
    actor: request.actor,
  });
  const started = deps.now();
  const placed: (Placed & { chat: ChatFile; title: string; ambiguous: boolean; overruled: boolean })[] = [];
  for (const [i, chat] of chats.entries()) {
    const surveyed = surveys[i] as Survey;
    const title = request.conversation ?? surveyed.title ?? chat.name;
    const wanted = {
      custodian: custodian.id,
      conversation: request.conversation,
      title,
      origin: JSON.stringify([identity, i]),
    };
    const readings = itself[i]?.ambiguous ? await readingsOf(chat, surveyed) : ([surveyed] as const);
    const found = await placeChat(chat, readings, wanted, deps.lines);
    const ambiguous = surveyed.ambiguous && found.conversation.dateOrder === undefined;
    const overruled = found.survey.order !== surveyed.order;
    const survey = await surveyAs(chat, found.survey, { order: found.survey.order, ambiguous });
    placed.push({ ...found, survey, chat, title, ambiguous, overruled });
  }
  const readings = placed.map(({ conversation, survey, title, ambiguous }) => ({
    conversation: conversation.id,
    title,
    order: survey.order,
    ambiguous,
  }));
  const excluded: boolean[] = [];
  for (const { conversation, title, survey } of placed)
    excluded.push(await sink.excludes(aboutOf(context, { account, conversation, title, survey })));
  if (excluded.includes(false)) {
    const file = excluded.includes(true)
      ? undefined
      : await sink.attach(upload.read(0, upload.sizeBytes), {
          name: basename(request.name),
          mediaType: upload.mediaType,
        });
    await sink.state(
      importNotice({
        upload,
        request,
        custodian,
        account,
        identity,
        file,
        readings: readings.filter((_, i) => !excluded[i]),
        network: "whatsapp",
        connector: { name: "exports", version: "1" },
      }),
    );
    context.records += 1;
  }

  const files: ImportedChat[] = [];
  for (const { chat, conversation, survey, title, ambiguous, overruled } of placed) {
    const done = await recordChat(context, chat, { account, conversation, title, survey });
    if (!ambiguous) await deps.lines.establishOrder(conversation, survey.order);
    const warnings = overruled ? orderWarnings("order-established", request, survey) : [];
    files.push(summarise(chat, { ...done.summary, ambiguous }, done.duplicates, warnings));
  }
  if (sink.excluded > 0) {
    await sink.coverage(
      { network: "whatsapp", method: "export", account, custodian },
      { from: started.toISOString(), to: deps.now().toISOString(), state: "live" },
    );
  } else {
    // A file of which something was left out may be imported again, under another scope.
    await deps.lines.rememberFile(custodian.id, identity, readings);
  }
  return files;
}

async function surveysOf(
  chats: readonly ChatFile[],
  dateOrder: DateOrder | undefined,
): Promise<readonly Survey[]> {
  const surveys: Survey[] = [];
  for (const chat of chats) surveys.push(await chat.survey({ dateOrder }));
  return surveys;
}

const ORDER_WARNINGS = {
  "already-imported": (order: DateOrder) =>
    `this file was imported before, read as ${order}: that reading stands`,
  "order-established": (order: DateOrder) =>
    `earlier files of this conversation were read as ${order}: so is this one`,
};

/** Where a reading that stands is not the one that was asked for. */
function orderWarnings(
  code: keyof typeof ORDER_WARNINGS,
  { dateOrder }: ImportRequest,
  { order }: Pick<Survey, "order">,
): ImportedChat["warnings"] {
  if (dateOrder === undefined || dateOrder === order) return [];
  return [{ code, line: 1, message: ORDER_WARNINGS[code](order) }];
}

/** The readings to try of a file that tells no order, in order: the other one too, if it can be read so. */
async function readingsOf(chat: ChatFile, survey: Survey): Promise<readonly [Survey, ...Survey[]]> {
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
