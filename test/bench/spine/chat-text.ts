import { createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import { once } from "node:events";
import { message } from "../../../archive/catalogue/bench/corpus.ts";

/** Messages a day: so that a range of dates holds a known number of them. */
export const MESSAGES_A_DAY = 1_000;
const AUTHORS = 50;
const LINE_BYTES = 93;
const BLOCK = 2_000;
const FIRST_DAY = Date.UTC(2023, 0, 1);

const two = (value: number) => String(value).padStart(2, "0");

/** The day that message `i` was sent on, `2023-01-01`. */
export function dayOf(i: number): string {
  return new Date(FIRST_DAY + Math.floor(i / MESSAGES_A_DAY) * 86_400_000).toISOString().slice(0, 10);
}

/** Line `i` of a WhatsApp export from Android in English: 91 bytes on average. */
function line(i: number): string {
  const [year, month, day] = dayOf(i).split("-");
  const minute = Math.floor(((i % MESSAGES_A_DAY) * 1_440) / MESSAGES_A_DAY);
  const { text = "" } = message(i);
  const head = `${day ?? ""}/${month ?? ""}/${year ?? ""}, ${two(Math.floor(minute / 60))}:${two(minute % 60)} - Author ${i % AUTHORS}: `;
  // An even spread around the average; texts that are shorter pull it down by two.
  const length = LINE_BYTES - 40 + ((i * 37) % 81);
  return `${head}${text
    .slice(0, Math.max(2, length - head.length - 1))
    .trimEnd()
    .padEnd(2, "a")}\n`;
}

/** Writes an export of `count` messages. @returns its size in bytes */
export async function writeChat(path: string, count: number): Promise<number> {
  const file = createWriteStream(path);
  for (let from = 0; from < count; from += BLOCK) {
    const lines = Array.from({ length: Math.min(BLOCK, count - from) }, (_, at) => line(from + at));
    if (!file.write(lines.join(""))) await once(file, "drain");
  }
  file.end();
  await finished(file);
  return file.bytesWritten;
}
