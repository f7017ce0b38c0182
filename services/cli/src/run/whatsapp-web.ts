import { join } from "node:path";
import type { Live } from "@daybook/capture";
import type { Config, Logger } from "@daybook/runtime";
import { z } from "zod";
import { bytes, key } from "./settings.ts";

const lines = (text: string) => text.split("\n").filter((line) => line.trim() !== "");
const list = (most: number) =>
  z
    .string()
    .max(64 * 1024)
    .transform(lines)
    .pipe(z.array(z.string().max(1_024)).max(most))
    .default([]);

/** What capture is told where it captures officials' own WhatsApp accounts. */
export const WHATSAPP_WEB = {
  DAYBOOK_WHATSAPP_WEB_KEY: key("encrypts the sessions and files of WhatsApp accounts").optional(),
  DAYBOOK_WHATSAPP_WEB_RUNNING_PATH: z
    .string()
    .regex(/^\//, "must be a path from the root")
    .default("/run/daybook/whatsapp-web")
    .describe("sessions whose browsers run, which nothing encrypts: in memory (tmpfs), never backed up"),
  DAYBOOK_WHATSAPP_WEB_CHROMIUM: z
    .string()
    .regex(/^\//, "must be a path from the root")
    .optional()
    .describe("Chromium; looked for among the commands, unless given"),
  DAYBOOK_WHATSAPP_WEB_CHROMIUM_ARGS: list(32).describe(
    "more of Chromium's arguments, one a line: a proxy, say",
  ),
  DAYBOOK_WHATSAPP_WEB_MEMORY_MIB: z.coerce
    .number<string>()
    .int()
    .min(256)
    .max(65_536)
    .default(1_536)
    .describe("memory of one account's browser, MiB: it is started anew beyond it"),
  DAYBOOK_WHATSAPP_WEB_QUIET_HOUR: z.coerce
    .number<string>()
    .int()
    .min(0)
    .max(23)
    .default(3)
    .describe("hour of the day, UTC, at which browsers are started anew"),
  DAYBOOK_WHATSAPP_WEB_RELAY: list(1_000).describe(
    "accounts that may send, as their events name them, one a line: WhatsApp may block an account for it",
  ),
};

type Given = Config<typeof WHATSAPP_WEB>;

export function whatsappWebProblems(
  config: Partial<Given> & { readonly DAYBOOK_CONNECTORS?: readonly string[] },
): string[] {
  if (!config.DAYBOOK_CONNECTORS?.includes("whatsapp-web")) return [];
  const isMissing = config.DAYBOOK_WHATSAPP_WEB_KEY === undefined;
  return isMissing ? ["DAYBOOK_WHATSAPP_WEB_KEY: is missing beside the connector whatsapp-web"] : [];
}

/** The connector, by settings that were judged before. */
export async function whatsappWebOf(
  config: Given & { readonly DAYBOOK_STATE_PATH: string },
  log: Logger,
): Promise<Live> {
  const { DAYBOOK_WHATSAPP_WEB_KEY: accountsKey } = config;
  if (!accountsKey) throw new TypeError("WhatsApp Web is captured without its settings");
  const { whatsappWebLive } = await import("../whatsapp-web.ts");
  return whatsappWebLive({
    dir: join(config.DAYBOOK_STATE_PATH, "whatsapp-web"),
    runningDir: config.DAYBOOK_WHATSAPP_WEB_RUNNING_PATH,
    key: bytes(accountsKey),
    chromium: config.DAYBOOK_WHATSAPP_WEB_CHROMIUM,
    chromiumArgs: config.DAYBOOK_WHATSAPP_WEB_CHROMIUM_ARGS,
    relay: config.DAYBOOK_WHATSAPP_WEB_RELAY,
    memoryMiB: config.DAYBOOK_WHATSAPP_WEB_MEMORY_MIB,
    quietHour: config.DAYBOOK_WHATSAPP_WEB_QUIET_HOUR,
    log,
  });
}
