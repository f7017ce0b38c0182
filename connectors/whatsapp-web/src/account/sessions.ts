import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Chromium } from "../chromium.ts";
import { chromiumArgs, userAgent } from "../chromium.ts";
import type { SealedProfile } from "../profile/sealed-profile.ts";
import { WebProcess, type WebProcessOptions } from "../process/web-process.ts";

const LOAD_MS = 90_000;
const HISTORY_MS = 30_000;
/** By which Chromium knows that another has its folder, on whatever machine; nobody has it when a session starts. */
const LOCKS = ["SingletonLock", "SingletonSocket", "SingletonCookie"];

export interface SessionsOptions {
  readonly chromium: Chromium;
  /** More of Chromium's arguments: a test's own server, say. */
  readonly moreArgs: readonly string[];
  readonly sandbox: boolean;
  readonly deviceName: string;
  readonly memoryMiB: number;
  readonly watchMs: number;
  readonly loadMs?: number;
  readonly historyMs?: number;
}

/** The session's folder of an account: plain while its Chromium runs, sealed in between. */
export class Sessions {
  readonly #dir: string;
  readonly #sealed: SealedProfile;
  readonly #options: SessionsOptions;

  /** @param dir where it is plain: best in memory, never backed up */
  constructor(dir: string, sealed: SealedProfile, options: SessionsOptions) {
    this.#dir = dir;
    this.#sealed = sealed;
    this.#options = options;
  }

  /**
   * Starts one, from what an ended process left or what was sealed.
   *
   * @throws {WebError} `profile-unreadable`; `unavailable` where the system gives no room for it
   */
  async start(heard: WebProcessOptions["heard"]): Promise<WebProcess> {
    // What a crash left is newer than what was sealed, and has what was observed last.
    if (!existsSync(join(this.#dir, "session")) && this.#sealed.exists) {
      await rm(this.#dir, { recursive: true, force: true });
      await this.#sealed.unseal(this.#dir);
    }
    for (const name of LOCKS) await rm(join(this.#dir, "session", name), { force: true });
    return startProcess(this.#dir, this.#options, { isLinking: false }, heard);
  }

  /** After a session was stopped in good order: nothing plain is left. Durable once resolved. */
  async seal(): Promise<void> {
    if (!existsSync(join(this.#dir, "session"))) return;
    await this.#sealed.seal(this.#dir);
    await rm(this.#dir, { recursive: true, force: true });
  }

  /** Another session takes this one's place, durable before this resolves. @param dir its folder, which goes */
  async adopt(dir: string): Promise<void> {
    await rm(this.#dir, { recursive: true, force: true });
    await this.#sealed.seal(dir);
    await rename(dir, this.#dir);
  }
}

export function startProcess(
  profile: string,
  options: SessionsOptions,
  { isLinking }: { readonly isLinking: boolean },
  heard: WebProcessOptions["heard"],
): WebProcess {
  const { chromium, sandbox, moreArgs, deviceName, memoryMiB, watchMs } = options;
  const { loadMs = LOAD_MS, historyMs = HISTORY_MS } = options;
  return new WebProcess({
    settings: {
      chromium: chromium.path,
      chromiumArgs: [...chromiumArgs(sandbox), ...moreArgs],
      profile,
      userAgent: userAgent(chromium),
      deviceName,
      loadMs,
      historyMs,
      isLinking,
    },
    memoryMiB,
    watchMs,
    heard,
  });
}
