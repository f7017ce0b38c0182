import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryStores } from "@daybook/archive-core/testing";
import { type Envelope, envelope, type Party } from "@daybook/contract";
import { CaptureError } from "../../src/error.ts";
import type { ArchiveProgress, Publisher, Registry } from "../../src/ports.ts";
import { Scope, type ScopeRules } from "../../src/scope.ts";
import { createSink } from "../../src/sink.ts";

export const SCOPE_KEY = Buffer.alloc(32, 5);

/** `lost`: nothing is kept. `kept`: it is, and only the answer is lost. `full`: nothing is, for want of room. */
export type PublisherFault = "lost" | "kept" | "full";

/** A publisher that works in memory. */
export class MemoryPublisher implements Publisher {
  readonly published: { partition: number; envelope: Envelope }[] = [];
  /** What happens to the coming calls, in order; undefined: they work. */
  readonly faults: (PublisherFault | undefined)[] = [];
  /** Runs before each call. */
  before: (() => void | Promise<void>) | undefined;

  async publish(_topic: string, partition: number, plaintexts: readonly Uint8Array[]): Promise<number> {
    await this.before?.();
    const fault = this.faults.shift();
    if (fault === "full") throw new CaptureError("spool-full", "injected: full");
    if (fault !== "lost") {
      for (const bytes of plaintexts) {
        const value: unknown = JSON.parse(Buffer.from(bytes).toString());
        this.published.push({ partition, envelope: envelope.parse(value) });
      }
    }
    if (fault) throw new CaptureError("unavailable", `injected: ${fault}`);
    return this.published.length;
  }

  /** What an archiver would make of it: each event once. */
  get records(): Envelope[] {
    const seen = new Map(
      this.published.map((p) => [`${p.envelope.eventId} ${p.envelope.stableDigest}`, p.envelope]),
    );
    return [...seen.values()];
  }
}

/** A registry of people by name. */
export class MemoryRegistry implements Registry {
  readonly people = new Map<string, Party>();
  rules: ScopeRules = { version: 0, rules: [] };

  async find(nameOrId: string): Promise<Party | undefined> {
    return this.people.get(nameOrId) ?? [...this.people.values()].find(({ id }) => id === nameOrId);
  }
  async custodian(name: string): Promise<Party> {
    const known = (await this.find(name)) ?? { id: `id-${this.people.size}`, name };
    this.people.set(name, known);
    return known;
  }
  async account({ custodian }: { custodian: string }): Promise<string> {
    return `account-of-${custodian}`;
  }
  async scope(): Promise<ScopeRules> {
    return this.rules;
  }
}

/** A sink over memory, with the spool in a directory of its own. */
export function setUp({ shards = 1 } = {}) {
  const dir = mkdtempSync(join(tmpdir(), "daybook-capture-"));
  const publisher = new MemoryPublisher();
  const registry = new MemoryRegistry();
  const { records } = memoryStores();
  const reachedArchive: [number, number][] = [];
  const progress: ArchiveProgress = {
    archived: async (partition, offset) => {
      reachedArchive.push([partition, offset]);
    },
  };
  const now = () => new Date("2026-03-04T12:00:00.000Z");
  const newSink = async () =>
    createSink({
      publisher,
      records,
      shards,
      spoolDir: dir,
      now,
      maxBytes: 10_000_000,
      scope: async () => new Scope(registry.rules, SCOPE_KEY),
    });
  return {
    dir,
    publisher,
    registry,
    records,
    progress,
    reachedArchive,
    now,
    newSink,
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

export async function* once(bytes: Uint8Array | string): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(Buffer.from(bytes));
}
