import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";

/** In the order in which they need each other. */
const PARTS = [
  "whatsapp",
  "queue",
  "about",
  "seen",
  "remembered",
  "outgoing",
  "watch",
  "look",
  "media",
  "probe",
  "main",
];

/**
 * The code of `page/` as one script, for a page to run before its own: types are stripped as Node itself does it, and what
 * the parts import from each other is in one scope.
 */
export function pageScript(): string {
  const parts = PARTS.map((name) => {
    const source = readFileSync(join(import.meta.dirname, "page", `${name}.ts`), "utf8");
    return stripTypeScriptTypes(source)
      .replace(/^import\s[^;]*;$/gm, "")
      .replace(/^export /gm, "");
  });
  return `(() => {\n"use strict";\n${parts.join("\n")}\nbegin();\n})();`;
}
