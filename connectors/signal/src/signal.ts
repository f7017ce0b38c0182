import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import {
  type Connector,
  ConnectorError,
  type Linker,
  type LinkStep,
  type Party,
  type Relay,
} from "@daybook/contract";
import type { Log, ScopedSink, Waits } from "@daybook/keeping";
import { AccountLink } from "./account-link.ts";
import type { AccountLinkOptions } from "./account-link-options.ts";
import { LATE_WAITS } from "./attachments/late.ts";
import { SignalError } from "./error.ts";
import type { LinkHealth, LinkStatus } from "./health.ts";
import { aciOfProvision, registerDevice } from "./linking/register.ts";
import { showCodes } from "./linking/show-code.ts";
import { Aci, type zkgroup } from "./libsignal.ts";
import { readServiceId } from "./protocol/service-id.ts";
import { People } from "./reading/people.ts";
import { expire } from "./sending/progress.ts";
import { relayToGroup } from "./sending/group-relay.ts";
import { relay } from "./sending/relay.ts";
import { AccountFile } from "./store/account-file.ts";
import { readGroup } from "./store/groups.ts";
import type { SyncPace } from "./sync/sync.ts";
import { WebClient } from "./transport/download.ts";
import { Network } from "./transport/network.ts";
import { groupServer, type SignalServers } from "./transport/servers.ts";

export interface SignalOptions {
  /** Where the accounts' files are, one each: on capture's own disk, which is durable. Only ciphertext is written there. */
  readonly dir: string;
  /** 32 bytes: encrypts them. Whoever has it and the files is the officials on Signal. */
  readonly key: Uint8Array;
  readonly servers: SignalServers;
  /** Under which Signal lists the device on the phone, and knows the client. */
  readonly deviceName: string;
  readonly userAgent: string;
  readonly log: Log;
  readonly now?: () => Date;
  /** An attachment that is not had for so long is recorded as a gap; as long as Signal keeps them, if not given. */
  readonly attachmentPatienceMs?: number;
  /** How long to wait between two attempts for one that is late. */
  readonly lateWaits?: Waits;
  /** How soon what failed of syncing is tried again, and how fast profiles are asked for. */
  readonly syncPace?: SyncPace;
  /** Told of each change of a link. */
  readonly onHealth?: (health: LinkHealth) => void;
}

/** Somebody has to act before such an account sends anything again. */
const NEEDS_SOMEBODY: ReadonlySet<LinkStatus> = new Set(["unlinked", "expired", "displaced"]);
const SUFFIX = ".account";
const ATTACHMENT_LIFE_MS = 45 * 86_400_000;

interface Running {
  readonly link: AccountLink;
  readonly file: AccountFile;
  readonly stop: () => Promise<void>;
}

/** Officials' Signal accounts, each through a linked device of its own. One process has them all, or a share of them. */
export class Signal implements Connector {
  readonly #options: SignalOptions;
  readonly #network: Network;
  readonly #web: WebClient;
  readonly #server: zkgroup.ServerPublicParams;
  readonly #running = new Map<string, Running>();
  #start: ((name: string, file: AccountFile) => AccountLink) | undefined;

  constructor(options: SignalOptions) {
    this.#options = options;
    this.#network = new Network(options);
    this.#web = new WebClient(options.servers, options.userAgent);
    this.#server = groupServer(options.servers);
    mkdirSync(options.dir, { recursive: true, mode: 0o700 });
  }

