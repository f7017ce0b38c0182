import { BackOff, Lane, type Log } from "@daybook/keeping";
import { SignalError } from "../error.ts";
import { GroupCipher } from "../protocol/group-cipher.ts";
import { openChange } from "../protocol/group-change.ts";
import { groupIdOf } from "../protocol/group-id.ts";
import type { AccountFile } from "../store/account-file.ts";
import { Changes } from "../store/changes.ts";
import { learnContact, readContact } from "../store/contacts.ts";
import {
  allGroups,
  closeGroup,
  type GroupState,
  readGroup,
  readGroupState,
  writeGroupState,
} from "../store/groups.ts";
import { difference } from "./difference.ts";
import { GroupService, type GroupServiceOptions } from "./group-service.ts";
import { openState, profileKeysOf } from "./group-state.ts";
import { type Missed, missedChanges } from "./missed-changes.ts";

const WAITS = { firstMs: 1_000, mostMs: 60_000 };
/** A group from which no message came is looked at so often. */
const STALE_MS = 24 * 3_600_000;
/** Those that were learned of beside messages, from the phone's own list, wait so long. */
const LOOK_MS = 5 * 60_000;
/** One that is not shown to the account is asked for again no sooner. */
const CLOSED_MS = 10 * 60_000;
const MAX_WAITING = 10_000;

export interface GroupKeeperOptions extends GroupServiceOptions {
  readonly file: AccountFile;
  readonly log: Log;
  /** Does something with the account's file in turn with all else that changes it. */
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>;
  /** There are new entries. */
  readonly onEntries: () => void;
}

/** A group as it is now, and what lets its members be written to at once. */
export interface FreshGroup {
  readonly state: GroupState;
  readonly endorsements: Uint8Array;
}

/**
 * Keeps what is known of an account's groups up to date, beside everything else: no message waits for it, and where
 * Signal's storage does not answer it asks again, with growing pauses. What it learns is in the account's file.
 */
