import { randomUUID } from "node:crypto";
import type { Captured } from "@daybook/contract";
import { chatChanges, readChat } from "@daybook/keeping";
import { z } from "zod";
import { WebError } from "../error.ts";
import type { PagePort } from "../page-port.ts";
import { heldOf } from "../reading/held.ts";
import { kindOf } from "../reading/ids.ts";
import { idOf, nameOf } from "../reading/reading.ts";
import type { Intake } from "./intake.ts";
import { type AccountState, readLooked, readOriginal } from "./kept.ts";

/** The page, as far as looking again asks it. */
export interface Looked {
  ask(what: "chats"): Promise<Awaited<ReturnType<PagePort["chats"]>>>;
  ask(what: "loadBack", chat: string, least: number): Promise<Awaited<ReturnType<PagePort["loadBack"]>>>;
  ask(what: "found", chat: string, from: number, most: number): Promise<string[]>;
  ask(what: "note", ids: readonly string[]): Promise<unknown>;
  ask(what: "mark", name: string): Promise<unknown>;
  ask(what: "forgotten", from: number, most: number): Promise<Awaited<ReturnType<PagePort["forgotten"]>>>;
}

type LookedChat = Pick<Awaited<ReturnType<PagePort["chats"]>>[number], "id" | "title">;

/** A chat, as its events name it. */
type Place = ReturnType<typeof placeOf>;

export interface LookAgainOptions {
  readonly state: AccountState;
  readonly intake: Pick<Intake, "passed">;
  /** Nothing before it is looked for, milliseconds since 1970. */
  readonly since: number;
  /** A known hole: durable once resolved. */
  readonly gap: (gap: NonNullable<Captured["event"]["gap"]>, place: Place | undefined) => Promise<void>;
  /** Scope leaves it out: nothing of it is loaded. */
  readonly excludes: (place: Place) => Promise<boolean>;
  readonly now: () => Date;
}

/** How many messages of a chat are loaded, one attempt after another, until what is known is met. */
const LIMITS = [50, 200, 1_000];
const PAGE = 100;
/**
 * A message may be deleted for everyone for two days and a half, edited for a quarter of an hour: so far back what is recorded
 * is compared with what the page has now, among so many messages of a chat.
 */
const CHANGES_MS = 3 * 86_400_000;
const MAX_COMPARED = 200;
const MAX_CHATS = 5_000;
/** Clocks of phones and servers differ. */
const MARGIN_MS = 300_000;

/** From when on, milliseconds since 1970: what is new; what is recorded may have been changed; this look. */
type Span = Record<"since" | "changed" | "began", number>;

const place = z.object({ chat: z.object({ id: z.string(), title: z.string() }) });
const serialized = z.object({ msg: z.object({ id: z.object({ _serialized: z.string() }) }) });
const time = z.object({ msg: z.object({ t: z.number().nullish() }) });

/**
 * Looks through what the page has of each chat since it was last looked through: what was not heard is recorded, and what
 * cannot be known is a gap. Only what came after the link.
 */
export class LookAgain {
  readonly #options: LookAgainOptions;

  constructor(options: LookAgainOptions) {
    this.#options = options;
  }

  /**
   * Once. Repeatable: what is recorded already is not recorded again.
   *
   * @throws {WebError} `unavailable` when `signal` aborts, or the session ends: what was not looked at is looked at the next time
   * @throws {ConnectorError} retryable
   */
  async run(page: Looked, signal: AbortSignal): Promise<void> {
    const { state, since: first, now, excludes } = this.#options;
    const began = now().getTime();
    const looked = Math.min(began, readLooked(state) ?? first);
    const since = Math.max(first, looked - MARGIN_MS);
    const span = { since, changed: Math.max(first, looked - CHANGES_MS), began };
    // What was heard tells more than what is found of it now.
    await this.#recorded(page, signal);
    const chats = (await page.ask("chats")).filter(({ t }) => t * 1_000 >= span.changed);
    for (const chat of chats.slice(0, MAX_CHATS))
      if (!(await excludes(placeOf(chat)))) await this.#lookAt(page, chat, span, signal);
    await this.#lookUp(page, span, signal);
    if (chats.length > MAX_CHATS)
      await this.#missed(undefined, since, began, "More chats changed than are looked through");
    await state.write([{ kind: "looked", name: "", value: began }]);
  }

