import { createSecretKey, hash, randomUUID } from "node:crypto";
import {
  checkpointSigner,
  encodeRecord,
  recordId,
  type SealedRecord,
  ShardLog,
  type Stores,
} from "@daybook/archive-core";
import { memoryStores } from "@daybook/archive-core/testing";
import type { RecordRef } from "@daybook/catalogue";
import { type Envelope, type Event, sortTime } from "@daybook/contract";
import {
  buildKeyBlock,
  formatSessionKey,
  generateArchiveKey,
  type KeyLine,
  newSessionKey,
  parseSessionKey,
  type PrivateKey,
  readPublicKeys,
  type Recipient,
  sealPacket,
  unlockPrivateKey,
} from "@daybook/openpgp";
import type { Stored } from "./catalogue.ts";

export const DEPLOYMENT = "test";
const SEED = Buffer.alloc(32, 5);
const NAMING_KEY = createSecretKey(Buffer.alloc(32, 2));
const LOCKED_UNTIL = new Date("2027-06-01T00:00:00.000Z");

export interface KeyPair {
  readonly privateKey: PrivateKey;
  readonly recipients: Recipient[];
  readonly armored: { readonly public: string; readonly private: string };
}

let pairs: Promise<KeyPair>[] | undefined;

/** Key pairs for all tests, since making them takes a while: the archive's, and one of a recipient. */
export function keyPairs(): Promise<KeyPair[]> {
  pairs ??= ["Archive", "Recipient"].map(async (name) => {
    const made = await generateArchiveKey({ userId: { name }, passphrase: name, type: "curve25519" });
    return {
      privateKey: await unlockPrivateKey(made.privateKey, name),
      recipients: await readPublicKeys(made.publicKey),
      armored: { public: made.publicKey, private: made.privateKey },
    };
  });
  return Promise.all(pairs);
}

function signerOf(shard: string) {
  return checkpointSigner(`${DEPLOYMENT}/${shard}`, SEED);
}

export const VKEYS = { "0": signerOf("0").vkey, audit: signerOf("audit").vkey };

/** What was archived: real seals, key blocks and logs over stores in memory, and a list to catalogue it by. */
export class SmallArchive {
  readonly stores = memoryStores({ now: () => this.now() });
  /** Every record, as the catalogue is to know it. */
  readonly records: Stored[] = [];
  readonly now: () => Date;
  readonly #recipients: readonly Recipient[];
  readonly #logs = new Map<keyof typeof VKEYS, Promise<ShardLog>>();

  constructor({ now, recipients }: { now: () => Date; recipients: readonly Recipient[] }) {
    this.now = now;
    this.#recipients = recipients;
  }

  /** Commits one segment. */
  async archive(shard: keyof typeof VKEYS, envelopes: readonly Envelope[]): Promise<void> {
    const log = await this.#log(shard);
    const sealed: SealedRecord[] = [];
    const lines: KeyLine[] = [];
    for (const { event, eventId, stableDigest, keys } of envelopes) {
      const id = recordId(NAMING_KEY, { ...event, eventId, stableDigest });
      const text = encodeRecord(id, event);
      const key = newSessionKey();
      const index = log.size + sealed.length;
      lines.push({ index, key });
      for (const [attachment, line] of keys.entries())
        lines.push({ index, attachment, key: parseSessionKey(line) });
      sealed.push({ id, rec: hash("sha256", text), packet: sealPacket(Buffer.from(text), key) });
    }
    const draft = log.draft(sealed);
    const offset = draft.first + sealed.length;
    await log.commit(draft, await buildKeyBlock(lines, this.#recipients), {
      id: "stream",
      partition: 0,
      offset,
    });
    for (const [i, { event }] of envelopes.entries()) {
      const place = {
        shard,
        index: draft.first + i,
        segment: { firstIndex: draft.first, digest: draft.seg },
        ...draft.places[i]!,
      };
      this.records.push({ ref: { ...place, ...about(sealed[i]!.id, event) }, text: event.text ?? "" });
    }
  }

  /** Seals an attachment. @returns what an event says of it, and its key line */
  async attach(content: Buffer, name: string) {
    const key = newSessionKey();
    const body = sealPacket(content, key);
    const sealed = hash("sha256", body);
    await this.stores.records.put({ key: `attachment/${sealed}`, body, retainUntil: LOCKED_UNTIL });
    const sha256 = hash("sha256", content);
    const sizeBytes = content.length;
    return {
      ref: { name, mediaType: "application/octet-stream", sizeBytes, sha256, sealed },
      key: formatSessionKey(key),
    };
  }

  #log(shard: keyof typeof VKEYS): Promise<ShardLog> {
    const stores: Stores = this.stores;
    const known =
      this.#logs.get(shard) ??
      ShardLog.open({ shard, signer: signerOf(shard), stores, lockDays: 400, now: this.now });
    this.#logs.set(shard, known);
    return known;
  }
}

function about(id: string, event: Event): Omit<RecordRef, "shard" | "index" | "segment" | "off" | "len"> {
  const { kind, network, method, provenance, capturedAt, account, conversation, audit } = event;
  return {
    id,
    kind,
    network,
    method,
    provenance,
    at: sortTime(event),
    zoneUnknown: false,
    capturedAt,
    attachments: event.attachments?.length ?? 0,
    partlyIndexed: false,
    keys: {
      account,
      ...(event.custodian && { custodian: event.custodian.id }),
      ...(conversation && { conversation: conversation.id }),
      ...(event.sender && { sender: event.sender.id }),
      ...(audit?.matter !== undefined && { matter: audit.matter }),
    },
  };
}

/** A message on its way to the archive; what is given replaces what is made up. */
export function message(given: Partial<Event> = {}, keys: readonly string[] = []): Envelope {
  const eventId = randomUUID();
  return {
    v: 1,
    eventId,
    stableDigest: hash("sha256", eventId),
    keys: [...keys],
    event: {
      v: 1,
      kind: "message",
      network: "whatsapp",
      method: "linked-device",
      provenance: "captured",
      account: "account-1",
      conversation: { id: "conversation-1", title: "Harbour works", kind: "group" },
      sender: { id: "person-1", name: "Grace Sender" },
      sentAt: "2026-03-04T15:04:05.000Z",
      capturedAt: "2026-03-04T15:04:06.000Z",
      text: "nothing in particular",
      raw: "",
      connector: { name: "test", version: "1" },
      ...given,
    },
  };
}
