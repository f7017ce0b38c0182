import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Forms in which a text can lie in a file. */
function forms(text: string): Map<string, Buffer> {
  const utf16 = Buffer.from(text, "utf16le");
  const found = new Map([
    ["UTF-8", Buffer.from(text)],
    ["UTF-16LE", utf16],
    ["UTF-16BE", Buffer.from(utf16).swap16()],
  ]);
  // Base64 of the text depends on what stands before it: of each alignment, the characters that do not.
  for (let before = 0; before < 3; before += 1) {
    const whole = Buffer.concat([Buffer.alloc(before), Buffer.from(text)]);
    const first = Math.ceil((before * 8) / 6);
    const last = Math.floor((whole.length * 8) / 6);
    const encoded = whole.toString("base64").slice(first, last);
    found.set(`base64 at ${before}`, Buffer.from(encoded));
    found.set(`base64url at ${before}`, Buffer.from(encoded.replaceAll("+", "-").replaceAll("/", "_")));
  }
  return found;
}

/** Every place below `dir` where one of the texts can be read, as `file: text as form`. */
export function scan(
  dir: string,
  texts: readonly string[],
  skip: (path: string) => boolean = () => false,
): string[] {
  const wanted = texts.flatMap((text) =>
    [...forms(text)].map(([form, bytes]) => ({ label: `${text} as ${form}`, bytes })),
  );
  const found: string[] = [];
  const walk = (path: string): void => {
    if (skip(path)) return;
    const state = lstatSync(path, { throwIfNoEntry: false });
    if (state?.isDirectory()) {
      for (const name of readdirSync(path)) {
        for (const text of texts)
          if (name.includes(text)) found.push(`${join(path, name)}: ${text} as its name`);
        walk(join(path, name));
      }
    } else if (state?.isFile()) {
      const content = readFileSync(path);
      for (const { label, bytes } of wanted) if (content.includes(bytes)) found.push(`${path}: ${label}`);
    }
  };
  walk(dir);
  return found;
}
