import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { SignalError } from "../error.ts";
import { openProfileName, profilePath } from "../protocol/profile-cipher.ts";
import { readContact } from "../store/contacts.ts";
import { learnNames } from "../store/learn-names.ts";
import { profileTaken, wantedProfiles } from "../store/wanted-profiles.ts";
import { rateLimited } from "../transport/failure.ts";
import { ask, parsed } from "../transport/request.ts";
import type { SyncContext } from "./context.ts";

const profile = z.object({ name: z.string().max(4_096).nullish() });

/**
 * Fetches the profiles that are wanted, one by one with a pause between, and keeps the names. Who has none under the key
 * that is known is let be until a new key comes.
 *
 * @throws {SignalError} `unavailable`, `rate-limited`: the rest is wanted still
 */
export async function fetchProfiles(
  context: SyncContext,
  pauseMs: number,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const wanted = wantedProfiles(context.file);
    if (wanted.length === 0) return;
    for (const serviceId of wanted) {
      const profileName = await nameOf(context, serviceId);
      const at = context.now().getTime();
      await context.keep((changes) => {
        if (profileName) learnNames(changes, serviceId, { profileName }, at);
        profileTaken(changes, serviceId);
        return undefined;
      });
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
    }
  }
}

/** @returns undefined where there is none that opens */
async function nameOf(context: SyncContext, serviceId: string): Promise<string | undefined> {
  const account = context.account();
  const key =
    serviceId === account.aci ? account.profileKey : readContact(context.file, serviceId).profileKey;
  const profileKey = Buffer.from(key ?? "", "base64");
  if (profileKey.length !== 32) return undefined;
  const answer = await ask(context.chat(), { verb: "GET", path: profilePath(serviceId, profileKey) });
  if (answer.status === 429) throw rateLimited(Number(answer.headers.get("retry-after") ?? "60"));
  if (answer.status >= 500)
    throw new SignalError("unavailable", `Signal answered ${answer.status} to a request`);
  if (answer.status !== 200) return undefined;
  try {
    const { name } = parsed(answer.body, profile);
    return name ? openProfileName(name, profileKey) : undefined;
  } catch (cause) {
    if (cause instanceof SignalError && cause.code === "malformed") return undefined;
    throw cause;
  }
}
