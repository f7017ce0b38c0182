import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { Member } from "@daybook/imessage";

/** A file on the disk, as one of what was handed over. */
export async function fileMember(path: string): Promise<Member> {
  const { size } = await stat(path);
  const open = () => createReadStream(path, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>;
  return { name: "chat.db", sizeBytes: size, isLink: false, open };
}
