import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import i18next, { type i18n } from "i18next";

const DIR = join(import.meta.dirname, "texts");

/** Every word on a screen, by language and area: `area:key`. */
export interface Texts {
  /** The text of a key, with its `{{names}}` filled in and its plural chosen by `count`. */
  text(key: string, values?: Readonly<Record<string, unknown>>): string;
  has(key: string): boolean;
}

/**
 * Reads the texts of a language: one JSON file an area. Values are put in as they are; the templates escape them.
 *
 * @param language a folder below `texts`, BCP 47
 */
export function createTexts(language = "en"): Texts {
  const files = readdirSync(join(DIR, language)).filter((name) => name.endsWith(".json"));
  const areas = Object.fromEntries(
    files.map((name) => [
      name.slice(0, -".json".length),
      JSON.parse(readFileSync(join(DIR, language, name), "utf8")) as Record<string, unknown>,
    ]),
  );
  const instance: i18n = i18next.createInstance();
  void instance.init({
    lng: language,
    initAsync: false,
    ns: Object.keys(areas),
    defaultNS: "common",
    resources: { [language]: areas },
    interpolation: { escapeValue: false },
    returnNull: false,
  });
  return {
    text: (key, values = {}) => instance.t(key, values),
    has: (key) => instance.exists(key),
  };
}
