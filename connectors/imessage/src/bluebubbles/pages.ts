import { ConnectorError } from "@daybook/contract";
import type { BlueBubblesClient, Where } from "./client.ts";
import { type Item, itemOf } from "./reading.ts";

const APPLE_EPOCH_MS = Date.UTC(2001, 0, 1);

/** Rows that follow each other, from one ROWID (not included) to another. */
export interface Page {
  readonly above: number;
  readonly upTo: number;
  /** In the order of their ROWIDs. */
  readonly items: readonly Item[];
  /** How many rows BlueBubbles counts there, those without a conversation too, and its answer. */
  readonly counted: number;
  readonly answer: string;
}

/**
 * Asks for rows in pieces that are known to be whole. BlueBubbles sorts by date, which a row that comes late does not
 * follow: a full answer may lack any row, so it is asked for again by ROWIDs, of which no more than fit are wanted.
 */
export class Pages {
  readonly #client: BlueBubblesClient;
  readonly #mostRows: number;
  #rows: number;

  constructor(client: BlueBubblesClient, rows: number) {
    this.#client = client;
    this.#mostRows = rows;
    this.#rows = rows;
  }

  /** @returns undefined where there is no row after this one @throws {ConnectorError} `network-unavailable`, retryable */
  next(above: number, signal: AbortSignal): Promise<Page | undefined> {
    return this.#fitting(() => this.#next(above, signal));
  }

  /** Rows up to a ROWID that were edited, unsent or read since, milliseconds since 1970, oldest first. */
  async *changed(
    { since, upTo }: { since: number; upTo: number },
    signal: AbortSignal,
  ): AsyncGenerator<readonly Item[]> {
    const at = (since - APPLE_EPOCH_MS) * 1_000_000;
    const columns = ["date_edited", "date_retracted", "date_read"];
    const where = [
      { statement: columns.map((one) => `message.${one} >= :since`).join(" OR "), args: { since: at } },
      { statement: "message.ROWID <= :upTo", args: { upTo } },
    ].map(({ statement, args }) => ({ statement: `(${statement})`, args }));
    for (let offset = 0; ;) {
      const { items, isFull } = await this.#fitting(async () => {
        const asked = await this.#ask(where, signal, offset);
        return { items: asked, isFull: asked.length >= this.#rows };
      });
      if (items.length > 0) yield items;
      if (!isFull) return;
      offset += items.length;
    }
  }

  /** The rows of these ROWIDs that there are. */
  rows(rowids: readonly number[], signal: AbortSignal): Promise<readonly Item[]> {
    const list = rowids.map((one) => String(Math.trunc(one))).join(", ");
    return this.#ask([{ statement: `message.ROWID IN (${list})`, args: {} }], signal);
  }

  async #next(above: number, signal: AbortSignal): Promise<Page | undefined> {
    const first = await this.#ask([aboveOf(above)], signal);
    if (first.length === 0) return undefined;
    const highest = first.reduce((most, { rowid }) => Math.max(most, rowid), above);
    if (highest === above)
      throw new ConnectorError(
        "network-unavailable",
        "what BlueBubbles serves has another form than is known",
      );
    if (first.length < this.#rows) return this.#page(above, highest, first, signal);
    const upTo = await this.#reach(above, highest, signal);
    const where = [aboveOf(above), { statement: "message.ROWID <= :upTo", args: { upTo } }];
    return this.#page(above, upTo, await this.#ask(where, signal), signal);
  }

  /** Up to where no more rows are than one answer has. */
  async #reach(above: number, highest: number, signal: AbortSignal): Promise<number> {
    let upTo = Math.min(above + this.#rows, highest);
    for (;;) {
      const wider = Math.min(above + 2 * (upTo - above), highest);
      if (wider <= upTo) return upTo;
      if ((await this.#client.count(above + 1, wider, signal)).total > this.#rows) return upTo;
      upTo = wider;
    }
  }

  async #page(above: number, upTo: number, items: readonly Item[], signal: AbortSignal): Promise<Page> {
    const { total, answer } = await this.#client.count(above + 1, upTo, signal);
    return { above, upTo, items: [...items].sort((a, b) => a.rowid - b.rowid), counted: total, answer };
  }

  async #ask(where: readonly Where[], signal: AbortSignal, offset = 0): Promise<readonly Item[]> {
    return (await this.#client.messages({ where, limit: this.#rows, offset }, signal)).map(itemOf);
  }

  /** Fewer rows at a time where an answer is too large; as many as before after it. */
  async #fitting<T>(ask: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        const answer = await ask();
        this.#rows = Math.min(this.#mostRows, this.#rows * 2);
        return answer;
      } catch (error) {
        if (!(error instanceof ConnectorError) || error.code !== "too-large") throw error;
        if (this.#rows === 1)
          throw new ConnectorError(
            "network-unavailable",
            "one message of BlueBubbles's is larger than is read",
          );
        this.#rows = Math.max(1, Math.floor(this.#rows / 4));
      }
    }
  }
}

function aboveOf(above: number): Where {
  return { statement: "message.ROWID > :above", args: { above } };
}
