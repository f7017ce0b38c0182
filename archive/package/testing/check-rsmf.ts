import { crc32 } from "node:zlib";
import { Ajv } from "ajv";
import { buffer } from "node:stream/consumers";
import yauzl from "yauzl";
import { decoded, parsePart, partsOf } from "./mime.ts";
import { type RsmfEvent, type RsmfManifest, rsmfSchema } from "./rsmf-schema.ts";

const validate = new Ajv({ strict: false, allErrors: true }).compile<RsmfManifest>(rsmfSchema);

const MAX_EVENTS = 10_001;

/** What a valid file holds. */
export interface CheckedRsmf {
  /** Everything that is not as RSMF 2.0 has it; empty when the file is valid. */
  readonly problems: readonly string[];
  readonly headers: ReadonlyMap<string, string>;
  readonly text: string;
  readonly manifest: RsmfManifest | undefined;
  readonly files: ReadonlyMap<string, Buffer>;
}

/**
 * Checks an RSMF 2.0 file: message, ZIP, the manifest's schema, and what no schema says: references lead
 * somewhere, ids are unique, headers and manifest agree, every file is cited. Independent of what wrote it.
 */
export async function checkRsmf(bytes: Uint8Array): Promise<CheckedRsmf> {
  const problems: string[] = [];
  const message = parsePart(Buffer.from(bytes));
  const { headers } = message;
  for (const name of ["from", "to", "subject", "date", "x-rsmf-version"])
    if (!headers.get(name)) problems.push(`no header ${name}`);
  if (headers.get("x-rsmf-version") !== "2.0.0") problems.push("not RSMF 2.0.0");
  const attachments = partsOf(message).filter((part) =>
    part.headers.get("content-disposition")?.startsWith("attachment"),
  );
  const texts = partsOf(message).filter((part) => part.headers.get("content-type")?.startsWith("text/plain"));
  const [rsmfZip] = attachments;
  if (
    attachments.length !== 1 ||
    rsmfZip?.headers.get("content-disposition") !== 'attachment; filename="rsmf.zip"'
  )
    problems.push("not exactly one attachment, rsmf.zip");
  if (rsmfZip?.headers.get("content-transfer-encoding") !== "base64") problems.push("rsmf.zip is not base64");
  const files = rsmfZip ? await unzip(decoded(rsmfZip)) : new Map<string, Buffer>();
  const text = texts[0] ? decoded(texts[0]).toString() : "";
  const json: unknown = JSON.parse(files.get("rsmf_manifest.json")?.toString() ?? "null");
  if (!validate(json)) {
    problems.push(...(validate.errors ?? []).map((e) => `manifest${e.instancePath}: ${e.message ?? ""}`));
    return { problems, headers, text, manifest: undefined, files };
  }
  problems.push(...checkManifest(json), ...checkFiles(json, files));
  if (headers.get("x-rsmf-eventcount") !== String(json.events.length))
    problems.push("X-RSMF-EventCount is wrong");
  if (headers.get("x-rsmf-attachmentcount") !== String(files.size - 1))
    problems.push("X-RSMF-AttachmentCount is wrong");
  if (headers.get("x-rsmf-eventcollectionid") !== json.eventcollectionid)
    problems.push("the collection ids differ");
  return { problems, headers, text, manifest: json, files };
}

function checkManifest({ participants, conversations, events }: RsmfManifest): string[] {
  const problems: string[] = [];
  const people = unique(
    participants.map(({ id }) => id),
    "participant",
    problems,
  );
  const chats = unique(
    conversations.map(({ id }) => id),
    "conversation",
    problems,
  );
  const ids = unique(
    events.map(({ id }) => id).filter((id) => id !== undefined),
    "event",
    problems,
  );
  const known = (id: string | undefined, what: string) => {
    if (id !== undefined && !people.has(id)) problems.push(`${what} ${id} is no participant`);
  };
  for (const chat of conversations) {
    for (const id of chat.participants) known(id, "conversation participant");
    if (chat.custodian !== undefined && !chat.participants.includes(chat.custodian))
      problems.push("the custodian does not take part");
  }
  for (const event of events) {
    if (event.conversation === undefined || !chats.has(event.conversation))
      problems.push("an event is of no conversation");
    if (event.timestamp === undefined) problems.push("an event has no time");
    if (event.type === "message" && event.id === undefined) problems.push("a message has no id");
    if (event.parent !== undefined && !ids.has(event.parent)) problems.push("a parent is no event");
    for (const id of cited(event)) known(id, "somebody");
  }
  if (events.length > MAX_EVENTS) problems.push("too many events");
  return problems;
}

function cited(event: RsmfEvent): (string | undefined)[] {
  return [
    event.participant,
    ...(event.reactions ?? []).flatMap((reaction) => reaction.participants ?? []),
    ...(event.edits ?? []).map((edit) => edit.participant),
    ...(event.read_receipts ?? []).map((receipt) => receipt.participant),
  ];
}

function checkFiles({ events }: RsmfManifest, files: ReadonlyMap<string, Buffer>): string[] {
  const cited = new Map(
    events.flatMap(({ attachments }) => (attachments ?? []).map((a) => [a.id, a.size] as const)),
  );
  const there = [...files.keys()].filter((name) => name !== "rsmf_manifest.json");
  return [
    ...there.filter((name) => !cited.has(name)).map((name) => `${name} is cited by no event`),
    ...there.filter((name) => /[/\\]/.test(name)).map((name) => `${name} is not flat`),
    ...[...cited.keys()].filter((name) => !files.has(name)).map((name) => `${name} is missing`),
    ...[...cited]
      .filter(([name, size]) => files.get(name)?.length !== size)
      .map(([name]) => `${name} has another size`),
  ];
}

function unique(ids: readonly string[], what: string, problems: string[]): Set<string> {
  const seen = new Set<string>();
  for (const id of ids) {
    if (seen.has(id)) problems.push(`two of one ${what} id`);
    seen.add(id);
  }
  return seen;
}

/** Unpacks a ZIP with a library that had no part in writing it. */
export async function unzip(bytes: Buffer): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const zip = await yauzl.fromBufferPromise(bytes, { strictFileNames: true });
  for await (const entry of zip.eachEntry()) {
    const content = await buffer(await zip.openReadStreamPromise(entry));
    if (files.has(entry.fileName)) throw new Error(`two files ${entry.fileName}`);
    if (crc32(content) !== entry.crc32) throw new Error(`${entry.fileName} has another checksum`);
    files.set(entry.fileName, content);
  }
  return files;
}
