import { createHash } from "node:crypto";
import {
  type Captured,
  ConnectorError,
  type Event,
  type ImportableFile,
  type ImportedEntry,
  type ImportedFor,
  type SealedAttachment,
  type Sink,
  type SuppliedFile,
} from "@daybook/contract";
import { decoded } from "./base64.ts";
import { type Element, elementsOf, type Rest, ROOT } from "./elements.ts";
import { isMalformed } from "./malformed.ts";
import { type BackupMessage, type BackupPart, readMessage } from "./message.ts";

const CONNECTOR = { name: "sms-backup", version: "1" } as const;
const HEAD_BYTES = 64 * 1024;
const BYTE_ORDER_MARK = Buffer.from("\ufeff");
/** An XML declaration, comments and instructions, then the root. */
const BEGINNING = new RegExp(`^(?:\\s|<\\?[^>]*\\?>|<!--(?:(?!-->)[^])*-->)*<${ROOT}[\\s>/]`);
/** Bytes of memory that an entry holds beside its `raw`. */
const ENTRY_BYTES = 4_000;
/** Equal messages of one millisecond that are told apart. */
const MAX_EQUAL = 100_000;
const MAX_TEXT = 200_000;

/**
 * Opens a backup of the Android app SMS Backup & Restore: text messages and MMS with their attachments.
 *
 * @returns undefined for a file of another kind
 */
