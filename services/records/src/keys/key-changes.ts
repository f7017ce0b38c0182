import { randomUUID } from "node:crypto";
import { ArchiveError } from "@daybook/archive-core";
import { type ListedRecipient, onlyKey, type Recipient, RecipientList } from "@daybook/openpgp";
import type { Logger } from "@daybook/runtime";
import type { Changes, Exclusive } from "../changes.ts";
import type { Database } from "../database.ts";
import { RecordsError } from "../error.ts";
import type { ArchiveKeys } from "./archive-keys.ts";
import { type Checked, type KeyNeeds, type Needed, whyNeeded } from "./key-needs.ts";

/** A key to encrypt to from an instant on. */
export interface NewKey {
  readonly role: "archive" | "escrow";
  /** Now, unless given; later, and later than that of every other archive key. */
  readonly from?: Date | undefined;
  /** Armored; without it a key is made here. */
  readonly publicKey?: string | undefined;
}

/** One of the archive's keys: never a secret. */
export interface KeySummary {
  readonly fingerprint: string;
  readonly keyIds: readonly string[];
  readonly userIds: readonly string[];
  readonly role: "archive" | "escrow";
  /** Null: from the beginning on. */
  readonly from: string | null;
  readonly retired: string | null;
  /** Whether what is encrypted now is encrypted to it. */
  readonly inForce: boolean;
  /** Whether its private half is here. */
  readonly held: boolean;
}

export interface KeyChangesOptions {
  readonly database: Database;
  readonly changes: Changes;
  readonly archiveKeys: ArchiveKeys;
  readonly needs: KeyNeeds;
  readonly log: Logger;
  readonly now: () => Date;
}

/** Adds and retires the keys that the archive is encrypted to. Each change is first a durable audit event. */
export class KeyChanges {
  readonly #options: KeyChangesOptions;

  constructor(options: KeyChangesOptions) {
    this.#options = options;
  }

  list(): KeySummary[] {
    const { archiveKeys, now } = this.#options;
    const list = archiveKeys.recipients();
    const inForce = new Set(list.inForce(now()).map(({ fingerprint }) => fingerprint));
    const held = new Set(archiveKeys.privateKeys().map(({ fingerprint }) => fingerprint));
    return list.keys.map(({ recipient: { fingerprint, keyIds, userIds }, role, from, retired }) => ({
      fingerprint,
      keyIds,
      userIds,
      role,
      from: from?.toISOString() ?? null,
      retired: retired?.toISOString() ?? null,
      inForce: inForce.has(fingerprint),
      held: held.has(fingerprint),
    }));
  }

  /**
   * Durable, and in force here from its date on, once resolved. What the archivers read has to be made the same.
   *
   * @returns the key, and the file of recipients as it is now
   * @throws {RecordsError} `bad-request`, `conflict`, saying why that key cannot be added
   */
  add(wanted: NewKey, actor: string): Promise<{ key: KeySummary; recipients: RecipientList }> {
    return this.#options.changes.exclusively((turn) => this.#add(turn, wanted, actor));
  }

