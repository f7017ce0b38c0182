import { type Captured, ConnectorError, type Party, type SealedAttachment } from "@daybook/contract";
import {
  type ChatFile,
  type Entry,
  identityOf,
  lineIdentity,
  type MissingAttachment,
  type Summary,
  type Survey,
  toCaptured,
  type WarningLog,
  warningLog,
  zoneReader,
} from "@daybook/exports";
import { type DateOrder, type ImportedLines, type KnownConversation, toKey } from "./lines.ts";
import { Occurrences } from "./occurrences.ts";
import type { ArchiveProgress, Registry } from "./ports.ts";
import type { Scoped } from "./scope.ts";
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

export interface ImportDeps {
  readonly lines: ImportedLines;
  readonly registry: Registry;
  readonly progress: ArchiveProgress;
  readonly newSink: () => Promise<CaptureSink>;
  readonly now: () => Date;
}

/** Told as an import goes on. */
export type OnProgress = (done: { lines: number; records: number }) => void;

/** One import on its way. */
export interface Context {
  readonly upload: Upload;
  /** What tells the file from others. */
  readonly identity: string;
  readonly request: ImportRequest;
  readonly deps: ImportDeps;
  readonly custodian: Party;
  readonly onProgress: OnProgress;
  readonly sink: CaptureSink;
  records: number;
}

/** What scope judges a chat by. */
export function aboutOf({ custodian }: Context, { account, conversation, title, survey }: Target): Scoped {
  return {
    network: "whatsapp",
    account,
    custodian,
    conversation: { id: conversation.id, title, kind: survey.kind },
  };
}

export interface Target {
  readonly account: string;
  readonly conversation: KnownConversation;
  readonly title: string;
  readonly survey: Survey;
}

/** Records what is new of a chat. Repeatable. @returns what was read, and how many lines of it were recorded before */
export async function recordChat(
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
  let isClaimed = false;
  for await (const batch of entries) {
    const digests = batch.map((entry) => deps.lines.digest(lineIdentity(identityOf(entry))));
    const ordinals = digests.map((digest) => seen.next(digest));
    const about = aboutOf(context, target);
    if (await context.sink.excludes(about)) {
      context.sink.leaveOut(about, batch.length);
      continue;
    }
    const counts = await deps.lines.counts(conversation, digests);
    const captured: Captured[] = [];
    const added = new Map<string, number>();
    for (const [i, entry] of batch.entries()) {
      const ordinal = ordinals[i] ?? 0;
      if (ordinal <= (counts[i] ?? 0)) {
        duplicates += 1;
        continue;
      }
      captured.push(...(await capturedOf(context, chat, target, { entry, ordinal, zone, log })));
      added.set(toKey(digests[i] as Buffer), ordinal);
    }
    if (captured.length > 0 && !isClaimed) {
      await deps.lines.claim(conversation, digests);
      isClaimed = true;
    }
    if (await capture(context, captured)) await deps.lines.remember(conversation, added);
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
  let missing: MissingAttachment | undefined;
  if (name !== undefined && file) {
    try {
      attachment = await sink.attach(file.open(), { name, mediaType: file.mediaType });
    } catch (error) {
      missing = missingBecause(error);
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

/** @throws what is not the fault of the file */
function missingBecause(error: unknown): MissingAttachment {
  const code = error instanceof ConnectorError ? error.code : undefined;
  if (code === "malformed") return "attachment damaged in the export";
  if (code === "too-large") return "attachment larger than is kept";
  throw error;
}

/** @returns whether all was taken: scope may have changed since it was asked */
async function capture(context: Context, captured: readonly Captured[]): Promise<boolean> {
  const before = context.sink.excluded;
  if (captured.length > 0) await context.sink.capture(captured);
  const left = context.sink.excluded - before;
  context.records += captured.length - left;
  return left === 0;
}
