import { ConnectorError } from "@daybook/contract";
import type { BlueBubblesClient, Where } from "./client.ts";
import { type Item, itemOf } from "./reading.ts";

/** Rows that BlueBubbles serves at once, at most. */
const MOST_ROWS = 1_000;
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
 * follow: a full answer may lack any row, so it is asked for again by ROWIDs, of which no more than fit are wanted. What fits
 * is counted in joined rows, one for each file and conversation of a message: the last message of a full answer may lack some.
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

  /**
   * Rows up to a ROWID that were edited, unsent or read since, milliseconds since 1970, or have a file above a ROWID of
   * files: it may be joined to a message that was asked for before. Oldest first.
   *
   * @throws {ConnectorError} `network-unavailable`, retryable
   */
  async *changed(
    { since, file, upTo }: { since: number; file: number; upTo: number },
    signal: AbortSignal,
  ): AsyncGenerator<readonly Item[]> {
    const at = (since - APPLE_EPOCH_MS) * 1_000_000;
    const columns = ["date_edited", "date_retracted", "date_read"];
    const isChanged = [
      ...columns.map((one) => `message.${one} >= :since`),
      "message.ROWID IN (SELECT message_id FROM message_attachment_join WHERE attachment_id > :file)",
    ];
    const where = [
      { statement: isChanged.join(" OR "), args: { since: at, file } },
      { statement: "message.ROWID <= :upTo", args: { upTo } },
    ].map(({ statement, args }) => ({ statement: `(${statement})`, args }));
    let before: string | undefined;
    for (let offset = 0; ;) {
      const { items, isFull } = await this.#fitting(async () => {
        const asked = await this.#ask(where, signal, { offset });
        return { items: asked, isFull: this.#isFull(asked) };
      });
      // What was had is not had again: it would be without end.
      if (isFull && items[0]?.digest === before) throw anotherForm();
      before = items[0]?.digest;
      // The last may be cut off: it is asked for again, unless there is nothing else.
      const whole = isFull && items.length > 1 ? items.slice(0, -1) : items;
      if (whole.length > 0) yield whole;
      if (!isFull) return;
      offset += joinedOf(whole);
    }
  }

  /** The rows of these ROWIDs that there are; some of them where all are larger than is read. */
  rows(rowids: readonly number[], signal: AbortSignal): Promise<readonly Item[]> {
    const list = rowids.map((one) => String(Math.trunc(one))).join(", ");
    return this.#fitting(() => this.#ask([{ statement: `message.ROWID IN (${list})`, args: {} }], signal));
  }

  /** The last row that is in a conversation; 0 where none is. */
  async newest(signal: AbortSignal): Promise<number> {
    const statement = "message.ROWID = (SELECT max(message_id) FROM chat_message_join)";
    const [row] = await this.#fitting(() => this.#ask([{ statement, args: {} }], signal));
    return row?.rowid ?? 0;
  }

  /** The same page, up to another ROWID, counted again. */
  cut({ above, items }: Page, upTo: number, signal: AbortSignal): Promise<Page> {
    return this.#page(
      above,
      upTo,
      items.filter(({ rowid }) => rowid <= upTo),
      signal,
    );
  }

  async #next(above: number, signal: AbortSignal): Promise<Page | undefined> {
    const first = await this.#ask([aboveOf(above)], signal);
    if (first.length === 0) return undefined;
    const highest = first.reduce((most, { rowid }) => Math.max(most, rowid), above);
    if (highest === above) throw anotherForm();
    if (!this.#isFull(first)) return this.#page(above, highest, first, signal);
    for (
      let upTo = await this.#reach(above, highest, signal);
      ;
      upTo = above + Math.ceil((upTo - above) / 2)
    ) {
      const where = [aboveOf(above), { statement: "message.ROWID <= :upTo", args: { upTo } }];
      const isOne = upTo === above + 1;
      const items = await this.#ask(where, signal, isOne ? { limit: MOST_ROWS } : {});
      if (isOne || !this.#isFull(items)) return this.#page(above, upTo, items, signal);
    }
  }

  #isFull(items: readonly Item[]): boolean {
    return joinedOf(items) >= this.#rows;
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

  async #ask(
    where: readonly Where[],
    signal: AbortSignal,
    { offset = 0, limit = this.#rows }: { offset?: number; limit?: number } = {},
  ): Promise<readonly Item[]> {
    return (await this.#client.messages({ where, limit, offset }, signal)).map(itemOf);
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

/** Rows that BlueBubbles joined to make these. */
function joinedOf(items: readonly Item[]): number {
  return items.reduce((sum, { joined }) => sum + joined, 0);
}

function aboveOf(above: number): Where {
  return { statement: "message.ROWID > :above", args: { above } };
}

function anotherForm(): ConnectorError {
  return new ConnectorError("network-unavailable", "what BlueBubbles serves has another form than is known");
}
