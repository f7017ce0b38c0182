import { createHash, hash } from "node:crypto";
import {
  type ArchiveRecord,
  checkpointSigner,
  encodeProof,
  encodeRecord,
  type LogFile,
  packRecords,
  Prover,
  Tree,
} from "@daybook/archive-core";
import { type Event, sortTime } from "@daybook/contract";
import { formatSessionKey, newSessionKey, sealPacket } from "@daybook/openpgp";
import {
  encodeReceipt,
  type PackageAttachment,
  type PackageCheckpoint,
  type PackageDisposal,
  type PackageFormat,
  type PackageInput,
  type PackageRecord,
} from "../src/index.ts";
import { auditEvent } from "./sample-events.ts";

/** A record in a sample archive, before its log is asked for a proof. */
interface Entry {
  readonly record: ArchiveRecord;
  readonly bytes: Buffer;
  readonly sealed: Buffer;
  readonly sessionKey: string;
  readonly attachments: readonly PackageAttachment[];
  leaf: Buffer;
  /** Id of the certificate of its disposal. */
  auditId?: string;
}

export const ALL_FORMATS: ReadonlySet<PackageFormat> = new Set(["records", "rsmf", "eml", "html"]);

/** A small archive in memory with real seals, logs and signatures, and packages made of it. */
export class SampleArchive {
  readonly deployment: string;
  readonly #seed: Buffer;
  readonly #shards = new Map<string, Entry[]>();
  #counter = 0;

  /** @param seed names the archive: another seed has other keys */
  constructor({ deployment = "sample", seed = "seed" } = {}) {
    this.deployment = deployment;
    this.#seed = createHash("sha256").update(seed).digest();
  }

  /** Archives an event. @returns its record id */
  add(shard: string, event: Event, attachments: readonly PackageAttachment[] = []): string {
    const id = hash("sha256", `${this.#seed.toString("hex")} ${this.#counter}`).slice(0, 32);
    this.#counter += 1;
    const bytes = Buffer.from(encodeRecord(id, event));
    const key = newSessionKey();
    const sealed = sealPacket(bytes, key);
    const { leaves } = packRecords([{ id, rec: hash("sha256", bytes), packet: sealed }], 1_772_000_000_000);
    const record = JSON.parse(bytes.toString()) as ArchiveRecord;
    const entries = this.#shards.get(shard) ?? [];
    this.#shards.set(shard, entries);
    const leaf = leaves[0]!;
    entries.push({ record, bytes, sealed, sessionKey: formatSessionKey(key), attachments, leaf });
    return id;
  }

  /** Lengthens a log by leaves like that of a record, which no package can hold. */
  repeat(shard: string, id: string, times: number): void {
    const entries = this.#shards.get(shard)!;
    const entry = entries.find(({ record }) => record.id === id)!;
    for (let i = 0; i < times; i += 1)
      entries.push({ ...entry, leaf: Buffer.concat([entry.leaf, Buffer.from(` ${i}`)]) });
  }

  /** Disposes of a record. @returns the id of the certificate */
  dispose(id: string): string {
    const entry = [...this.#shards.values()].flat().find(({ record }) => record.id === id)!;
    const auditId = this.add("audit", auditEvent(this.deployment, "dispose", { records: [id] }));
    entry.auditId = auditId;
    return auditId;
  }

  checkpoint(shard: string): PackageCheckpoint {
    const { tree, signer } = this.#log(shard);
    return { shard, origin: signer.origin, vkey: signer.vkey, note: signer.sign(tree.size, tree.root()) };
  }

  /** The published files of a shard's log, checkpoint included. */
  logFiles(shard: string): LogFile[] {
    const { files } = this.#log(shard);
    const bytes = Buffer.from(this.checkpoint(shard).note);
    return [...[...files].map(([path, body]) => ({ path, bytes: body })), { path: "checkpoint", bytes }];
  }

  /** @param attest what others add to a checkpoint; which all its proofs then carry */
  input(
    name: string,
    formats = ALL_FORMATS,
    attest: (checkpoint: PackageCheckpoint) => PackageCheckpoint = (checkpoint) => checkpoint,
  ): PackageInput {
    const shards = [...this.#shards.keys()];
    const checkpoints = shards.map((shard) => attest(this.checkpoint(shard)));
    return {
      name,
      createdAt: new Date("2026-03-09T10:00:00.000Z"),
      request: { deployment: this.deployment, matter: "M-1" },
      checkpoints,
      formats,
      records: () => this.#records(checkpoints),
      threads: () => this.#threads(),
      disposals: this.#disposals(checkpoints),
    };
  }

  /** Logs that the package was made, as the evidence service does, and returns the receipt. */
  async receipt(tagManifestSha256: string): Promise<Buffer> {
    const id = this.add("audit", auditEvent(this.deployment, "export", { tagManifestSha256 }));
    const entries = this.#shards.get("audit")!;
    const index = entries.findIndex(({ record }) => record.id === id);
    const hashes = await this.#log("audit").prover.inclusion(index);
    const proof = encodeProof({ index, hashes, checkpoint: this.checkpoint("audit").note });
    return encodeReceipt({ record: entries[index]!.bytes, leaf: entries[index]!.leaf, proof });
  }

  #log(shard: string) {
    const tree = new Tree();
    const files = new Map<string, Uint8Array>();
    const { full, partial } = tree.append((this.#shards.get(shard) ?? []).map(({ leaf }) => leaf));
    for (const { path, bytes } of [...full, ...partial]) files.set(path, bytes);
    const prover = new Prover(tree.size, async (path) => files.get(path)!);
    return { tree, files, prover, signer: checkpointSigner(`${this.deployment}/${shard}`, this.#seed) };
  }

  async *#records(checkpoints: readonly PackageCheckpoint[]): AsyncGenerator<PackageRecord> {
    for await (const { entry, shard, index, proof } of this.#proved(checkpoints)) {
      if (entry.auditId !== undefined) continue;
      const { bytes: record, sealed, sessionKey, leaf, attachments } = entry;
      yield { shard, index, record, sealed, sessionKey, leaf, proof, attachments };
    }
  }

  async *#disposals(checkpoints: readonly PackageCheckpoint[]): AsyncGenerator<PackageDisposal> {
    for await (const { entry, shard, index, proof } of this.#proved(checkpoints)) {
      const { auditId, leaf, record } = entry;
      if (auditId !== undefined) yield { id: record.id, auditId, shard, index, leaf, proof };
    }
  }

  async *#proved(checkpoints: readonly PackageCheckpoint[]) {
    for (const { shard, note } of checkpoints) {
      const { prover } = this.#log(shard);
      for (const [index, entry] of (this.#shards.get(shard) ?? []).entries()) {
        const proof = encodeProof({ index, hashes: await prover.inclusion(index), checkpoint: note });
        yield { entry, shard, index, proof };
      }
    }
  }

  async *#threads() {
    const placed = [...this.#shards].flatMap(([shard, entries]) =>
      entries.map((entry, index) => ({
        shard,
        index,
        record: entry.bytes,
        attachments: entry.attachments,
        entry,
      })),
    );
    const key = ({ record }: Entry) =>
      [
        record.custodian?.id ?? record.account,
        record.network,
        record.conversation?.id ?? "",
        sortTime(record),
      ].join("\0");
    const sorted = placed
      .filter(({ entry }) => entry.record.conversation && entry.auditId === undefined)
      .map((item) => ({ item, by: key(item.entry) }))
      .sort((a, b) => (a.by < b.by ? -1 : a.by > b.by ? 1 : a.item.index - b.item.index));
    for (const { item } of sorted) yield item;
  }
}
