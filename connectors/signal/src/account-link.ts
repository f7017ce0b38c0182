import { setTimeout as sleep } from "node:timers/promises";
import { BackOff, Lane, type ScopedSink } from "@daybook/keeping";
import type { AccountLinkOptions } from "./account-link-options.ts";
import { Beside } from "./beside.ts";
import { connection } from "./connection.ts";
import { Coverage } from "./coverage.ts";
import { SignalError } from "./error.ts";
import { GroupKeeper } from "./groups/group-keeper.ts";
import { downAlert, ENDS, type LinkHealth, type LinkStatus, troubles } from "./health.ts";
import { plain, PublicKey, type AuthenticatedChat } from "./libsignal.ts";
import { KeyUpkeep } from "./linking/key-upkeep.ts";
import { putCapabilities, requestKeys, requestSync } from "./linking/upkeep.ts";
import { Pump } from "./pump.ts";
import { askAgain } from "./receiving/ask-again.ts";
import type { Errand } from "./receiving/learn.ts";
import { type Delivery, Receiver } from "./receiving/receiver.ts";
import { answerResendRequests } from "./sending/resend.ts";
import type { SendContext } from "./sending/send.ts";
import { type LinkedAccount, readAccount } from "./store/account.ts";
import { Changes } from "./store/changes.ts";
import { Sync, SYNC_PACE } from "./sync/sync.ts";

const WAITS = { firstMs: 1_000, mostMs: 60_000 };
const BEAT_MS = 60_000;
/** What was seen is forgotten after twice the time that Signal keeps messages. */
const SEEN_MS = 60 * 86_400_000;

/**
 * One account's link: everything that touches its ratchets runs in one lane, one after another. What it hears is durable
 * in its file before Signal is told; a pump hands it on from there.
 */
export class AccountLink {
  readonly #options: AccountLinkOptions;
  readonly #lane = new Lane();
  readonly #receiver: Receiver;
  readonly #coverage: Coverage;
  readonly #pump: Pump;
  readonly #sync: Sync;
  readonly #trustRoots: readonly PublicKey[];
  readonly #groups: GroupKeeper;
  /** What runs beside receiving: over before the file is closed. */
  readonly #beside: Beside;
  readonly #keys: KeyUpkeep;
  #status: LinkStatus = "connecting";
  #problem: string | undefined;
  #alerts: readonly string[] = [];
  #chat: AuthenticatedChat | undefined;

