import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Live } from "@daybook/capture";
import type { Home } from "@daybook/compose";
import type { Logger } from "@daybook/runtime";
import { z } from "zod";
import {
  appleAccount,
  bluebubblesUrl,
  canaryConversation,
  canaryMinutes,
  pollSeconds,
  webhookSecret,
} from "../bluebubbles-settings.ts";
import type { Keys } from "./keys.ts";
import { readPrivateSettings } from "./private-settings.ts";

const word = z.string().trim().min(1).max(4_096);

/** What a file says of a Mac's BlueBubbles: see `connectors/imessage`. */
const settings = z.strictObject({
  url: bluebubblesUrl,
  password: word,
  account: appleAccount,
  custodian: word,
  pollSeconds,
  webhook: z
    .strictObject({ secret: webhookSecret, port: z.int().min(1).max(65_535).default(4487) })
    .optional(),
  mayRelay: z.boolean().default(false),
  canary: z.strictObject({ conversation: canaryConversation, minutes: canaryMinutes }).optional(),
});

/**
 * Has a home capture a Mac's Messages by way of BlueBubbles.
 *
 * @param file says where it is, and whose
 * @param host where its webhooks come to
 * @returns the keys with one for what is remembered, which is made and kept where there is none
 * @throws {CliError} for a file that says something else, or that others may read
 */
export async function withBlueBubbles(
  home: Home,
  keys: Keys,
  { file, host, log }: { file: string; host: string; log: Logger },
): Promise<{ keys: Keys; live: Live }> {
  const { password, webhook, canary, pollSeconds, ...given } = await readPrivateSettings(
    file,
    "BlueBubbles",
    settings,
  );
  const key = keys.service.imessage ?? randomBytes(32).toString("base64");
  const { bluebubblesLive } = await import("../bluebubbles.ts");
  const service = { ...keys.service, imessage: key };
  if (keys.service.imessage === undefined) await keys.save(service);
  const live = bluebubblesLive({
    ...given,
    password: () => password,
    pollMs: pollSeconds * 1_000,
    webhookSecret: webhook && (() => webhook.secret),
    canary: canary && { conversation: canary.conversation, everyMs: canary.minutes * 60_000 },
    stateFile: join(home.dir, "bluebubbles.state"),
    key: Buffer.from(key, "base64"),
    at: { host, port: webhook?.port ?? 0 },
    log,
  });
  return { keys: { ...keys, service }, live };
}
