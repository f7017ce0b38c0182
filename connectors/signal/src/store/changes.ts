import type { Entry } from "./entry.ts";

/** What a kind of value is called in the file. */
export type ValueKind =
  | "account"
  | "session"
  | "devices"
  | "identity"
  | "new-identity"
  | "prekey"
  | "signed-prekey"
  | "kyber-prekey"
  | "kyber-used"
  | "sender-key"
  | "contact"
  | "group"
  | "group-state"
  | "group-key"
  | "link"
  | "group-of"
  | "relayed"
  | "sent"
  | "waiting-attachment"
  | "profile-wanted";

/** Values of one account, by kind and name. */
export interface Values {
  get(kind: ValueKind, name: string): Uint8Array<ArrayBuffer> | undefined;
  /** Undefined removes it. */
  set(kind: ValueKind, name: string, value: Uint8Array | undefined): void;
}

/** An envelope that could not be decrypted, kept as it came. */
export interface Quarantined {
  /** Of its content, hex: what the seen-set knows it by. */
  readonly digest: string;
  /** Whom it is from, as far as that is known: what may help it later. */
  readonly sender: string;
  readonly envelope: Uint8Array;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
}

/**
 * What handling messages changes, in memory until `AccountFile.commit` writes it all in one transaction, or it is dropped:
 * a message whose decryption fails leaves no trace in the ratchets. A second layer, `attempt`, gives each message of a
 * batch its own chance to fail.
 */
export class Changes implements Values {
  readonly #under: Pick<Values, "get">;
  readonly values = new Map<string, { kind: ValueKind; name: string; value: Uint8Array | undefined }>();
  readonly entries: Entry[] = [];
  /** Digests, hex, of the envelopes that are dealt with. */
  readonly seen = new Set<string>();
  readonly quarantined: Quarantined[] = [];
  /** Digests of the quarantined envelopes that are dealt with. */
  readonly released = new Set<string>();
  /** Kinds of which everything goes that was there before. */
  readonly cleared = new Set<ValueKind>();

  constructor(under: Pick<Values, "get">) {
    this.#under = under;
  }

  get(kind: ValueKind, name: string): Uint8Array<ArrayBuffer> | undefined {
    const changed = this.values.get(`${kind}/${name}`);
    if (!changed) return this.cleared.has(kind) ? undefined : this.#under.get(kind, name);
    return changed.value === undefined ? undefined : new Uint8Array(changed.value);
  }

  set(kind: ValueKind, name: string, value: Uint8Array | undefined): void {
    this.values.set(`${kind}/${name}`, { kind, name, value });
  }

  /** Forgets all values of a kind, those set here included. */
  clear(kind: ValueKind): void {
    this.cleared.add(kind);
    for (const [key, changed] of this.values) if (changed.kind === kind) this.values.delete(key);
  }

  get isEmpty(): boolean {
    return (
      this.cleared.size === 0 &&
      this.values.size === 0 &&
      this.entries.length === 0 &&
      this.seen.size === 0 &&
      this.quarantined.length === 0 &&
      this.released.size === 0
    );
  }

  /** Does `work` on a layer of its own, which is kept only if `work` succeeds. */
  async attempt<T>(work: (changes: Changes) => Promise<T>): Promise<T> {
    const layer = new Changes(this);
    const result = await work(layer);
    this.#take(layer);
    return result;
  }

  #take(layer: Changes): void {
    for (const kind of layer.cleared) this.clear(kind);
    for (const [key, changed] of layer.values) this.values.set(key, changed);
    this.entries.push(...layer.entries);
    for (const digest of layer.seen) this.seen.add(digest);
    this.quarantined.push(...layer.quarantined);
    for (const digest of layer.released) this.released.add(digest);
  }
}