  /** @throws {SignalError} `account-unreadable` */
  constructor(options: AccountLinkOptions) {
    this.#options = options;
    const { file, now } = options;
    const account = readAccount(file);
    this.#beside = new Beside(options.log);
    this.#trustRoots = options.trustRoots.map((key) =>
      PublicKey.deserialize(plain(Buffer.from(key, "base64"))),
    );
    this.#receiver = new Receiver(file, account, this.#trustRoots);
    this.#coverage = new Coverage(file, account.linkedAt, now().getTime());
    this.#keys = new KeyUpkeep({
      ...options,
      inTurn: (work) => this.inTurn(work),
      adopt: (next) => this.#receiver.adopt(next),
      isConnected: () => this.#chat !== undefined,
    });
    this.#pump = new Pump({ ...options, account: () => this.account });
    this.#sync = new Sync(
      {
        ...options,
        account: () => this.account,
        chat: () => this.#connected(),
        keep: (work) => this.#keep(work),
        requestKeys: () => this.inTurn(requestKeys),
      },
      options.syncPace ?? SYNC_PACE,
    );
    this.#groups = new GroupKeeper({
      ...options,
      account: () => this.account,
      chat: () => this.#chat,
      inTurn: (work) => this.#lane.run(work),
      onEntries: () => this.#pump.wake(),
    });
  }

  /** What is known of the account's groups. */
  get groups(): GroupKeeper {
    return this.#groups;
  }

  get account(): LinkedAccount {
    return this.#receiver.account;
  }

  get health(): LinkHealth {
    const { file } = this.#options;
    const { aci, custodian, linkedAt, heardUntil } = this.account;
    return {
      account: aci,
      custodian,
      link: {
        since: new Date(linkedAt),
        ...(heardUntil !== undefined && { heardUntil: new Date(heardUntil) }),
      },
      status: this.#status,
      ...troubles({
        problem: this.#problem,
        alerts: this.#alerts,
        coverage: this.#coverage,
        keysFail: this.#keys.isFailing,
        now: this.#options.now().getTime(),
      }),
      unsent: file.unsent,
      quarantined: file.quarantinedCount,
    };
  }

  /**
   * Captures until `signal` aborts, also while the link waits for somebody to act: what is in the file is handed on all the
   * same. Rejects only when the file, or the sink, cannot go on.
   */
  async run(sink: ScopedSink, signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    const both = AbortSignal.any([signal, stop.signal]);
    try {
      await Promise.all([
        this.#pump.run(sink, both),
        this.#stayConnected(both),
        this.#beat(both),
        this.#groups.run(both),
        this.#sync.run(both),
      ]);
    } finally {
      stop.abort();
      await this.#beside.idle();
      await this.#lane.idle();
    }
  }

  /**
   * Does something with the account's ratchets, in turn with all else.
   *
   * @throws {SignalError} `unavailable` while there is no connection
   */
  async inTurn<T>(work: (context: SendContext) => Promise<T>): Promise<T> {
    return this.#lane.run(async () => {
      const chat = this.#connected();
      const { file, now, network } = this.#options;
      const unauthenticated = () => network.unauthenticated();
      try {
        return await work({ file, account: this.account, chat, unauthenticated, now });
      } finally {
        this.#pump.wake();
      }
    });
  }

  #connected(): AuthenticatedChat {
    if (this.#chat) return this.#chat;
    throw new SignalError("unavailable", this.#problem ?? "the account is not connected to Signal");
  }

  async #keep(work: (changes: Changes, account: LinkedAccount) => LinkedAccount | undefined): Promise<void> {
    await this.#lane.run(() => {
      const { file, now } = this.#options;
      const changes = new Changes(file);
      const account = work(changes, this.account);
      file.commit(changes, now().getTime());
      if (account) this.#receiver.adopt(account);
      return Promise.resolve();
    });
    this.#pump.wake();
  }

  async #stayConnected(signal: AbortSignal): Promise<void> {
    const { network, now, log } = this.#options;
    const backOff = new BackOff(WAITS);
    while (!signal.aborted) {
      this.#enter("connecting");
      try {
        const events = {
          receive: (batch: readonly Delivery[]) => this.#receive(batch),
          onCaughtUp: () => {
            backOff.reset();
            this.#enter("live");
          },
          onAlerts: (alerts: readonly string[]) => this.#warn(alerts),
        };
        const onConnected = (chat: AuthenticatedChat) => {
          this.#chat = chat;
          if (this.#status === "connecting") this.#enter("catching-up");
          this.#beside.start(() => this.#lookAfter());
          this.#sync.connected();
        };
        await connection(network, this.account, events, onConnected, { now, signal });
      } catch (cause) {
        if (!(cause instanceof SignalError)) throw cause;
        if (isAborted(signal)) break;
        this.#chat = undefined;
        const end = ENDS[cause.code];
        if (end) {
          log.error({ code: cause.code }, "a link to Signal needs somebody");
          this.#enter(end, cause.message);
          return;
        }
        log.warn({ code: cause.code }, "a link to Signal is tried again");
        this.#enter("backing-off", cause.message);
        await backOff.wait(signal, cause.retryAfterMs);
      } finally {
        this.#chat = undefined;
      }
    }
    this.#enter("stopped");
  }

  async #receive(batch: readonly Delivery[]): Promise<void> {
    const { errands, quarantined } = await this.#lane.run(() =>
      this.#receiver.receive(batch, this.#options.now().getTime()),
    );
    this.#pump.wake();
    for (const errand of errands) this.#run(errand);
    if (!quarantined) return;
    this.#options.log.warn(
      { kept: this.#options.file.quarantinedCount },
      "an envelope could not be decrypted",
    );
    this.#beside.start(() => this.inTurn((context) => askAgain(context, this.#trustRoots)));
  }

  /** On each connection: keys first, for without them nobody new can write. */
  async #lookAfter(): Promise<void> {
    const { file, now, network } = this.#options;
    await this.#keys.run();
    await this.#beside.quietly(() => this.inTurn(putCapabilities));
    await this.#beside.quietly(() => this.inTurn(({ chat }) => network.followConfig(chat, now())));
    const asked = `sync-asked/${this.account.deviceId}`;
    if (!file.get("link", asked)) {
      await this.inTurn(requestSync);
      const changes = new Changes(file);
      changes.set("link", asked, Buffer.from("1"));
      file.commit(changes, now().getTime());
    }
    await this.inTurn((context) => askAgain(context, this.#trustRoots));
    await this.inTurn(answerResendRequests);
    this.#groups.wantStale();
    file.forgetSeen(now().getTime() - SEEN_MS);
  }

  #run(errand: Errand): void {
    if (errand.what === "sync") this.#sync.wake();
    if (errand.what === "group") this.#groups.want(errand.id, errand.change);
    if (errand.what === "keys") this.#beside.start(() => this.#keys.run());
    if (errand.what === "resend") this.#beside.start(() => this.inTurn(answerResendRequests));
  }

  async #beat(signal: AbortSignal): Promise<void> {
    let told = downAlert(this.#coverage.downSince, this.#options.now().getTime());
    while (!signal.aborted) {
      await sleep(BEAT_MS, undefined, { signal }).catch(() => undefined);
      if (isAborted(signal)) return;
      const now = this.#options.now().getTime();
      this.#coverage.beat(now);
      this.#pump.wake();
      const alert = downAlert(this.#coverage.downSince, now);
      if (alert !== told && alert !== undefined) {
        this.#options.log.error({ alert }, "a link to Signal has been down for long");
        this.#options.onHealth?.(this.health);
      }
      told = alert;
      if (this.#status === "live" && this.#keys.isDue) await this.#keys.run();
    }
  }

  #warn(alerts: readonly string[]): void {
    if (alerts.length === 0 && this.#alerts.length === 0) return;
    this.#alerts = alerts;
    if (alerts.length > 0) this.#options.log.warn({ alerts }, "Signal warns of something");
    this.#options.onHealth?.(this.health);
  }

  #enter(status: LinkStatus, problem?: string): void {
    this.#status = status;
    this.#problem = problem;
    const state = status === "live" || status === "catching-up" ? status : "down";
    // One step of its own: nothing of the lane is ever half done between two.
    this.#coverage.enter(state, this.#options.now().getTime());
    this.#pump.wake();
    this.#options.onHealth?.(this.health);
  }
}

/** Asked again after a wait. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
