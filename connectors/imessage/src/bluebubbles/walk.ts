import { type Captured, ConnectorError } from "@daybook/contract";
import { missingOf, type ScopedSink } from "@daybook/keeping";
import { createHash } from "node:crypto";
import { about } from "./captured.ts";
import type { BlueBubblesClient } from "./client.ts";
import type { Deliverer, DeliverOptions } from "./deliver.ts";
import type { Page, Pages } from "./pages.ts";
import type { Item } from "./reading.ts";
import { type Cursor, cursor } from "./state.ts";

export interface WalkOptions extends Pick<
  DeliverOptions,
  "account" | "custodian" | "state" | "people" | "log" | "now"
> {
  readonly client: BlueBubblesClient;
  readonly pages: Pages;
  readonly deliverer: Deliverer;
  /** Resolves when no message is under way: until then nobody knows whose a row of ours is. */
  readonly relayed: () => Promise<void>;
  readonly settleMs: number;
}

/** A change may be written down with a time that is a little older than another's that was seen. */
const OVERLAP_MS = 10 * 60_000;
/** BlueBubbles's own look-back for edits is a week; what another device did comes by iCloud when it comes. */
const LOOK_BACK_MS = 8 * 86_400_000;
/** Files may be joined to their messages in another order than they have numbers in. */
const FILES_BACK = 20;
const FILES_FAR_BACK = 1_000;
const KNOWN_ROWS = 20;
const ANOTHER =
  "The messages database of that Mac is another than before: it is captured from its beginning, and what the one before held last may be missing";

/**
 * Captures a Mac's messages by asking for what is new: rows by their ROWID, then what changed of earlier ones. What is
 * remembered moves on only when what it stands for is durable.
 */
export class Walk {
  readonly #options: WalkOptions;
  #at: Cursor;
  /** The highest ROWID of a file of what was delivered: those below it are asked for once before it counts. */
  #seenFile = 0;
  /** Since when a page has held rows that are in no conversation. */
  #unsettled: { readonly above: number; readonly since: number } | undefined;

  /** @throws {ConnectorError} `malformed` when what is remembered is of another version, or damaged */
  constructor(options: WalkOptions) {
    this.#options = options;
    const { state, account, now } = options;
    const stored = state.get("cursor", account);
    const { data } = cursor.safeParse(stored ?? { rowid: 0, changedAt: now().getTime(), file: 0, known: [] });
    if (!data)
      throw new ConnectorError("malformed", "what is remembered of BlueBubbles is of another version");
    this.#at = data;
  }

