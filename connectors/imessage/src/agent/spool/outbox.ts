import { type AgentBatch, AGENT_LIMITS } from "@daybook/contract";
import { type Change, Lane } from "@daybook/keeping";
import { z } from "zod";
import type { AgentKind, AgentState } from "./agent-state.ts";
import type { AnsweredRows, RowOf } from "./answered-rows.ts";
import { withoutPart } from "./lost-part.ts";
import type { PartFile, PartFiles } from "./part-files.ts";
import { keyOf, type WaitingFile } from "./waiting-files.ts";

/** Room for the batch's own fields. */
const BODY_BYTES = AGENT_LIMITS.batchBytes - 8_192;
const PART_BYTES = 1_600;

const standing = z.object({
  /** The highest number that was given. */
  last: z.int(),
  /** Every number up to it was answered. */
  answered: z.int(),
  /** Of the batches between. */
  bytes: z.int(),
});
type Standing = z.infer<typeof standing>;

const batch = z.object({
  body: z.string(),
  /** Where the content of its parts is, by digest. */
  files: z.record(z.string(), z.string()),
  /** Rows that it is of: which database, and the row. */
  rows: z.array(z.tuple([z.int(), z.string()])).default([]),
});
type Rows = z.infer<typeof batch>["rows"];

/** A batch as it is sent: the same bytes each time. */
export interface Numbered {
  readonly number: number;
  readonly body: Buffer;
  /** Of its parts, by digest. */
  readonly files: Readonly<Record<string, string>>;
  readonly rows: Rows;
}

/** One thing to hand over. */
export interface Outgoing {
  readonly raw: Buffer;
  readonly parts: readonly (PartFile & { readonly name: string; readonly mediaType: string })[];
  /** What is to be remembered, in the same write as the batch that it is in. */
  readonly changes: readonly Change<AgentKind>[];
  /** The row that it is of. */
  readonly row?: RowOf;
}

/** What batches say of their agent. */
export interface Saying {
  readonly agent: string;
  readonly problems: readonly string[];
  /** What was seen and is in no batch yet. */
  readonly waiting: number;
}

/**
 * What is to be handed over, in numbered batches, from before each is sent first until the server has answered that it is
 * durable there. A kill at any moment leaves each thing in one batch, or in none and not remembered.
 */
export class Outbox {
  readonly #state: AgentState;
  readonly #parts: PartFiles;
  readonly #answered: AnsweredRows;
  readonly #now: () => Date;
  #standing: Standing;
  #said = "";
  #wake: () => void = () => undefined;
  /** One that was written last, so that it need not be read again. */
  #fresh: Numbered | undefined;
  /** One change after another: each begins with what the one before left. */
  readonly #lane = new Lane();

  constructor(state: AgentState, parts: PartFiles, answered: AnsweredRows, now: () => Date) {
    this.#state = state;
    this.#parts = parts;
    this.#answered = answered;
    this.#now = now;
    this.#standing = standingIn(state);
  }

  /** Files that batches name. Of what waits, which may be more than there is memory for, one is read at a time. */
  static filesOf(state: AgentState): ReadonlySet<string> {
    const names = new Set<string>();
    const { answered, last } = standingIn(state);
    for (let number = answered + 1; number <= last; number += 1)
      for (const name of Object.values(batchIn(state, number).files)) names.add(name);
    return names;
  }

  /** Batches that have no answer yet. */
  get waiting(): number {
    return this.#standing.last - this.#standing.answered;
  }

  /** The problems that the last batch named, comma-separated. */
  get said(): string {
    return this.#said;
  }

  /** Resolves once a batch has no answer, or `signal` aborts. */
  async untilWaiting(signal: AbortSignal): Promise<void> {
    while (this.waiting === 0 && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      const wake = () => resolve(undefined);
      this.#wake = wake;
      signal.addEventListener("abort", wake, { once: true });
      await promise;
      signal.removeEventListener("abort", wake);
    }
  }

