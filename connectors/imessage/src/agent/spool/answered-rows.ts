import type { Change } from "@daybook/keeping";
import { z } from "zod";
import type { AgentKind, AgentState } from "./agent-state.ts";

const BLOCK_ROWS = 1_024n;
const BLOCK_BYTES = Number(BLOCK_ROWS) / 8;

/** A row of `message`, and which database it is of: `KnownRow`. */
export interface RowOf {
  readonly of: number;
  readonly rowid: bigint;
}

const block = z.object({
  name: z.string(),
  /** A bit for each row, the lowest of the first byte first; base64. */
  bits: z.string(),
});

/**
 * Rows that the server has answered as durable, or of which there was nothing to hand over: a bit each. Written when an answer
 * comes, beside what is known of the rows, so that one can be held against the other.
 */
export class AnsweredRows {
  readonly #blocks = new Map<string, Buffer>();

  constructor(state: AgentState) {
    for (const value of state.all("answered")) {
      const { name, bits } = block.parse(value);
      this.#blocks.set(name, Buffer.from(bits, "base64"));
    }
  }

  has(row: RowOf): boolean {
    const { name, byte, bit } = placeOf(row);
    return ((this.#blocks.get(name)?.[byte] ?? 0) & bit) !== 0;
  }

  /** What has to be written, at once, so that these are answered: again where that may have failed before. */
  add(rows: readonly RowOf[]): Change<AgentKind>[] {
    const touched = new Set<string>();
    for (const row of rows) {
      if (row.rowid < 0n) continue;
      const { name, byte, bit } = placeOf(row);
      const bits = this.#blocks.get(name) ?? Buffer.alloc(BLOCK_BYTES);
      bits[byte] = (bits[byte] ?? 0) | bit;
      this.#blocks.set(name, bits);
      touched.add(name);
    }
    return [...touched].map((name) => {
      const bits = this.#blocks.get(name)?.toString("base64");
      return { kind: "answered", name, value: { name, bits } };
    });
  }
}

function placeOf({ of, rowid }: RowOf): { name: string; byte: number; bit: number } {
  const n = Number(rowid % BLOCK_ROWS);
  return { name: `${of}/${rowid / BLOCK_ROWS}`, byte: n >> 3, bit: 1 << (n & 7) };
}
