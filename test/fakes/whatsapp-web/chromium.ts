import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/** With which Chromium runs anywhere: as root, without a screen, in a small /dev/shm. */
export const HEADLESS_ARGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] as const;

/** Path of the Chromium on this machine, undefined where there is none. */
export function findChromium(path = process.env.PATH ?? ""): string | undefined {
  const places = NAMES.flatMap((name) => path.split(delimiter).map((dir) => join(dir, name)));
  return places.find((place) => existsSync(place));
}

/** Describes something that needs Chromium. Where it is missing, that is skipped, with one loud line. */
export function describeWithChromium(name: string, body: (executablePath: string) => void): void {
  const found = findChromium();
  if (found === undefined) {
    console.warn(`Chromium is missing (apt-get install chromium): the tests of ${name} are SKIPPED`);
  }
  (found === undefined ? describe.skip : describe)(name, () => body(found ?? ""));
}
