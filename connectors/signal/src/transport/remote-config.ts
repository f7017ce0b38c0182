import { z } from "zod";
import type { Net } from "../libsignal.ts";
import { ask, parsed } from "./request.ts";

/** The server names the settings of each platform's library apart: this client reads those of the one that it is like. */
const PREFIX = "desktop.libsignalNet.";
const MAX_SETTINGS = 1_000;

const answer = z.object({ config: z.record(z.string(), z.string().nullable()) });

/**
 * What Signal asks its clients' library to do: names without their platform, and what is switched off left out. Of what it
 * does not know the library takes no notice.
 *
 * @throws {SignalError} `unavailable`, `malformed`
 */
export async function fetchRemoteConfig(
  chat: Pick<Net.ChatConnection, "fetch">,
): Promise<ReadonlyMap<string, string>> {
  const { status, body } = await ask(chat, { verb: "GET", path: "/v2/config" });
  if (status !== 200) return new Map();
  const settings = Object.entries(parsed(body, answer).config)
    .filter(([name, value]) => name.startsWith(PREFIX) && value?.toLowerCase() !== "false")
    .slice(0, MAX_SETTINGS);
  return new Map(settings.map(([name, value]) => [name.slice(PREFIX.length), value ?? ""]));
}