  /**
   * One poll: everything that is new by then is durable once it resolves. May be repeated, also after a failure.
   *
   * @param isWide whether to look at all that changed within days, and whether the database is the same
   * @throws {ConnectorError} retryable: nobody knows what is durable
   */
  async poll({ isWide }: { isWide: boolean }, sink: ScopedSink, signal: AbortSignal): Promise<void> {
    const { client, people, pages } = this.#options;
    if (isWide) {
      people.learn(await client.chats(signal));
      await this.#knowDatabase(sink, signal);
    }
    while (!signal.aborted) {
      const page = await pages.next(this.#at.rowid, signal);
      if (!page) break;
      await this.#deliver(page.items, sink, signal);
      if (!(await this.#isSettled(page, sink))) break;
      await this.#moveTo(page);
    }
    await this.#changes({ isWide }, sink, signal);
  }

  async #changes({ isWide }: { isWide: boolean }, sink: ScopedSink, signal: AbortSignal): Promise<void> {
    const { pages, now } = this.#options;
    const { changedAt, rowid, file } = this.#at;
    if (rowid === 0) return;
    const seen = this.#seenFile;
    const since = changedAt - (isWide ? LOOK_BACK_MS : OVERLAP_MS);
    const asked = now().getTime();
    let latest = changedAt;
    const wanted = { since, file: Math.max(0, file - (isWide ? FILES_FAR_BACK : FILES_BACK)), upTo: rowid };
    for await (const items of pages.changed(wanted, signal)) {
      await this.#deliver(items, sink, signal);
      latest = items.reduce((most, { message }) => {
        const times = [message?.dateEdited, message?.dateRetracted, message?.dateRead];
        return Math.max(most, ...times.map((one) => Math.trunc(one ?? 0)));
      }, latest);
    }
    // A clock that is ahead would hide what others do until then.
    const changed = Math.max(changedAt, Math.min(latest, asked));
    if (changed !== changedAt || seen > file)
      await this.#write({ ...this.#at, changedAt: changed, file: Math.max(file, seen) });
  }

  async #deliver(items: readonly Item[], sink: ScopedSink, signal: AbortSignal): Promise<void> {
    const { client, people, deliverer, relayed } = this.#options;
    const isNew = ({ message }: Item) => (message?.chats ?? []).some(({ guid }) => !people.has(guid));
    // Somebody who joined is known by the conversations alone.
    const isAboutOther = ({ message }: Item) =>
      Boolean(message?.otherHandle) &&
      people.party(BigInt(Math.trunc(message?.otherHandle ?? 0))) === undefined;
    if (items.some((item) => isNew(item) || isAboutOther(item))) people.learn(await client.chats(signal));
    if (items.some(({ message }) => message?.isFromMe)) await relayed();
    await deliverer.deliver(items, sink);
    for (const { message } of items)
      for (const { originalROWID = 0 } of message?.attachments ?? [])
        this.#seenFile = Math.max(this.#seenFile, originalROWID);
  }

  /**
   * Whether all that is counted was served. A row may be in its conversation a moment later: after a while, one that is in
   * none is a gap, for what scope says of it nobody knows.
   */
  async #isSettled({ above, upTo, items, counted, answer }: Page, sink: ScopedSink): Promise<boolean> {
    if (counted <= items.length) {
      this.#unsettled = undefined;
      return true;
    }
    const { now, settleMs, log } = this.#options;
    const at = now().getTime();
    if (this.#unsettled?.above !== above) this.#unsettled = { above, since: at };
    if (at - this.#unsettled.since < settleMs) return false;
    const dates = items.flatMap(({ message }) => (message?.dateCreated ? [message.dateCreated] : []));
    const gap = missingOf({
      about: { ...about(this.#options), network: "imessage" },
      from: new Date(Math.min(...dates, at)),
      to: new Date(dates.length > 0 ? Math.max(...dates) : at),
      theirs: counted,
      ours: items.length,
      answer: Buffer.from(answer),
    });
    if (gap) await sink.capture([{ ...gap, eventId: `${gap.eventId}:${String(above)}:${String(upTo)}` }]);
    log.warn({ rows: counted - items.length }, "rows of messages are in no conversation: a gap is recorded");
    return true;
  }

  async #moveTo({ upTo, items }: Page): Promise<void> {
    const rows = items.map(({ rowid, guid }): [number, string] => [rowid, guid.slice(0, 400)]);
    const known = [...this.#at.known, ...rows].slice(-KNOWN_ROWS);
    await this.#write({ ...this.#at, rowid: upTo, known });
  }

  async #write(to: Cursor): Promise<void> {
    const { state, account } = this.#options;
    await state.write([{ kind: "cursor", name: account, value: to }]);
    this.#at = to;
  }

  /** A database that was made anew counts from 1 again: then nothing of it would be above the cursor for long. */
  async #knowDatabase(sink: ScopedSink, signal: AbortSignal): Promise<void> {
    const { known } = this.#at;
    if (known.length === 0) return;
    const rows = await this.#options.pages.rows(
      known.map(([rowid]) => rowid),
      signal,
    );
    const guids = new Map(rows.map(({ rowid, guid }) => [rowid, guid.slice(0, 400)]));
    const isOther = ([rowid, guid]: readonly [number, string]) => {
      const now = guids.get(rowid);
      return now !== undefined && now !== guid;
    };
    if (guids.size > 0 && !known.some(isOther)) return;
    // Where all of them are deleted nobody knows: then the walk finds what is recorded already.
    if (known.some(isOther)) await sink.capture([this.#another()]);
    this.#options.log.warn({}, "the messages database may be another: it is walked from its beginning");
    await this.#write({ ...this.#at, rowid: 0, file: 0, known: [] });
    this.#seenFile = 0;
  }

  #another(): Captured {
    const { known } = this.#at;
    const stableDigest = createHash("sha256").update(JSON.stringify(known)).digest("hex");
    return {
      eventId: `another-database:${stableDigest}`,
      stableDigest,
      event: {
        ...about(this.#options),
        network: "imessage",
        kind: "gap",
        gap: { why: ANOTHER },
        raw: "",
      },
    };
  }
}
