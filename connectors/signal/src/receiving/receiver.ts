import { SignalError } from "../error.ts";
import { ProtocolAddress, type PublicKey } from "../libsignal.ts";
import type { Content } from "../protocol/gen/content_pb.ts";
import { type Envelope, Envelope_Type } from "../protocol/gen/envelope_pb.ts";
import { serviceIdText } from "../protocol/service-id.ts";
import { type LinkedAccount, ownIdentity } from "../store/account.ts";
import type { AccountFile } from "../store/account-file.ts";
import { Changes } from "../store/changes.ts";
import type { EntryOf } from "../store/entry.ts";
import { noteNewIdentity } from "../store/identity-changes.ts";
import { protocolStores } from "../store/protocol-stores.ts";
import { decodeEnvelope, digestOf, messageDigest, timestampIn } from "./envelope.ts";
import { type Errand, learn } from "./learn.ts";
import { type Recipient, Undecryptable, unseal, type Unsealed } from "./unseal.ts";

/** Held until the batch that it is in is durable. */
export interface Delivery {
  readonly raw: Uint8Array<ArrayBuffer>;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
}

/** What a batch leaves to do, now that it is durable. */
export interface Received {
  readonly errands: readonly Errand[];
  /** Some could not be decrypted: their senders may be asked. */
  readonly quarantined: boolean;
}

/** Turns envelopes into durable entries: an account's ratchets, and what they opened, change in one transaction. */
export class Receiver {
  readonly #file: AccountFile;
  readonly #trustRoots: readonly PublicKey[];
  #account: LinkedAccount;

  constructor(file: AccountFile, account: LinkedAccount, trustRoots: readonly PublicKey[]) {
    this.#file = file;
    this.#account = account;
    this.#trustRoots = trustRoots;
  }

  /** As the messages received so far left it: the number may change, and keys may come. */
  get account(): LinkedAccount {
    return this.#account;
  }

  /** Takes note of what was done to the account in turn with receiving: keys that were made, say. */
  adopt(account: LinkedAccount): void {
    this.#account = account;
  }

