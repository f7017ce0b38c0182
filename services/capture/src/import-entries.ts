import { basename } from "node:path";
import type { Captured, ImportableFile, ImportedAttachment, ImportedEntry, Network } from "@daybook/contract";
import { importNotice } from "./import-notice.ts";
import type { ImportedChat } from "./import.ts";
import { type KnownConversation, toKey } from "./lines.ts";
import type { Context } from "./record-chat.ts";
import type { Scoped } from "./scope.ts";

const BATCH = 500;
const BATCH_BYTES = 16 * 1024 * 1024;
const BATCH_CHARACTERS = 4 * 1024 * 1024;
const MAX_AUTHORS = 20_000;
/** No title that anybody gives a conversation. */
const MEMORY_TITLE = "\u0000what was imported";

/**
 * Records what is new of a file whose importer makes events by itself, and attachments that an import before it did not have. Repeatable: what is recorded is known by its
 * digest, and where that was lost, by its id in the archive. The file's notice comes last, and holds the file unless
 * scope leaves out a part of it.
 */
export async function importEntries(context: Context, file: ImportableFile): Promise<ImportedChat[]> {
  const { deps, custodian, request, sink } = context;
  const { network } = file;
  const accountOf = accountsOf(context);
  const account = await accountOf(network);
  const started = deps.now();
  const memory = await deps.lines.addConversation(
    custodian.id,
    deps.lines.newConversationId(custodian.id, JSON.stringify([network])),
    MEMORY_TITLE,
  );
  const told = new Told(request);
  const left = new Map<Network, number>();
  for await (const batch of batches(file.entries())) {
    const taken: Taken[] = [];
    for (const entry of batch) {
      const { network = file.network, conversation, alsoIn = [] } = entry;
      const about = { network, account: await accountOf(network), custodian, conversation };
      if (await isLeftOut([conversation, ...alsoIn], about, sink)) {
        sink.leaveOut(about, 1);
        left.set(network, (left.get(network) ?? 0) + 1);
      } else taken.push({ entry, account: about.account });
    }
    await recordBatch(context, taken, { memory, told });
    context.onProgress({ lines: told.entries, records: context.records });
  }
  const isKnown = (await deps.lines.file(custodian.id, context.identity)).length > 0;
  if (told.entries > 0 && !isKnown) await recordFile(context, file, { account, isWhole: left.size === 0 });
  for (const each of left.keys()) {
    await sink.coverage(
      { network: each, method: "export", account: await accountOf(each), custodian },
      { from: started.toISOString(), to: deps.now().toISOString(), state: "live" },
    );
  }
  return [told.summary(basename(request.name), network)];
}

/** Whether scope leaves out any conversation that something lies in: it says the same in each. */
async function isLeftOut(
  conversations: readonly Scoped["conversation"][],
  about: Scoped,
  sink: Context["sink"],
): Promise<boolean> {
  for (const conversation of conversations) if (await sink.excludes({ ...about, conversation })) return true;
  return false;
}

/** The notice of the file, and the file in it, unless scope leaves out a part of it. */
async function recordFile(
  context: Context,
  { network, connector }: ImportableFile,
  { account, isWhole }: { account: string; isWhole: boolean },
): Promise<void> {
  const { deps, custodian, request, sink, upload, identity } = context;
  const about = { name: basename(request.name), mediaType: upload.mediaType };
  const kept = isWhole ? await sink.attach(upload.read(0, upload.sizeBytes), about) : undefined;
  const of = { upload, request, custodian, account, identity, network, connector };
  await sink.state(importNotice({ ...of, file: kept, readings: [] }));
  context.records += 1;
  // One of which something was left out may be imported again, under another scope.
  if (isWhole) await deps.lines.rememberFile(custodian.id, identity, [{ order: "ymd", ambiguous: false }]);
}

/** An entry that scope takes, and the account that it is of. */
interface Taken {
  readonly entry: ImportedEntry;
  readonly account: string;
}

/** The custodian's account on each network that a file tells of, made when it is first met. */
function accountsOf({ deps, custodian, request }: Context): (network: Network) => Promise<string> {
  const accounts = new Map<Network, string>();
  return async (network) => {
    const known = accounts.get(network);
    if (known !== undefined) return known;
    const of = { custodian: custodian.id, network, method: "export", actor: request.actor } as const;
    const account = await deps.registry.account(of);
    accounts.set(network, account);
    return account;
  };
}

