import type { AgentEntry, AgentPart } from "@daybook/contract";
import { AGENT_LIMITS } from "@daybook/contract";
import { CaptureError } from "../error.ts";
import { receiveUpload, type Upload } from "../upload.ts";

const MIB = 1024 * 1024;
/** Of one agent, and of all: beyond, attachments are taken when their batches have been. */
const MAX_AGENT_BYTES = 512 * MIB;
const MAX_BYTES = 4_096 * MIB;
const MAX_PARTS = 1_000;
/** A batch follows its attachments sooner. */
const KEPT_MS = 3_600_000;

interface Kept {
  readonly agent: string;
  readonly upload: Upload;
  readonly at: number;
}

/**
 * Attachments whose batch has yet to come: on the disk under keys of this process, so that a crash loses them and their agent
 * is told to send them again.
 */
export class Parts {
  readonly #spoolDir: string;
  readonly #now: () => Date;
  readonly #kept = new Map<string, Kept>();

  constructor(of: { spoolDir: string; now: () => Date }) {
    this.#spoolDir = of.spoolDir;
    this.#now = of.now;
  }

  /** Bytes on the disk. */
  get bytes(): number {
    return [...this.#kept.values()].reduce((sum, { upload }) => sum + upload.sizeBytes, 0);
  }

  /**
   * Takes an attachment in. Repeating it is harmless.
   *
   * @returns false for content of another digest: nothing is kept of it
   * @throws {CaptureError} `too-large`, `spool-full`
   */
  async receive(agent: string, sha256: string, body: AsyncIterable<Uint8Array>): Promise<boolean> {
    await this.forgetOld();
    const ofAgent = [...this.#kept.values()].filter((one) => one.agent === agent);
    const held = ofAgent.reduce((sum, { upload }) => sum + upload.sizeBytes, 0);
    if (held >= MAX_AGENT_BYTES || ofAgent.length >= MAX_PARTS || this.bytes >= MAX_BYTES)
      throw new CaptureError("spool-full", "too many attachments wait for their batches");
    const upload = await receiveUpload(body, { spoolDir: this.#spoolDir, maxBytes: AGENT_LIMITS.partBytes });
    const place = placeOf(agent, sha256);
    if (upload.sha256 !== sha256 || this.#kept.has(place)) {
      await upload.remove();
      return upload.sha256 === sha256;
    }
    this.#kept.set(place, { agent, upload, at: this.#now().getTime() });
    return true;
  }

  /** Those of a batch that are not here, each once. */
  missing(agent: string, entries: readonly AgentEntry[]): string[] {
    const named = new Set(entries.flatMap(({ parts }) => parts.map(({ sha256 }) => sha256)));
    return [...named].filter((sha256) => !this.#kept.has(placeOf(agent, sha256)));
  }

  /** The content, undefined where it is not here any more. */
  content(agent: string, { sha256 }: Pick<AgentPart, "sha256">): AsyncIterable<Uint8Array> | undefined {
    const upload = this.#kept.get(placeOf(agent, sha256))?.upload;
    return upload?.read(0, upload.sizeBytes);
  }

  /** Their batch is durable. */
  async forget(agent: string, entries: readonly AgentEntry[]): Promise<void> {
    for (const { parts } of entries)
      for (const { sha256 } of parts) await this.#remove(placeOf(agent, sha256));
  }

  async forgetOld(): Promise<void> {
    const before = this.#now().getTime() - KEPT_MS;
    for (const [place, { at }] of this.#kept) if (at < before) await this.#remove(place);
  }

  /** Nothing stays on the disk. */
  async close(): Promise<void> {
    for (const place of this.#kept.keys()) await this.#remove(place);
  }

  async #remove(place: string): Promise<void> {
    const kept = this.#kept.get(place);
    this.#kept.delete(place);
    await kept?.upload.remove();
  }
}

function placeOf(agent: string, sha256: string): string {
  return `${agent}/${sha256}`;
}