  async #add(
    turn: Exclusive,
    wanted: NewKey,
    actor: string,
  ): Promise<{ key: KeySummary; recipients: RecipientList }> {
    const { archiveKeys, now } = this.#options;
    await archiveKeys.refresh();
    const { role } = wanted;
    const from = wanted.from ?? now();
    if (wanted.from && wanted.from < now())
      throw new RecordsError("bad-request", "that instant has passed: a key counts from a later one on");
    const list = archiveKeys.recipients();
    const latest = Math.max(
      ...list.keys.map((key) => (key.role === "archive" ? (key.from?.getTime() ?? 0) : 0)),
    );
    if (role === "archive" && from.getTime() <= latest)
      throw new RecordsError(
        "conflict",
        "another archive key counts from then on, or later: see `keys list`",
      );
    const recipient = await this.#recipientOf(wanted);
    const { fingerprint, publicKey } = recipient;
    if (list.find(fingerprint)) throw new RecordsError("conflict", "that key is known: see `keys list`");
    await turn.make(actor, () => {
      const detail = { id: randomUUID(), fingerprint, role, from: from.toISOString(), publicKey };
      return Promise.resolve({ fact: { action: "key.add", detail }, result: undefined });
    });
    await archiveKeys.replace(new RecipientList([...list.keys, { recipient, role, from }]));
    return { key: this.#summary(fingerprint), recipients: archiveKeys.recipients() };
  }

  /**
   * Looks through everything that may need a key, and only where nothing does, retires it: it is no recipient any more
   * and not opened with here. Its private half stays where it is, for its holders to destroy.
   *
   * @returns what needs it, and from when that is over, as far as that can be told; empty once it is retired
   * @throws {RecordsError} `not-found`, `conflict`: in force
   */
  async retire(
    fingerprint: string,
    actor: string,
    onProgress: (checked: Checked) => void,
  ): Promise<{ key: KeySummary; needed: readonly Needed[]; why: string | null }> {
    const { archiveKeys, changes, needs, now } = this.#options;
    await archiveKeys.refresh();
    const key = archiveKeys.recipients().find(fingerprint);
    if (!key) throw new RecordsError("not-found", "there is no such key: see `keys list`");
    const own = key.recipient.fingerprint;
    const summary = this.#summary(own);
    if (key.retired) return { key: summary, needed: [], why: null };
    if (key.role === "archive") {
      if (summary.inForce)
        throw new RecordsError("conflict", "new blocks are wrapped to that key: add another");
      if (key.from && key.from > now())
        throw new RecordsError("conflict", "that key is to come: it can be retired when another took over");
    }
    const { needed, checked } =
      key.role === "archive" ? await needs.of(own, onProgress) : { needed: [], checked: {} };
    if (needed.length > 0) return { key: summary, needed, why: whyNeeded(needed) };
    await changes.make(actor, () => {
      const detail = { id: randomUUID(), fingerprint: own, checked };
      return Promise.resolve({ fact: { action: "key.retire", detail }, result: undefined });
    });
    await this.restore();
    return { key: this.#summary(own), needed: [], why: null };
  }

  /** Makes the list of recipients what the audit log says of it, where a crash came between the two. */
  async restore(): Promise<void> {
    const { archiveKeys, database, log } = this.#options;
    const list = archiveKeys.recipients();
    const added = await database.query<{
      fingerprint: string;
      role: string;
      starts: Date | null;
      key: string;
    }>("SELECT fingerprint, role, starts, public_key AS key FROM records.archive_key ORDER BY added_at");
    const retired = await database.query<{ fingerprint: string; at: Date }>(
      "SELECT fingerprint, at FROM records.retired_key",
    );
    const since = new Map(retired.map(({ fingerprint, at }) => [fingerprint, at]));
    const missing = added.filter(({ fingerprint }) => !list.find(fingerprint));
    const isDue = (key: ListedRecipient) => !key.retired && since.has(key.recipient.fingerprint);
    if (missing.length === 0 && !list.keys.some(isDue)) return;
    const keys = [
      ...list.keys,
      ...(await Promise.all(
        missing.map(async ({ role, starts, key }): Promise<ListedRecipient> => ({
          recipient: await onlyKey(key),
          role: role === "escrow" ? "escrow" : "archive",
          ...(starts && { from: starts }),
        })),
      )),
    ];
    try {
      await archiveKeys.replace(
        new RecipientList(
          keys.map((key) => {
            const at = key.retired ?? since.get(key.recipient.fingerprint);
            return at ? { ...key, retired: at } : key;
          }),
        ),
      );
    } catch (err) {
      log.error(
        { err },
        "the recipients are not what the audit log says, and cannot be written: replace them",
      );
    }
  }

  async #recipientOf({ role, publicKey }: NewKey): Promise<Recipient> {
    const { archiveKeys } = this.#options;
    let armored = publicKey;
    if (armored === undefined) {
      if (role === "escrow")
        throw new RecordsError("bad-request", "an escrow key is made elsewhere: give its public key");
      if (!archiveKeys.generate)
        throw new RecordsError("bad-request", "keys are not made on this machine: give the public key");
      armored = await archiveKeys.generate();
    }
    const recipient = await readKey(armored);
    const isHeld = archiveKeys.privateKeys().some((key) => key.fingerprint === recipient.fingerprint);
    if (role === "archive" && !isHeld)
      throw new RecordsError("conflict", "the private half of that key is not here: place it first");
    if (role === "escrow" && isHeld)
      throw new RecordsError("conflict", "the private half of that key is here: it is no escrow key");
    return recipient;
  }

  #summary(fingerprint: string): KeySummary {
    const found = this.list().find((key) => key.fingerprint === fingerprint);
    if (!found) throw new RecordsError("not-found", "there is no such key: see `keys list`");
    return found;
  }
}

async function readKey(armored: string): Promise<Recipient> {
  try {
    return await onlyKey(armored);
  } catch (cause) {
    if (cause instanceof ArchiveError) throw new RecordsError("bad-request", cause.message, { cause });
    throw cause;
  }
}