  /**
   * Captures every account that has a file, and those that are linked meanwhile, until `signal` aborts. An account that is
   * broken, or open in another process, stops no other: `health` tells of it.
   */
  async run(sink: ScopedSink, signal: AbortSignal): Promise<void> {
    this.#start = (name, file) => {
      const link = new AccountLink(this.#linkOptions(file));
      const stopping = new AbortController();
      const done = link.run(sink, AbortSignal.any([signal, stopping.signal])).catch((err: unknown) => {
        // What a library says may quote what it read.
        this.#options.log.error(
          { error: err instanceof Error ? err.name : "unknown" },
          "an account's capture ended",
        );
      });
      const stop = async () => {
        stopping.abort();
        await done;
        file.close();
        this.#running.delete(name);
      };
      this.#running.set(name, { link, file, stop });
      return link;
    };
    for (const name of readdirSync(this.#options.dir)
      .filter((one) => one.endsWith(SUFFIX))
      .sort())
      this.#open(name);
    try {
      await aborted(signal);
    } finally {
      this.#start = undefined;
      await Promise.all([...this.#running.values()].map(({ stop }) => stop()));
    }
  }

  /** How each account's link stands. */
  health(): LinkHealth[] {
    return [...this.#running.values()].map(({ link }) => link.health);
  }

  /** Links phones. Needs `run` to be running. */
  readonly linker: Linker = {
    link: (custodian, signal) => told(this.#link(custodian, signal)),
  };

  /** Replies, as accounts that are captured here. */
  readonly relay: Relay = {
    has: (account) => this.#running.has(fileName(account)),
    conversation: (account, id) => {
      const running = this.#running.get(fileName(account));
      const people = running && new People(running.link.account, running.file, this.#server);
      if (people?.isInGroup(id)) return Promise.resolve(people.group(id));
      const isAnother = readServiceId(undefined, id) instanceof Aci && id !== account;
      return Promise.resolve(isAnother ? people?.direct(id) : undefined);
    },
    send: async (message) => {
      const { now = () => new Date() } = this.#options;
      const running = this.#running.get(fileName(message.account));
      if (!running || NEEDS_SOMEBODY.has(running.link.health.status))
        return { state: "failed", code: "unlinked", why: "the account is not linked to Signal any more" };
      const isOver = () => now().getTime() >= Date.parse(message.expiresAt);
      const over = () => expire(running.file, message.id, now());
      try {
        if (isOver()) return over();
        if (readGroup(running.file, message.conversation))
          return await relayToGroup({ ...running, server: this.#server, now }, message);
        return await running.link.inTurn((context) => relay(context, message));
      } catch (cause) {
        if (!(cause instanceof SignalError)) throw cause;
        if (isOver()) return over();
        throw new ConnectorError("network-unavailable", cause.message, { cause });
      }
    },
  };

  /** Call after `run` has ended. */
  async close(): Promise<void> {
    this.#web.close();
    await this.#network.close();
  }

  async *#link(custodian: Party, signal: AbortSignal): AsyncGenerator<LinkStep> {
    const { now = () => new Date(), dir, key, deviceName, log } = this.#options;
    const codes = showCodes(this.#network, now, signal);
    let shown = await codes.next();
    while (!shown.done) {
      yield { step: "show", ...shown.value };
      shown = await codes.next();
    }
    const provision = shown.value;
    yield { step: "linking" };
    const name = fileName(aciOfProvision(provision));
    const before = this.#running.get(name);
    await before?.stop();
    const again = before !== undefined;
    const file = openForLink(join(dir, name), key, now(), log);
    try {
      const account = await registerDevice({
        network: this.#network,
        file,
        provision,
        custodian,
        deviceName,
        now: now().getTime(),
      });
      this.#begin(name, file);
      yield { step: "linked", account: account.aci, again: account.heardUntil !== undefined };
    } catch (cause) {
      if (this.#running.has(name)) throw cause;
      file.close();
      if (again) this.#open(name);
      throw cause;
    }
  }

  #open(name: string): void {
    const { dir, key, log } = this.#options;
    let file: AccountFile | undefined;
    try {
      file = AccountFile.open(join(dir, name), key);
      this.#begin(name, file);
    } catch (cause) {
      file?.close();
      if (!(cause instanceof SignalError)) throw cause;
      log.error({ code: cause.code }, "an account is not captured");
    }
  }

  #begin(name: string, file: AccountFile): AccountLink {
    if (!this.#start) throw new SignalError("unavailable", "capture is not running");
    return this.#start(name, file);
  }

  #linkOptions(file: AccountFile): AccountLinkOptions {
    const { servers, log, now = () => new Date(), onHealth, syncPace } = this.#options;
    const { attachmentPatienceMs = ATTACHMENT_LIFE_MS, lateWaits = LATE_WAITS } = this.#options;
    return {
      file,
      network: this.#network,
      web: this.#web,
      server: this.#server,
      trustRoots: servers.trustRoots,
      log,
      now,
      attachmentPatienceMs,
      lateWaits,
      ...(syncPace && { syncPace }),
      ...(onHealth && { onHealth }),
    };
  }
}

/** A file that cannot be read is set aside, for it may yet be read elsewhere: the account is linked all the same. */
function openForLink(path: string, key: Uint8Array, at: Date, log: Log): AccountFile {
  try {
    return AccountFile.open(path, key, "create");
  } catch (cause) {
    if (!(cause instanceof SignalError) || cause.code !== "account-unreadable") throw cause;
    for (const part of ["", "-wal", "-shm"]) {
      const aside = `${path}.${at.getTime()}.unreadable${part}`;
      if (existsSync(`${path}${part}`)) renameSync(`${path}${part}`, aside);
    }
    log.error({}, "an account's file that cannot be read was set aside, for the account is linked again");
    return AccountFile.open(path, key, "create");
  }
}

/** Says nothing of whose it is, and is the same for the same account. */
function fileName(aci: string): string {
  return `${createHash("sha256").update(aci).digest("hex").slice(0, 32)}${SUFFIX}`;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** The same, with the words of the ports for what stands in the way. */
async function* told(steps: AsyncIterable<LinkStep>): AsyncGenerator<LinkStep> {
  try {
    yield* steps;
  } catch (cause) {
    if (!(cause instanceof SignalError)) throw cause;
    const code = cause.code === "link-refused" ? "link-refused" : "network-unavailable";
    throw new ConnectorError(code, cause.message, { cause });
  }
}
