import { ConnectorError } from "@daybook/contract";
import { type ChatFile, chatFile, type ChatText } from "./chat-file.ts";
import { readShape, type Shape } from "./shape.ts";
import { type ByteSource, readRange } from "./source.ts";
import { survey } from "./survey.ts";
import { titleOf } from "./title.ts";
import { exportFolder, noFolder } from "./export-folder.ts";
import { DEFAULT_ZIP_LIMITS, openZip, type ZipLimits, type ZipMember } from "./zip-archive.ts";

/** So far into a text its first message is looked for. */
const LEADING_BYTES = 1_048_576;
const LEADING_LINES = 200;

const notAnExport = (why: string) => new ConnectorError("not-an-export", why);

/**
 * Opens a WhatsApp "Export chat" file, a text or a ZIP that holds one or more. What it is, its bytes decide, not its
 * name. Reads the beginning of a text, or the directory of a ZIP and the beginnings of the texts in it.
 *
 * @param name of the file as it was handed over: a label, that may tell the conversation's title
 * @throws {ConnectorError} `not-an-export`: no message in it; `malformed`: a ZIP that cannot be read safely
 */
export async function openExport(
  source: ByteSource,
  name: string,
  limits: ZipLimits = DEFAULT_ZIP_LIMITS,
): Promise<readonly ChatFile[]> {
  const magic = await readRange(source, 0, Math.min(4, source.sizeBytes));
  if (magic.equals(Buffer.from("PK\u0003\u0004"))) return openArchive(source, name, limits);
  if (magic.equals(Buffer.from("PK\u0005\u0006"))) throw notAnExport("the ZIP is empty");
  const text: ChatText = { name, sizeBytes: source.sizeBytes, open: () => source.read(0, source.sizeBytes) };
  const shape = await firstShape(text);
  if (shape === undefined)
    throw notAnExport("the file is no WhatsApp chat export: no message was found at its beginning");
  return [chatFile(text, shape, titleOf(name), noFolder)];
}

async function openArchive(
  source: ByteSource,
  name: string,
  limits: ZipLimits,
): Promise<readonly ChatFile[]> {
  const members = await openZip(source, limits);
  const found: { member: ZipMember; shape: Shape }[] = [];
  for (const member of members) {
    if (member.isLink || !/\.txt$/i.test(member.name)) continue;
    const shape = await firstShape(member);
    if (shape !== undefined) found.push({ member, shape });
  }
  const chats = found.length > 1 ? await withoutAttached(found) : found;
  if (chats.length === 0) throw notAnExport("the ZIP holds no WhatsApp chat export");
  const folder = exportFolder(members, new Set(chats.map(({ member }) => member)));
  return chats.map(({ member, shape }) =>
    chatFile(member, shape, titleOf(member.name) ?? (chats.length === 1 ? titleOf(name) : undefined), folder),
  );
}

/** A chat export that someone sent into a chat is an attachment of it, not another chat of this custodian. */
async function withoutAttached(found: { member: ZipMember; shape: Shape }[]) {
  const attached = new Set<ZipMember>();
  for (const { member, shape } of found) {
    const others = found.map((each) => each.member).filter((other) => other !== member);
    const chat = chatFile(member, shape, undefined, exportFolder(others, new Set()));
    for await (const batch of chat.entries({ survey: await survey(member.open(), shape, undefined, {}) })) {
      for (const { meaning } of batch) {
        const named =
          meaning.attachmentName === undefined ? undefined : chat.attachment(meaning.attachmentName);
        const other = others.find((each) => each.name === named?.memberName);
        if (other !== undefined) attached.add(other);
      }
    }
  }
  const chats = found.filter(({ member }) => !attached.has(member));
  return chats.length === 0 ? found : chats;
}

async function firstShape(text: ChatText): Promise<Shape | undefined> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of text.open()) {
    parts.push(chunk);
    length += chunk.length;
    if (length >= LEADING_BYTES) break;
  }
  const head = Buffer.concat(parts).subarray(0, LEADING_BYTES);
  if (head[0] === 0xff && head[1] === 0xfe) throw notAnExport(UTF16);
  if (head[0] === 0xfe && head[1] === 0xff) throw notAnExport(UTF16);
  let at = 0;
  for (let line = 0; line < LEADING_LINES && at < head.length; line += 1) {
    const lineEnd = head.indexOf(0x0a, at);
    const shape = readShape(
      head.toString("utf8", at, Math.min(lineEnd < 0 ? head.length : lineEnd, at + 640)),
    );
    if (shape !== undefined) return shape;
    if (lineEnd < 0) break;
    at = lineEnd + 1;
  }
  return undefined;
}

const UTF16 = "the text was saved as UTF-16 by another program: hand over the file as WhatsApp wrote it";