  get bytes(): number {
    return this.#standing.bytes;
  }

  /**
   * Puts things into batches, in order. Durable once resolved.
   *
   * @throws {ConnectorError} `store-unavailable`, retryable: nothing of them is kept
   */
  add(things: readonly Outgoing[], saying: Saying): Promise<void> {
    return things.length === 0 ? Promise.resolve() : this.#lane.run(() => this.#add(things, saying));
  }

  async #add(things: readonly Outgoing[], saying: Saying): Promise<void> {
    const writes: Change<AgentKind>[] = [];
    let after = this.#standing;
    const named: string[] = [];
    for (const those of batchesOf(things)) {
      const kept = { entries: entriesOf(those), files: filesOf(those), rows: rowsOf(those) };
      after = this.#numbered(after, kept, saying, writes);
      writes.push(...those.flatMap(({ changes }) => changes));
      named.push(...Object.values(kept.files));
    }
    await this.#write(writes, after);
    this.#parts.keep(named);
  }

  /** A batch without entries: that the agent is there, and what is wrong. Durable once resolved. */
  heartbeat(saying: Saying): Promise<void> {
    return this.#lane.run(async () => {
      const writes: Change<AgentKind>[] = [];
      const after = this.#numbered(this.#standing, { entries: [], files: {}, rows: [] }, saying, writes);
      await this.#write(writes, after);
    });
  }

  /** The first that has no answer. */
  first(): Numbered | undefined {
    const { answered, last } = this.#standing;
    if (answered === last) return undefined;
    return this.#fresh?.number === answered + 1 ? this.#fresh : this.#read(answered + 1);
  }

  /** It is durable at the server: forgotten here. May be repeated. */
  async answered({ number, body, files, rows }: Numbered): Promise<void> {
    await this.#lane.run(async () => {
      if (number !== this.#standing.answered + 1) return;
      const bytes = Math.max(0, this.#standing.bytes - body.length);
      const forgotten = { kind: "batch" as const, name: String(number), value: undefined };
      const known = this.#answered.add(rows.map(([of, row]) => ({ of, rowid: BigInt(row) })));
      await this.#write([forgotten, ...known], { ...this.#standing, answered: number, bytes });
    });
    for (const file of Object.values(files)) await this.#parts.remove({ file });
  }

  /**
   * Gives everything that has no answer numbers from `next` on: the server's are ahead of ours, or it has forgotten them; or
   * the agent has enrolled again, and is another. Durable once resolved, all of it or nothing.
   */
  renumber(next: number, saying: Saying, also: readonly Change<AgentKind>[] = []): Promise<void> {
    return this.#lane.run(() => this.#renumber(next, saying, also));
  }

  async #renumber(next: number, saying: Saying, also: readonly Change<AgentKind>[]): Promise<void> {
    const { answered, last } = this.#standing;
    const writes: Change<AgentKind>[] = [...also];
    let after: Standing = { last: next - 1, answered: next - 1, bytes: 0 };
    const kept: Change<AgentKind>[] = [];
    for (let number = answered + 1; number <= last; number += 1) {
      const { body, files, rows } = this.#read(number);
      writes.push({ kind: "batch", name: String(number), value: undefined });
      const { entries } = JSON.parse(body.toString()) as Pick<AgentBatch, "entries">;
      after = this.#numbered(after, { entries, files, rows }, saying, kept);
    }
    await this.#write([...writes, ...kept], after);
  }

  /**
   * The copy of a part is lost: the batch goes without it, and its file waits to be looked for. Durable once resolved.
   *
   * @param number of a batch that was never taken: its bytes are others from here on @returns what waits
   */
  async forgo(number: number, sha256: string): Promise<readonly WaitingFile[]> {
    const now = this.#now().getTime();
    const waiting: WaitingFile[] = [];
    await this.#lane.run(async () => {
      const { body, files, rows } = this.#read(number);
      const said = JSON.parse(body.toString()) as AgentBatch;
      const left = said.entries.map((entry) => withoutPart(entry, sha256, now));
      waiting.push(...left.flatMap(({ lost }) => lost));
      const entries = left.flatMap(({ entry }) => entry ?? []);
      const { [sha256]: _, ...others } = files;
      const value = { body: JSON.stringify({ ...said, entries }), files: others, rows };
      const lessBytes = body.length - Buffer.byteLength(value.body);
      await this.#write(
        [
          { kind: "batch", name: String(number), value },
          ...waiting.map((one) => ({ kind: "file" as const, name: keyOf(one), value: one })),
        ],
        { ...this.#standing, bytes: Math.max(0, this.#standing.bytes - lessBytes) },
      );
    });
    return waiting;
  }

  #read(number: number): Numbered {
    const { body, files, rows } = batchIn(this.#state, number);
    return { number, body: Buffer.from(body), files, rows };
  }

  #numbered(
    { last, answered, bytes }: Standing,
    { entries, ...kept }: Pick<AgentBatch, "entries"> & Pick<Numbered, "files" | "rows">,
    { agent, problems, waiting }: Saying,
    writes: Change<AgentKind>[],
  ): Standing {
    const number = last + 1;
    const at = this.#now().getTime();
    const said: AgentBatch = {
      v: 1,
      agent,
      number,
      answeredThrough: answered,
      at,
      waiting,
      problems: [...problems],
      entries,
    };
    const body = JSON.stringify(said);
    this.#said = problems.join();
    writes.push({ kind: "batch", name: String(number), value: { body, ...kept } });
    return { last: number, answered, bytes: bytes + Buffer.byteLength(body) };
  }

  async #write(writes: readonly Change<AgentKind>[], after: Standing): Promise<void> {
    await this.#state.write([...writes, { kind: "agent", name: "outbox", value: after }]);
    this.#standing = after;
    const number = after.answered + 1;
    const isNext = ({ kind, name, value }: Change<AgentKind>) =>
      kind === "batch" && name === String(number) && value !== undefined;
    const next = writes.find(isNext)?.value as z.infer<typeof batch> | undefined;
    if (next) this.#fresh = { ...next, number, body: Buffer.from(next.body) };
    else if (this.#fresh?.number !== number) this.#fresh = undefined;
    this.#wake();
  }
}

