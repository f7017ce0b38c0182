import { createHash, randomBytes } from "node:crypto";
import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import type { Live } from "@daybook/capture";
import type { Home } from "@daybook/compose";
import type { Logger } from "@daybook/runtime";
import type { Keys } from "./keys.ts";

/** Memory that is written like a disk, on Linux. */
const MEMORY = "/dev/shm";

export interface WhatsAppWebGiven {
  readonly chromium?: string | undefined;
  readonly chromiumArgs: readonly string[];
  /** Accounts that may send. */
  readonly relay: readonly string[];
  readonly log: Logger;
}

/**
 * Has a home capture officials' own WhatsApp accounts.
 *
 * @returns the keys with one for the accounts' files, which is made and kept where there is none
 * @throws {CliError} where there is no Chromium
 */
export async function withWhatsAppWeb(
  home: Home,
  keys: Keys,
  given: WhatsAppWebGiven,
): Promise<{ keys: Keys; live: Live }> {
  const { whatsappWebLive } = await import("../whatsapp-web.ts");
  const key = keys.service.whatsappWeb ?? randomBytes(32).toString("base64");
  const live = await whatsappWebLive({
    ...given,
    dir: join(home.dir, "whatsapp-web"),
    runningDir: runningDir(home.dir),
    key: Buffer.from(key, "base64"),
  });
  const service = { ...keys.service, whatsappWeb: key };
  if (keys.service.whatsappWeb === undefined) await keys.save(service);
  return { keys: { ...keys, service }, live };
}

/** Sessions that run are plain: in memory where the system has such a folder, so that no disk has them. */
function runningDir(home: string): string {
  try {
    accessSync(MEMORY, constants.W_OK);
    return join(MEMORY, `daybook-${createHash("sha256").update(home).digest("hex").slice(0, 16)}`);
  } catch {
    return join(home, "whatsapp-web", "running");
  }
}