  /**
   * Takes envelopes in the order in which they came. All of them are durable when it resolves: decrypted, quarantined, or
   * known to have been taken before; only then may any be acknowledged. May be repeated. Never called twice at a time.
   *
   * @throws {SignalError} `unavailable` when the disk takes nothing; nothing changed
   */
  async receive(batch: readonly Delivery[], now: number): Promise<Received> {
    const changes = new Changes(this.#file);
    const errands: Errand[] = [];
    let account = this.#account;
    for (const delivery of batch) {
      const digest = digestOf(delivery.raw);
      if (changes.seen.has(digest) || this.#file.hasSeen(digest)) continue;
      const one = await this.#take(delivery, digest, account, changes);
      account = one.account;
      errands.push(...one.errands);
      changes.seen.add(digest);
      if (one.helps !== undefined) account = await this.#tryAgain(one.helps, account, changes, now);
    }
    this.#file.commit(changes, now);
    this.#account = account;
    return { errands, quarantined: changes.quarantined.length > 0 };
  }

  async #take(
    { raw, receivedAt }: Delivery,
    digest: string,
    account: LinkedAccount,
    changes: Changes,
  ): Promise<{ account: LinkedAccount; errands: readonly Errand[]; helps?: string }> {
    try {
      return await changes.attempt((layer) => this.#open(raw, receivedAt, account, layer));
    } catch (cause) {
      if (cause instanceof SignalError && cause.code === "account-unreadable") throw cause;
      const { from, message } =
        cause instanceof Undecryptable ? cause : new Undecryptable("it cannot be read", {});
      const { sender, device, timestamp } = from;
      if (sender !== undefined && device !== undefined && timestamp !== undefined) {
        const known = messageDigest(sender, device, timestamp);
        // The same message in another envelope: its key is used up because it was taken.
        if (changes.seen.has(known) || this.#file.hasSeen(known)) return { account, errands: [] };
      }
      changes.quarantined.push({ digest, sender: sender ?? "", envelope: raw, receivedAt });
      changes.entries.push({ what: "undecryptable", ...from, receivedAt, why: message, envelope: digest });
      return { account, errands: [] };
    }
  }

  async #open(raw: Uint8Array<ArrayBuffer>, receivedAt: number, account: LinkedAccount, changes: Changes) {
    const envelope = decodeEnvelope(raw);
    if (envelope.type === Envelope_Type.SERVER_DELIVERY_RECEIPT) {
      changes.entries.push(serverReceipt(envelope, receivedAt));
      return { account, errands: [] };
    }
    const recipients = recipientsOf(account, changes, receivedAt);
    const unsealed = await unseal(envelope, recipients, this.#trustRoots);
    const stores = recipients(unsealed.toNumber)?.stores;
    if (!stores) throw new Undecryptable("it is for an identity that this account does not have", {});
    const learned = await learn(unsealed, envelope, account, changes, stores);
    if (unsealed.plaintext && learned.content?.content.case !== "decryptionErrorMessage")
      throw new Undecryptable("it came unencrypted", { sender: unsealed.sender, device: unsealed.device });
    changes.seen.add(messageDigest(unsealed.sender, unsealed.device, unsealed.timestamp));
    if (isRecorded(learned.content)) changes.entries.push(contentEntry(unsealed, receivedAt));
    this.#close(unsealed, receivedAt, changes);
    const { errands, newKeys } = learned;
    return { account: learned.account, errands, ...(newKeys && { helps: unsealed.sender }) };
  }

  /** What was sent again closes the gap that its first envelope left. */
  #close({ sender, device, timestamp }: Unsealed, receivedAt: number, changes: Changes): void {
    for (const waiting of this.#file.quarantinedOf(sender)) {
      if (changes.released.has(waiting.digest)) continue;
      if (timestampOf(waiting.envelope) !== timestamp) continue;
      changes.released.add(waiting.digest);
      changes.entries.push({
        what: "recovered",
        sender,
        device,
        timestamp,
        receivedAt,
        envelope: waiting.digest,
      });
    }
  }

  /** New keys of a sender may open what waited of theirs. */
  async #tryAgain(
    sender: string,
    before: LinkedAccount,
    changes: Changes,
    now: number,
  ): Promise<LinkedAccount> {
    let account = before;
    for (const waiting of this.#file.quarantinedOf(sender)) {
      if (changes.released.has(waiting.digest)) continue;
      try {
        const opened = await changes.attempt(async (layer) => {
          layer.released.add(waiting.digest);
          const one = await this.#open(new Uint8Array(waiting.envelope), waiting.receivedAt, account, layer);
          const timestamp = timestampOf(waiting.envelope) ?? 0;
          layer.entries.push({
            what: "recovered",
            sender,
            timestamp,
            receivedAt: now,
            envelope: waiting.digest,
          });
          return one;
        });
        account = opened.account;
      } catch {
        // It waits on.
      }
    }
    return account;
  }
}

/** The account's identities as the library wants them, each made once. */
function recipientsOf(account: LinkedAccount, changes: Changes, receivedAt: number) {
  const made = new Map<boolean, Recipient | undefined>();
  return (toNumber: boolean): Recipient | undefined => {
    if (!made.has(toNumber)) {
      const own = ownIdentity(account, toNumber ? "pni" : "aci");
      const name = toNumber ? account.pni : account.aci;
      const changed = (sender: string) => {
        noteNewIdentity(changes, sender, receivedAt);
      };
      made.set(
        toNumber,
        own && name
          ? {
              address: ProtocolAddress.new(name, account.deviceId),
              stores: protocolStores(changes, own, changed),
            }
          : undefined,
      );
    }
    return made.get(toNumber);
  };
}

/** Everything but what is no event: word of typing, keys, and the protocol's own errands. */
function isRecorded(content: Content | undefined): boolean {
  if (!content) return true;
  if (content.content.case === undefined) return content.$unknown !== undefined;
  return !["typingMessage", "nullMessage", "decryptionErrorMessage"].includes(content.content.case);
}

function contentEntry(unsealed: Unsealed, receivedAt: number): EntryOf<"content"> {
  const { sender, device, timestamp, serverAt, toNumber, content } = unsealed;
  return {
    what: "content",
    sender,
    device,
    timestamp,
    receivedAt,
    ...(serverAt !== undefined && { serverAt }),
    toNumber,
    content: Buffer.from(content).toString("base64"),
  };
}

function serverReceipt(envelope: Envelope, receivedAt: number): EntryOf<"server-receipt"> {
  const sender = serviceIdText(envelope.sourceServiceIdBinary, envelope.sourceServiceId);
  return {
    what: "server-receipt",
    ...(sender !== undefined && { sender }),
    ...(envelope.sourceDeviceId !== undefined && { device: envelope.sourceDeviceId }),
    timestamp: timestampIn(envelope.clientTimestamp),
    receivedAt,
  };
}

function timestampOf(raw: Uint8Array): number | undefined {
  try {
    return timestampIn(decodeEnvelope(raw).clientTimestamp);
  } catch {
    return undefined;
  }
}
