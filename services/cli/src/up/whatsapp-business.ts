import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Live } from "@daybook/capture";
import type { Home } from "@daybook/compose";
import type { Logger } from "@daybook/runtime";
import { z } from "zod";
import { WHATSAPP_BUSINESS } from "../run/whatsapp-business.ts";
import type { Keys } from "./keys.ts";
import { readPrivateSettings } from "./private-settings.ts";

const word = z.string().trim().min(1).max(4_096);
const numbers = z
  .array(z.strictObject({ id: z.string().regex(/^\d{1,32}$/, "must be digits"), custodian: word }))
  .min(1)
  .max(1_000);

/** What a file says of official WhatsApp numbers: see `connectors/whatsapp-business`. */
const settings = z.strictObject({
  numbers,
  appSecrets: z.array(word).min(1).max(10),
  verifyToken: word.min(16, "must be 16 random characters at least"),
  accessToken: word,
  template: WHATSAPP_BUSINESS.DAYBOOK_WHATSAPP_BUSINESS_TEMPLATE,
  port: z.int().min(1).max(65_535).default(4482),
  graphUrl: WHATSAPP_BUSINESS.DAYBOOK_WHATSAPP_BUSINESS_GRAPH_URL,
  quietHours: z.int().min(1).max(8_760).default(72),
});

/**
 * Has a home capture official WhatsApp numbers.
 *
 * @param file says which, and what Meta gave for them
 * @param host where webhooks come to, by a proxy that has a certificate
 * @returns the keys with one for what is remembered, which is made and kept where there is none
 * @throws {CliError} for a file that says something else, or that others may read
 */
export async function withWhatsappBusiness(
  home: Home,
  keys: Keys,
  { file, host, log }: { file: string; host: string; log: Logger },
): Promise<{ keys: Keys; live: Live }> {
  const { numbers, port, quietHours, ...given } = await readPrivateSettings(
    file,
    "WhatsApp's official numbers",
    settings,
  );
  const key = keys.service.whatsappBusiness ?? randomBytes(32).toString("base64");
  const { whatsappBusinessLive } = await import("../whatsapp-business.ts");
  const service = { ...keys.service, whatsappBusiness: key };
  if (keys.service.whatsappBusiness === undefined) await keys.save(service);
  const live = whatsappBusinessLive({
    numbers: numbers.map(({ id, custodian }) => ({ phoneNumberId: id, custodian })),
    appSecrets: () => given.appSecrets,
    verifyToken: () => given.verifyToken,
    accessToken: () => given.accessToken,
    graphUrl: given.graphUrl,
    template: given.template,
    quietMs: quietHours * 3_600_000,
    stateFile: join(home.dir, "whatsapp-business.state"),
    key: Buffer.from(key, "base64"),
    at: { host, port },
    log,
  });
  return { keys: { ...keys, service }, live };
}