function standingIn(state: AgentState): Standing {
  return standing.parse(state.get("agent", "outbox") ?? { last: 0, answered: 0, bytes: 0 });
}

function batchIn(state: AgentState, number: number): z.infer<typeof batch> {
  return batch.parse(state.get("batch", String(number)));
}

function* batchesOf(things: readonly Outgoing[]): Generator<Outgoing[]> {
  let those: Outgoing[] = [];
  let bytes = 0;
  for (const one of things) {
    const size = Math.ceil(one.raw.length / 3) * 4 + 64 + one.parts.length * PART_BYTES;
    if (those.length > 0 && (those.length >= AGENT_LIMITS.entries || bytes + size > BODY_BYTES)) {
      yield those;
      [those, bytes] = [[], 0];
    }
    those.push(one);
    bytes += size;
  }
  if (those.length > 0) yield those;
}

function entriesOf(things: readonly Outgoing[]): AgentBatch["entries"] {
  return things.map(({ raw, parts }) => ({
    raw: raw.toString("base64"),
    parts: parts.map(({ sha256, sizeBytes, mediaType, name }) => ({ sha256, sizeBytes, mediaType, name })),
  }));
}

function filesOf(things: readonly Outgoing[]): Record<string, string> {
  return Object.fromEntries(things.flatMap(({ parts }) => parts.map(({ sha256, file }) => [sha256, file])));
}

function rowsOf(things: readonly Outgoing[]): Rows {
  return things.flatMap(({ row }) => (row ? [[row.of, String(row.rowid)] satisfies [number, string]] : []));
}