async function recordBatch(
  context: Context,
  entries: readonly Taken[],
  { memory, told }: { memory: KnownConversation; told: Told },
): Promise<void> {
  const { deps, custodian, sink } = context;
  const digestOf = (account: string, id: string) => deps.lines.digest(JSON.stringify([account, id]));
  const digests = entries.map(({ entry: { eventId }, account }) => digestOf(account, eventId));
  const counts = await deps.lines.counts(memory, digests);
  const added = new Map<string, number>();
  let captured: Captured[] = [];
  let characters = 0;
  const add = async (events: readonly Captured[]) => {
    captured.push(...events);
    for (const { event } of events) characters += event.raw.length;
    if (characters > BATCH_CHARACTERS) await flush();
  };
  const flush = async () => {
    const before = sink.excluded;
    if (captured.length > 0) await sink.capture(captured);
    const left = sink.excluded - before;
    context.records += captured.length - left;
    if (left === 0) await deps.lines.remember(memory, added);
    added.clear();
    captured = [];
    characters = 0;
  };
  // One that is not there is known as such: it may be later.
  const keyOf = (account: string, { eventId, isThere }: ImportedAttachment) =>
    digestOf(account, isThere ? eventId : `${eventId}\nmissing`);
  const later: { readonly attachment: ImportedAttachment; readonly account: string }[] = [];
  for (const [i, { entry, account }] of entries.entries()) {
    const key = toKey(digests[i] as Buffer);
    const { attachments = [] } = entry;
    if ((counts[i] ?? 0) > 0 || added.has(key)) {
      told.seen();
      later.push(...attachments.map((attachment) => ({ attachment, account })));
      continue;
    }
    const events = await entry.capture(sink, { account, custodian });
    told.took(events);
    added.set(key, 1);
    for (const attachment of attachments) added.set(toKey(keyOf(account, attachment)), 1);
    await add(events);
  }
  await flush();
  // Of those that are there no longer, whether they were.
  const known = await deps.lines.counts(
    memory,
    later.flatMap(({ attachment, account }) => [
      digestOf(account, attachment.eventId),
      keyOf(account, attachment),
    ]),
  );
  for (const [i, { attachment, account }] of later.entries()) {
    if ((known[2 * i] ?? 0) > 0 || (known[2 * i + 1] ?? 0) > 0) continue;
    const events = await attachment.capture(sink, { account, custodian });
    told.tookLater(events);
    added.set(toKey(keyOf(account, attachment)), 1);
    await add(events);
  }
  await flush();
}

async function* batches(entries: AsyncIterable<ImportedEntry>): AsyncGenerator<ImportedEntry[]> {
  let batch: ImportedEntry[] = [];
  let sizeBytes = 0;
  for await (const entry of entries) {
    batch.push(entry);
    sizeBytes += entry.sizeBytes;
    if (batch.length < BATCH && sizeBytes < BATCH_BYTES) continue;
    yield batch;
    batch = [];
    sizeBytes = 0;
  }
  if (batch.length > 0) yield batch;
}

/** What is told of an import, counted as it goes on. */
class Told {
  entries = 0;
  readonly #options: readonly string[];
  readonly #authors = new Set<string>();
  readonly #counts = { messages: 0, system: 0, attachments: 0, edited: 0, deleted: 0, duplicates: 0 };
  #unread = 0;
  #first: string | undefined;
  #last: string | undefined;

  constructor(request: { conversation?: string | undefined; dateOrder?: unknown; zone?: unknown }) {
    this.#options = [
      ...(request.conversation === undefined ? [] : ["--conversation"]),
      ...(request.dateOrder === undefined ? [] : ["--date-order"]),
      ...(request.zone === undefined ? [] : ["--zone"]),
    ];
  }

  seen(): void {
    this.entries += 1;
    this.#counts.duplicates += 1;
  }

  /** Attachments of an entry that was seen before. */
  tookLater(events: readonly Captured[]): void {
    for (const { attachments = [] } of events) this.#counts.attachments += attachments.length;
  }

  took(events: readonly Captured[]): void {
    this.entries += 1;
    for (const { event, attachments = [] } of events) {
      this.#counts.attachments += attachments.length;
      if (event.kind === "edit") this.#counts.edited += 1;
      if (event.kind === "delete") this.#counts.deleted += 1;
      if (event.kind !== "message") {
        this.#counts.system += 1;
        continue;
      }
      this.#counts.messages += 1;
      if (event.text === undefined) this.#unread += 1;
      if (event.sender && this.#authors.size < MAX_AUTHORS)
        this.#authors.add(event.sender.name || event.sender.id);
      const at = event.sentAt?.slice(0, 19) ?? event.localTime;
      if (at !== undefined && (this.#first === undefined || at < this.#first)) this.#first = at;
      if (at !== undefined && (this.#last === undefined || at > this.#last)) this.#last = at;
    }
  }

  summary(file: string, network: ImportedChat["network"]): ImportedChat {
    const ignored = this.#options.map((option) => ({
      code: "option-ignored",
      line: 1,
      message: `${option} says nothing of such a file`,
    }));
    const unread = {
      code: "without-text",
      line: 1,
      message: `${this.#unread} ${this.#unread === 1 ? "message has" : "messages have"} no text that could be read`,
    };
    return {
      file,
      network,
      ...this.#counts,
      authors: [...this.#authors],
      first: this.#first ?? null,
      last: this.#last ?? null,
      order: null,
      ambiguous: false,
      multiline: 0,
      warnings: [...ignored, ...(this.#unread > 0 ? [unread] : [])],
    };
  }
}