export class GroupKeeper {
  readonly #options: GroupKeeperOptions;
  readonly #service: GroupService;
  readonly #lane = new Lane();
  readonly #waiting = new Set<string>();
  /** Revisions of which a message told, verified, so that the log does not tell of them again. */
  readonly #told = new Map<string, Set<number>>();
  readonly #ending = new AbortController();
  #awake: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor(options: GroupKeeperOptions) {
    this.#options = options;
    this.#service = new GroupService(options);
  }

  /**
   * A group is to be looked at: a message came from it.
   *
   * @param id base64
   * @param change that the message brought, not verified
   */
  want(id: string, change?: Uint8Array): void {
    const known = readGroup(this.#options.file, id);
    if (!known) return;
    if (change) this.#note(id, known.masterKey, change);
    const since = this.#options.now().getTime() - (known.checkedAt ?? 0);
    if ((known.closed && since < CLOSED_MS) || this.#waiting.size >= MAX_WAITING) return;
    this.#waiting.add(id);
    this.#awake.resolve();
  }

  /** All groups are to be looked at that were not for a while. */
  wantStale(): void {
    const { file, now } = this.#options;
    for (const { masterKey, checkedAt = 0 } of allGroups(file)) {
      const id = groupIdOf(Buffer.from(masterKey, "base64"));
      if (id !== undefined && now().getTime() - checkedAt >= STALE_MS) this.want(id);
    }
  }

  /** Looks at the groups that are to be looked at until `signal` aborts. Once it resolves, nothing is done any more. */
  async run(signal: AbortSignal): Promise<void> {
    const look = setInterval(() => this.#lookAtStale(), LOOK_MS);
    signal.addEventListener("abort", () => this.#awake.resolve(), { once: true });
    try {
      await this.#work(signal);
    } finally {
      clearInterval(look);
      this.#ending.abort();
      await this.#lane.idle();
    }
  }

  async #work(signal: AbortSignal): Promise<void> {
    const backOff = new BackOff(WAITS);
    while (!signal.aborted) {
      this.#awake = Promise.withResolvers();
      const [id] = this.#waiting;
      if (id === undefined) {
        await this.#awake.promise;
        continue;
      }
      // A message that comes meanwhile asks for it again.
      this.#waiting.delete(id);
      try {
        await this.refresh(id, signal);
        backOff.reset();
      } catch (cause) {
        if (!(cause instanceof SignalError)) {
          this.#giveUp(cause);
          continue;
        }
        this.#options.log.warn({ code: cause.code }, "a group is looked at later");
        if (!cause.retryable) continue;
        this.#waiting.add(id);
        await backOff.wait(signal, cause.retryAfterMs);
      }
    }
  }

  #lookAtStale(): void {
    try {
      this.wantStale();
    } catch (cause) {
      this.#giveUp(cause);
    }
  }

  /** A defect here must not end what captures. What a library says may quote what it read. */
  #giveUp(cause: unknown): void {
    const error = cause instanceof Error ? cause.name : "unknown";
    this.#options.log.error({ error }, "a group cannot be looked at");
  }

  /**
   * Looks at a group now. What is learned is durable once it resolves, and so are the changes that no message told of.
   *
   * @throws {SignalError} `not-possible` when the account may not see it; `unavailable`, `rate-limited`, `malformed`
   */
  async refresh(id: string, signal: AbortSignal): Promise<FreshGroup> {
    const either = AbortSignal.any([signal, this.#ending.signal]);
    return this.#lane.run(async () => {
      if (either.aborted) throw new SignalError("unavailable", "a group was not looked at in time");
      return this.#refresh(id, either);
    });
  }

  async #refresh(id: string, signal: AbortSignal): Promise<FreshGroup> {
    const { file, now } = this.#options;
    const known = readGroup(file, id);
    if (!known) throw new SignalError("not-possible", "the account knows no such group");
    const cipher = new GroupCipher(Buffer.from(known.masterKey, "base64"));
    const before = readGroupState(file, id);
    try {
      const { group, endorsements } = await this.#service.state(cipher, signal);
      const state = await openState(group, cipher);
      const told = this.#told.get(id) ?? new Set();
      const missed =
        before && state.revision > before.revision
          ? await missedChanges(this.#service, cipher, { before, now: state, told }, signal)
          : undefined;
      const ids = state.members.map((member) => member.id);
      const isUnknown = (aci: string) => !readContact(file, aci).profileKey;
      const keys = await profileKeysOf(group.members, ids, cipher, isUnknown);
      await this.#commit((changes) => this.#learn(changes, { id, before, state, missed, keys }));
      this.#told.delete(id);
      return { state, endorsements };
    } catch (cause) {
      const isOver =
        cause instanceof SignalError && (cause.code === "not-possible" || cause.code === "malformed");
      if (isOver) await this.#commit((changes) => closeGroup(changes, id, now().getTime()));
      throw cause;
    }
  }

  #learn(changes: Changes, { id, before, state, missed, keys }: Learned): void {
    const receivedAt = this.#options.now().getTime();
    const about = { group: id, revision: state.revision, receivedAt };
    const { title } = state;
    const members = state.members.map((member) => member.id);
    if (!before) changes.entries.push({ what: "group-state", ...about, title, members });
    for (const change of missed?.changes ?? [])
      changes.entries.push({ what: "group-change", group: id, receivedAt, ...change });
    if (before && missed && !missed.isWhole) {
      const since = { revision: before.revision, changed: difference(before, state) };
      changes.entries.push({ what: "group-state", ...about, title, members, since });
    }
    // The server does not go back; if it does, what was known stands.
    if (!before || state.revision >= before.revision)
      writeGroupState(changes, id, state, missed?.states ?? [], receivedAt);
    for (const [aci, profileKey] of keys)
      if (!readContact(changes, aci).profileKey) learnContact(changes, aci, { profileKey });
  }

  async #commit(learn: (changes: Changes) => void): Promise<void> {
    const { file, now, inTurn, onEntries } = this.#options;
    await inTurn(() => {
      const changes = new Changes(file);
      learn(changes);
      file.commit(changes, now().getTime());
      return Promise.resolve();
    });
    onEntries();
  }

  #note(id: string, masterKey: string, bytes: Uint8Array): void {
    const { server } = this.#options;
    const change = openChange(bytes, new GroupCipher(Buffer.from(masterKey, "base64")), server, "message");
    if (typeof change === "string") return;
    const told = this.#told.get(id) ?? new Set();
    this.#told.set(id, told.add(change.revision));
  }
}

interface Learned {
  readonly id: string;
  readonly before: GroupState | undefined;
  readonly state: GroupState;
  readonly missed: Missed | undefined;
  readonly keys: ReadonlyMap<string, string>;
}
