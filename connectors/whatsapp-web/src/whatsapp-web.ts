import { createHash } from "node:crypto";
import { mkdirSync, readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import {
  type Connector,
  ConnectorError,
  type LinkHealth,
  type Linker,
  type LinkStep,
  type Party,
  type Relay,
} from "@daybook/contract";
import { Lane, readChat, type ScopedSink } from "@daybook/keeping";
import { AccountFiles } from "./account/account-files.ts";
import { AccountLink, lastUp } from "./account/account-link.ts";
import { type AccountState, forgetAccount, readAccount, writeAccount } from "./account/kept.ts";
import { Sessions, type SessionsOptions } from "./account/sessions.ts";
import { findChromium } from "./chromium.ts";
import { WebError } from "./error.ts";
import { linkPhone, type Linked } from "./linking.ts";
import type { WhatsAppWebOptions } from "./options.ts";
import { TEMPORARY } from "./process/web-process.ts";
import type { Refusal } from "./sending.ts";

const MEMORY_MIB = 1_536;
const MAX_FILE_MIB = 512;
const QUIET_HOUR = 3;
const HOUR_MS = 3_600_000;
const WATCH_MS = 30_000;
const ANSWER_MS = 45_000;

interface Running {
  readonly link: AccountLink;
  readonly state: AccountState;
  readonly stop: () => Promise<void>;
}

/** Officials' own WhatsApp accounts, each through a linked device: WhatsApp Web in a browser of its own. */
export class WhatsAppWeb implements Connector {
  readonly #options: WhatsAppWebOptions;
  readonly #now: () => Date;
  readonly #files: AccountFiles;
  readonly #running = new Map<string, Running>();
  /** One at a time: two phones' codes may be of one account. */
  readonly #adopting = new Lane();
  #begin: ((name: string, state: AccountState) => void) | undefined;
  #sessions: SessionsOptions | undefined;
  #begun = begun();

  constructor(options: WhatsAppWebOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => new Date());
    this.#files = new AccountFiles({ ...options, now: this.#now });
    mkdirSync(options.runningDir, { recursive: true, mode: 0o700 });
  }

  /**
   * Captures every account that has a file, and those that are linked meanwhile, until `signal` aborts. An account that is
   * broken, or open in another process, stops no other.
   *
   * @throws {WebError} `no-chromium`
   */
  async run(sink: ScopedSink, signal: AbortSignal): Promise<void> {
    const { log } = this.#options;
    this.#sessions = await this.#sessionsOptions().catch((cause: unknown) => {
      this.#begun.reject(cause);
      throw cause;
    });
    await this.#sweep();
    this.#begin = (name, state) => {
      const link = this.#linkOf(name, state, sink);
      const stopping = new AbortController();
      const done = link.run(AbortSignal.any([signal, stopping.signal])).catch((cause: unknown) => {
        // What a library says may quote what it read.
        log.error({ error: cause instanceof Error ? cause.name : "unknown" }, "an account's capture ended");
      });
      const stop = async () => {
        stopping.abort();
        await done;
        state.close();
        this.#running.delete(name);
      };
      this.#running.set(name, { link, state, stop });
    };
    for (const name of this.#files.names) this.#open(name);
    const ready = begun();
    for (const one of [this.#begun, ready]) one.resolve(signal);
    this.#begun = ready;
    try {
      await aborted(signal);
    } finally {
      this.#begun = begun();
      this.#begin = undefined;
      await this.#adopting.idle();
      await Promise.all([...this.#running.values()].map(({ stop }) => stop()));
    }
  }

  health(): readonly LinkHealth[] {
    return [...this.#running.values()].map(({ link }) => link.health);
  }

  /** Links phones. Needs `run` to be running. */
  readonly linker: Linker = { link: (custodian, signal) => this.#link(custodian, signal) };

  /** Replies, as the accounts that were allowed to. */
  readonly relay: Relay = {
    has: (account) => (this.#options.relay ?? []).includes(account) && this.#running.has(nameOf(account)),
    conversation: (account, id) => {
      const running = this.#running.get(nameOf(account));
      const known = running && readChat(running.state, id);
      const isTalk = known?.kind === "direct" || known?.kind === "group";
      return Promise.resolve(isTalk ? known : undefined);
    },
    send: async (message, signal) => {
      const running = this.#running.get(nameOf(message.account));
      if (!running) return { state: "failed", ...NOT_LINKED };
      const isKnown = (await this.relay.conversation(message.account, message.conversation)) !== undefined;
      return running.link.send(message, this.#refusal(message.account, running, isKnown), signal);
    },
  };

  #refusal(account: string, { link }: Running, isKnown: boolean): Refusal | undefined {
    if (!this.relay.has(account) || link.health.status === "unlinked") return NOT_LINKED;
    if (isKnown) return undefined;
    return { code: "no-such-conversation", why: "the account is in no such conversation" };
  }

  async *#link(custodian: Party, signal: AbortSignal): AsyncGenerator<LinkStep> {
    const ending = await Promise.race([this.#begun.promise, aborted(signal)]).catch(asRefusal);
    signal.throwIfAborted();
    const sessions = this.#sessions;
    if (!ending || !sessions) throw notRunning();
    // It may have gone since.
    await findChromium(sessions.chromium.path).catch(asRefusal);
    const either = AbortSignal.any([signal, ending]);
    const linked = yield* linkPhone(this.#options.runningDir, sessions, this.#now, either);
    try {
      const again = await this.#adopting.run(() => this.#adopt(linked, custodian));
      yield { step: "linked", account: linked.wid, again };
    } finally {
      await rm(linked.dir, { recursive: true, force: true });
    }
  }

  /** The account's session is another from now on, durable before this resolves. @returns whether it had one */
  async #adopt({ wid, lid, name: pushName, dir }: Linked, custodian: Party): Promise<boolean> {
    const name = nameOf(wid);
    const begin = this.#begin;
    if (!begin) throw notRunning();
    await this.#running.get(name)?.stop();
    const state = this.#files.openForLink(name);
    const before = readAccount(state);
    try {
      const heard = before && (lastUp(state, before) ?? before.linkedAt);
      // First, for a crash in between leaves a gap that says too much, never one that is not said.
      await writeAccount(state, {
        wid,
        ...(lid !== undefined && { lid }),
        name: pushName,
        custodian,
        linkedAt: this.#now().getTime(),
        ...(heard !== undefined && { heardUntil: heard }),
      });
      await this.#sessionsOf(name).adopt(dir);
    } catch (cause) {
      if (!before) await forgetAccount(state);
      state.close();
      this.#open(name);
      throw cause;
    }
    begin(name, state);
    return before !== undefined;
  }

  #open(name: string): void {
    let state: AccountState | undefined;
    try {
      state = this.#files.open(name);
      if (this.#begin && readAccount(state)) return this.#begin(name, state);
      // A link that was cut off: there is no account in it.
      state.close();
    } catch (cause) {
      state?.close();
      if (!(cause instanceof ConnectorError)) throw cause;
      this.#options.log.error({ code: cause.code }, "an account is not captured");
    }
  }

  #linkOf(name: string, state: AccountState, sink: ScopedSink): AccountLink {
    const {
      quietHour = QUIET_HOUR,
      lookEveryMs = HOUR_MS,
      maxFileMiB = MAX_FILE_MIB,
      log,
      onHealth,
      mediaWaits,
      restartWaits,
      heldMs,
      answerMs = ANSWER_MS,
    } = this.#options;
    const account = readAccount(state);
    if (!account) throw new TypeError("not an account's file");
    const sessions = this.#sessionsOf(name);
    return new AccountLink({
      ...{
        state,
        sessions,
        sink,
        account,
        maxFileMiB,
        answerMs,
        quietHour,
        lookEveryMs,
        log,
        onHealth,
        mediaWaits,
        restartWaits,
        heldMs,
      },
      now: this.#now,
    });
  }

  #sessionsOf(name: string): Sessions {
    if (!this.#sessions) throw new TypeError("capture is not running");
    return new Sessions(join(this.#options.runningDir, name), this.#files.sealed(name), this.#sessions);
  }

  async #sessionsOptions(): Promise<SessionsOptions> {
    const {
      chromium,
      chromiumArgs = [],
      sandbox = process.getuid?.() !== 0,
      deviceName,
      loadMs,
      historyMs,
    } = this.#options;
    const { memoryMiB = MEMORY_MIB, watchMs = WATCH_MS } = this.#options;
    return {
      chromium: await findChromium(chromium),
      moreArgs: chromiumArgs,
      ...{ sandbox, deviceName, memoryMiB, watchMs },
      ...(loadMs !== undefined && { loadMs }),
      ...(historyMs !== undefined && { historyMs }),
    };
  }

  /** Links and browsers that were cut off left folders, which are nobody's. */
  async #sweep(): Promise<void> {
    const { runningDir } = this.#options;
    for (const name of readdirSync(runningDir))
      if (name.startsWith("linking-") || name.startsWith(TEMPORARY))
        await rm(join(runningDir, name), { recursive: true, force: true });
  }
}

const NOT_LINKED: Refusal = {
  code: "unlinked",
  why: "the account is not linked, or not allowed to send",
};

/** Resolves with what ends the run that began. */
function begun(): PromiseWithResolvers<AbortSignal> {
  const promise = Promise.withResolvers<AbortSignal>();
  promise.promise.catch(() => undefined);
  return promise;
}

function notRunning(): ConnectorError {
  return new ConnectorError("network-unavailable", "capture is not running");
}

/** What an operator has to see to first. */
function asRefusal(cause: unknown): never {
  if (!(cause instanceof WebError)) throw cause;
  throw new ConnectorError("link-refused", cause.message, { cause });
}

/** Says nothing of whose it is, and is the same for the same account. */
function nameOf(wid: string): string {
  return createHash("sha256").update(wid).digest("hex").slice(0, 32);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
