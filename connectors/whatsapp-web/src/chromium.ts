import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { WebError } from "./error.ts";

const NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
const VERSION_MS = 20_000;

/** A Chromium that can be run, and what it calls itself. */
export interface Chromium {
  readonly path: string;
  /** `156.0.8078.79`. */
  readonly version: string;
}

/**
 * Finds Chromium, and asks it for its version.
 *
 * @param path where it is; looked for among the commands unless given
 * @throws {WebError} `no-chromium`, with what to install
 */
export async function findChromium(path?: string): Promise<Chromium> {
  const found = path === undefined ? NAMES.map(commandOf).find((one) => one !== undefined) : runnable(path);
  if (found === undefined)
    throw new WebError(
      "no-chromium",
      "WhatsApp Web needs Chromium, which is not here: on Debian, apt-get install chromium",
    );
  const { stdout } = await promisify(execFile)(found, ["--version"], { timeout: VERSION_MS }).catch(
    (cause: unknown) => {
      throw new WebError("no-chromium", "Chromium does not start", { cause });
    },
  );
  const version = /\d+(\.\d+){1,3}/.exec(stdout)?.[0];
  if (version === undefined) throw new WebError("no-chromium", "what was found as Chromium is none");
  return { path: found, version };
}

/** What it would say of itself with a window. The library's own is of another browser, years old. */
export function userAgent({ version }: Chromium): string {
  const [major = "0"] = version.split(".");
  return `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${major}.0.0.0 Safari/537.36`;
}

/** @param sandbox false where the system does not let Chromium make its own: as root, or without user namespaces */
export function chromiumArgs(sandbox: boolean): string[] {
  return [
    ...(sandbox ? [] : ["--no-sandbox"]),
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-component-update",
    "--disable-background-networking",
    "--disable-breakpad",
    "--no-first-run",
    "--mute-audio",
    // Nothing of it is shown: a page in the background is slowed down otherwise.
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    // What it asks the system's keyring for is in its folder, which is ours to encrypt.
    "--password-store=basic",
    "--disk-cache-size=33554432",
  ];
}

function commandOf(name: string): string | undefined {
  return (process.env.PATH ?? "")
    .split(delimiter)
    .filter((dir) => dir !== "")
    .map((dir) => runnable(join(dir, name)))
    .find((path) => path !== undefined);
}

function runnable(path: string): string | undefined {
  try {
    accessSync(path, constants.X_OK);
    return path;
  } catch {
    return undefined;
  }
}
