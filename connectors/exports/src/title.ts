import { plain } from "./characters.ts";

// What locales put round the name: "WhatsApp Chat with X", "Chat de WhatsApp con X", "与X的WhatsApp对话".
const BEFORE =
  /^.*whatsapp.*?(?: - | – | with | mit | con | com | avec | met | med | kanssa | z | с | із | ile | dengan | với | cu | عم | مع | עם | με )(.+)$/iu;
const AROUND = /^[与與和]\s*(.+?)\s*[的]\s*whatsapp.*$/iu;
const AFTER = /^(?:(.+?)(?:님과 | ile | का | के साथ | との?)\s*whatsapp.*)$/iu;

/**
 * The conversation's title as the file's name gives it, `undefined` where the name says nothing, such as `_chat.txt`.
 *
 * @param name a label: only its last part is looked at
 */
export function titleOf(name: string): string | undefined {
  const base = plain(name.slice(Math.max(name.lastIndexOf("/"), name.lastIndexOf("\\")) + 1))
    .replace(/\.(?:txt|zip)$/i, "")
    .replace(/ ?\(\d{1,3}\)$/, "")
    .trim()
    .slice(0, 512);
  if (!/whatsapp/i.test(base)) return undefined;
  for (const pattern of [BEFORE, AROUND, AFTER]) {
    const title = pattern.exec(base)?.[1]?.trim();
    if (title !== undefined && title !== "") return title;
  }
  return undefined;
}