export async function importBackup(file: SuppliedFile): Promise<ImportableFile | undefined> {
  const head = await bytesOf(file, 0, Math.min(HEAD_BYTES, file.sizeBytes));
  const start = head.subarray(0, 3).equals(BYTE_ORDER_MARK) ? 3 : 0;
  if (!BEGINNING.test(head.toString("latin1", start))) return undefined;
  return {
    network: "sms",
    connector: CONNECTOR,
    entries: () => entriesOf(file, start),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function* entriesOf(file: SuppliedFile, start: number): AsyncGenerator<ImportedEntry> {
  const seen = new Seen();
  for await (const element of elementsOf(file, start)) {
    if (element.name === undefined) {
      yield restOf(element, file);
    } else if ((element.name === "sms" || element.name === "mms") && !isBroken(element)) {
      const message = readMessage(element);
      const id = `backup:${message.identity}${seen.again(message)}`;
      yield messageEntry(element, message, id, file);
      if (message.standing !== undefined) yield standingEntry(element, message, id, file);
    } else yield unreadEntry(element, file);
  }
}

/**
 * Two messages with the same words in one millisecond are two. A backup has them beside each other, for it is in the order
 * of time: where one is not, they are one.
 */
class Seen {
  #date = "";
  readonly #counts = new Map<string, number>();

  /** @returns what the message's id ends with */
  again({ date, identity }: BackupMessage): string {
    if (date !== this.#date || this.#counts.size >= MAX_EQUAL) this.#counts.clear();
    this.#date = date;
    const count = (this.#counts.get(identity) ?? 0) + 1;
    this.#counts.set(identity, count);
    return count === 1 ? "" : `:${count}`;
  }
}

function isBroken({ doubts }: Element): boolean {
  return doubts.includes("not-well-formed");
}

function messageEntry(
  element: Element,
  message: BackupMessage,
  id: string,
  file: SuppliedFile,
): ImportedEntry {
  return {
    ...entryBase(element, message, id),
    async capture(sink, of): Promise<Captured[]> {
      const attachments: SealedAttachment[] = [];
      const missing: { name: string; why: string }[] = [];
      for (const part of message.parts) {
        const taken = await attached(part, file, sink);
        if (typeof taken === "string") missing.push({ name: part.name, why: taken });
        else attachments.push(taken);
      }
      const sides = message.sides(of);
      const about = { ...base(element, file, of), ...sides, ...message.times };
      const { recipients: _, ...near } = about;
      const text = message.text?.slice(0, MAX_TEXT).toWellFormed();
      const isCut = text?.length !== message.text?.length || leftOut(element);
      const gaps = [
        ...missing,
        ...(isCut
          ? [{ name: "", why: "it is longer than is kept of one message: the imported file has it" }]
          : []),
      ];
      return [
        {
          eventId: id,
          stableDigest: message.identity,
          ...(attachments.length > 0 && { attachments }),
          event: { ...about, ...saidBy(message, text, id), raw: element.raw.toString("base64") },
        },
        ...gaps.map(({ name, why }, n): Captured => {
          const gap = { why, ...(name !== "" && { about: name }) };
          return captured(`${id}:gap:${n}`, { ...near, kind: "gap", target: id, gap, raw: "" });
        }),
      ];
    },
  };
}

function saidBy({ kind }: BackupMessage, text: string | undefined, id: string) {
  if (kind === "draft")
    return { kind: "notice", text: "The backup holds a draft, which is no message" } as const;
  if (kind === "not-fetched")
    return {
      kind: "gap",
      gap: { why: "An MMS was announced to the phone and had not been fetched by it", about: id },
    } as const;
  return { kind: "message", networkId: id, ...(text !== undefined && { text }) } as const;
}

/** What became of a message: a later backup may know more of it. */
function standingEntry(
  element: Element,
  message: BackupMessage,
  of: string,
  file: SuppliedFile,
): ImportedEntry {
  const id = `${of}:standing:${message.standing ?? ""}`;
  return {
    ...entryBase(element, message, id),
    capture(_, about): Promise<Captured[]> {
      const { direction, conversation, sender, recipients } = message.sides(about);
      const said = { direction, conversation, sender, recipients, target: of, text: message.standing };
      return Promise.resolve([
        captured(id, {
          ...base(element, file, about),
          ...defined(said),
          kind: "receipt",
          raw: element.raw.toString("base64"),
        }),
      ]);
    },
  };
}

/** What is no message that could be read: its bytes are kept. */
function unreadEntry(element: Element, file: SuppliedFile): ImportedEntry {
  const digest = sha256(element.raw);
  const id = `backup:unread:${digest}`;
  const gap = { why: "An element of the backup is no message that can be read: its bytes are kept" };
  return {
    eventId: id,
    sizeBytes: element.raw.length + ENTRY_BYTES,
    conversation: undefined,
    capture: (_, of) =>
      Promise.resolve([
        captured(id, { ...base(element, file, of), kind: "gap", gap, raw: element.raw.toString("base64") }),
      ]),
  };
}

/** From where on the file could not be read. */
function restOf(rest: Rest, file: SuppliedFile): ImportedEntry {
  const id = `backup:rest:${file.sha256}`;
  const gap = {
    why: `${file.sizeBytes - rest.start} bytes at the end were not read: ${rest.why}`.slice(0, 1_024),
  };
  return {
    eventId: id,
    sizeBytes: ENTRY_BYTES,
    conversation: undefined,
    capture: (_, of) =>
      Promise.resolve([captured(id, { ...base(rest, file, of), kind: "gap", gap, raw: "" })]),
  };
}

function entryBase(element: Element, message: BackupMessage, eventId: string) {
  const sizeBytes = element.raw.length * 2 + ENTRY_BYTES;
  return { eventId, sizeBytes, conversation: message.sides(NOBODY).conversation };
}

/** Whoever it is captured for, it is the same conversation. */
const NOBODY = { account: "", custodian: { id: "nobody", name: "" } };

function base({ start, line }: Pick<Element, "start" | "line">, file: SuppliedFile, of: ImportedFor) {
  return {
    v: 1,
    network: "sms",
    method: "export",
    provenance: "supplied",
    account: of.account,
    custodian: of.custodian,
    source: { sha256: file.sha256, line, offsetBytes: start },
    connector: CONNECTOR,
  } as const;
}

function captured(eventId: string, event: Omit<Event, "attachments" | "capturedAt">): Captured {
  return { eventId, stableDigest: sha256(eventId), event };
}

/** Whether a value that is no attachment, or a part, was too long to be read. */
function leftOut({ doubts, left, parts }: Element): boolean {
  const isLong = (values: Element["left"], isPart: boolean) =>
    [...values.keys()].some((name) => !isPart || name !== "data");
  return doubts.includes("too-long") || isLong(left, false) || parts.some((part) => isLong(part.left, true));
}

/** @returns the attachment, or why there is none @throws what is not the fault of the file */
async function attached(
  { name, mediaType, data }: BackupPart,
  file: SuppliedFile,
  sink: Pick<Sink, "attach">,
): Promise<SealedAttachment | string> {
  if (!data) return "attachment named but not in the backup";
  try {
    return await sink.attach(decoded(file.read(data.start, data.end)), { name, mediaType });
  } catch (error) {
    if (isMalformed(error)) return "attachment damaged in the backup";
    if (error instanceof ConnectorError && error.code === "too-large")
      return "attachment larger than is kept";
    throw error;
  }
}

function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

async function bytesOf(file: SuppliedFile, start: number, end: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of file.read(start, end)) parts.push(part);
  return Buffer.concat(parts);
}
