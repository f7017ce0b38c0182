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
  /** Rows up to one, and since when they are known to be there: they are waited for while one is in no conversation. */
  #there: { readonly upTo: number; readonly since: number } | undefined;

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
      const database = await this.#database(signal);
      if (database !== "known") await this.#beginAgain(database, sink, signal);
    }
    while (!signal.aborted) {
      const page = await pages.next(this.#at.rowid, signal);
      if (!page) break;
      // Of another one the first rows are to be asked for, too: these would soon be the last that are known.
      if ((await this.#database(signal)) === "another") {
        await this.#beginAgain("another", sink, signal);
        continue;
      }
      await this.#deliver(page.items, sink, signal);
      const settled = await this.#settled(page, sink, signal);
      if (!settled) break;
      await this.#moveTo(settled);
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
   * As much of a page as needs no more waiting. Of what is counted, some rows may be in their conversation a moment later:
   * after a while, one that is in none is a gap, for what scope says of it nobody knows.
   */
  async #settled(page: Page, sink: ScopedSink, signal: AbortSignal): Promise<Page | undefined> {
    if (page.counted <= page.items.length) return page;
    const { now, settleMs, pages } = this.#options;
    if (this.#there === undefined || this.#there.upTo <= page.above) {
      const upTo = Math.max(page.upTo, await pages.newest(signal));
      this.#there = { upTo, since: now().getTime() };
    }
    const { upTo, since } = this.#there;
    // Not for longer where the clock was set back.
    if (Math.abs(now().getTime() - since) < settleMs) return undefined;
    const old = page.upTo <= upTo ? page : await pages.cut(page, upTo, signal);
    await this.#giveUp(old, since, sink);
    return old;
  }

  async #giveUp({ above, upTo, items, counted, answer }: Page, at: number, sink: ScopedSink): Promise<void> {
    const dates = items.flatMap(({ message }) => (message?.dateCreated ? [message.dateCreated] : []));
    const gap = missingOf({
      about: { ...about(this.#options), network: "imessage" },
      from: new Date(Math.min(...dates, at)),
      to: new Date(dates.length > 0 ? Math.max(...dates) : at),
      theirs: counted,
      ours: items.length,
      answer: Buffer.from(answer),
    });
    if (!gap) return;
    await sink.capture([{ ...gap, eventId: `${gap.eventId}:${String(above)}:${String(upTo)}` }]);
    const rows = counted - items.length;
    this.#options.log.warn({ rows }, "rows of messages are in no conversation: a gap is recorded");
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

  /**
   * Whether it is the database that was captured before. One that was made anew counts from 1 again: then nothing of it would
   * be above the cursor for long. Where all of the last rows are deleted nobody knows.
   */
  async #database(signal: AbortSignal): Promise<"known" | "another" | "unknown"> {
    const { known } = this.#at;
    if (known.length === 0) return "known";
    const rows = await this.#options.pages.rows(
      known.map(([rowid]) => rowid),
      signal,
    );
    const guids = new Map(rows.map(({ rowid, guid }) => [rowid, guid.slice(0, 400)]));
    if (known.some(([rowid, guid]) => (guids.get(rowid) ?? guid) !== guid)) return "another";
    return guids.size > 0 ? "known" : "unknown";
  }

  /** Where it is the same, the walk finds what is recorded already. */
  async #beginAgain(database: "another" | "unknown", sink: ScopedSink, signal: AbortSignal): Promise<void> {
    const { people, client, log } = this.#options;
    if (database === "another") {
      await sink.capture([this.#another()]);
      // Its numbers of people are others.
      people.forget();
      people.learn(await client.chats(signal));
    }
    log.warn({}, "the messages database may be another: it is walked from its beginning");
    await this.#write({ ...this.#at, rowid: 0, file: 0, known: [] });
    this.#seenFile = 0;
    this.#there = undefined;
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