  /** What the page had and let go of: nothing tells of what became of it. */
  async #lookUp(page: Looked, { since, changed, began }: Span, signal: AbortSignal): Promise<void> {
    const unheard: string[] = [];
    try {
      for (let from: number | undefined = 0; from !== undefined;) {
        const looked: Awaited<ReturnType<PagePort["forgotten"]>> = await page.ask("forgotten", from, PAGE);
        for (const raw of looked.found) {
          if (timeOf(raw) < changed || this.#isAsRecorded(raw)) continue;
          const chat = chatIn(raw);
          if (!chat || !(await this.#options.excludes(placeOf(chat)))) unheard.push(idIn(raw));
        }
        from = looked.next;
      }
    } catch (cause) {
      if (!(cause instanceof WebError)) throw cause;
      await page.ask("chats");
      await this.#missed(
        undefined,
        since,
        began,
        "The page could not look up messages that it had let go of",
      );
    }
    await this.#record(page, unheard, signal);
  }

  async #lookAt(page: Looked, chat: LookedChat, span: Span, signal: AbortSignal): Promise<void> {
    const unheard: string[] = [];
    const began = this.#options.now().getTime();
    const hole = await this.#search(page, chat, span, unheard).catch(async (cause: unknown) => {
      if (!(cause instanceof WebError)) throw cause;
      // Whether the page failed at this chat alone, or is gone, the next question tells.
      await page.ask("chats");
      return { to: began, why: "The page could not show this chat when it was looked through again" };
    });
    // As it happened: an edit is about what was before it.
    await this.#record(page, unheard.toReversed(), signal);
    if (hole) await this.#missed(chat, span.since, hole.to, hole.why);
  }

  /**
   * Loads a chat until what is known is met.
   *
   * @param unheard gets the ids of what is not recorded as it is, newest first
   * @returns where it was not met
   */
  async #search(
    page: Looked,
    { id }: LookedChat,
    { since, changed }: Span,
    unheard: string[],
  ): Promise<{ to: number; why: string } | undefined> {
    let seen = 0;
    let oldest = this.#options.now().getTime();
    for (const limit of LIMITS) {
      const { loaded, isAll } = await page.ask("loadBack", id, limit);
      while (seen < Math.min(loaded, limit)) {
        const found = await page.ask("found", id, seen, PAGE);
        if (found.length === 0) break;
        seen += found.length;
        oldest = Math.min(oldest, ...found.map(timeOf));
        const isNew = (raw: string) => timeOf(raw) >= changed && !this.#isAsRecorded(raw);
        unheard.push(...found.filter(isNew).map(idIn));
      }
      if (isAll || oldest < changed || (oldest < since && limit >= MAX_COMPARED)) return undefined;
    }
    return {
      to: oldest,
      why: `More than ${LIMITS.at(-1) ?? 0} messages came since it was last looked through`,
    };
  }

  /**
   * By way of the page's queue: in its place among what is heard of the same messages, and handed over again after a kill.
   * Durable once resolved.
   */
  async #record(page: Looked, ids: readonly string[], signal: AbortSignal): Promise<void> {
    for (let at = 0; at < ids.length; at += PAGE) {
      await page.ask("note", ids.slice(at, at + PAGE));
      await this.#recorded(page, signal);
    }
  }

  /** Resolves once all that is in the page's queue now is recorded. */
  async #recorded(page: Looked, signal: AbortSignal): Promise<void> {
    const mark = randomUUID();
    await Promise.all([this.#options.intake.passed(mark, signal), page.ask("mark", mark)]);
  }

  #isAsRecorded(raw: string): boolean {
    const is = heldOf({ n: 0, raw });
    return is !== undefined && readOriginal(this.#options.state, is.id)?.digest === is.digest;
  }

  async #missed(chat: LookedChat | undefined, from: number, to: number, why: string): Promise<void> {
    if (to <= from) return;
    const { state, gap } = this.#options;
    const place = chat && placeOf(chat);
    // What is heard of it tells its kind better.
    if (place && !readChat(state, place.conversation.id))
      await state.write(chatChanges(state, place.conversation));
    await gap(
      {
        from: new Date(from).toISOString(),
        to: new Date(to).toISOString(),
        why: `${why}: what was said in it then may be missing`,
        ...(chat && { about: chat.id.slice(0, 512) }),
      },
      place,
    );
  }
}

function placeOf({ id, title }: LookedChat) {
  const conversation = { id: idOf(id), title: nameOf(title), kind: kindOf(id) };
  return { network: "whatsapp", conversation } as const;
}

/** The message's serialized id; empty, which no message has, where it tells none. */
function idIn(raw: string): string {
  return serialized.safeParse(JSON.parse(raw)).data?.msg.id._serialized ?? "";
}

function chatIn(raw: string): LookedChat | undefined {
  return place.safeParse(JSON.parse(raw)).data?.chat;
}

/** Milliseconds since 1970; of what tells none, as if it were new. */
function timeOf(raw: string): number {
  const { data } = time.safeParse(JSON.parse(raw));
  return (data?.msg.t ?? Number.MAX_SAFE_INTEGER / 1_000) * 1_000;
}
