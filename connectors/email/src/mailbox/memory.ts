import { ConnectorError } from "@daybook/contract";
import type { Change } from "@daybook/keeping";
import { z } from "zod";
import {
  cursor,
  type Cursor,
  entry,
  type Entry,
  type ImapState,
  type ImapStateKind,
  message,
  type Message,
  standing,
  type Standing,
} from "./state.ts";

/** UIDs that are remembered in one value. */
const BLOCK = 1_000;

type ImapChange = Change<ImapStateKind>;

/** A message as it is noted; without a target, scope left it out. */
export interface Noted {
  readonly uid: number;
  readonly digest: string;
  readonly target: string | undefined;
}

/** What is remembered of one account: where each folder was left, and which messages are there. */
export class Memory {
  readonly #state: ImapState;
  readonly #account: string;

  constructor(state: ImapState, account: string) {
    this.#state = state;
    this.#account = account;
  }

  cursor(folder: string): Cursor | undefined {
    return this.#read(this.#state.get("folder", this.#name(folder)), cursor.optional());
  }

  message(digest: string): Message | undefined {
    return this.#read(this.#state.get("message", this.#name(digest)), message.optional());
  }

  get standing(): Standing {
    const none = { folders: [], lost: [], missed: [] };
    return this.#read(this.#state.get("standing", this.#name()) ?? none, standing);
  }

  /** All that a folder is known to have, a block at a time, in the order of UIDs. */
  *blocks(
    folder: string,
    { uidValidity, blocks }: Pick<Cursor, "uidValidity" | "blocks">,
  ): Generator<readonly Entry[]> {
    for (const block of blocks) yield this.#block(folder, uidValidity, block);
  }

  /** To note more messages of a folder, and where it is left: changes that are written together. */
  noted(folder: string, at: Cursor, more: readonly Noted[]): { cursor: Cursor; changes: ImapChange[] } {
    const byBlock = Map.groupBy(more, ({ uid }) => Math.floor(uid / BLOCK));
    const blocks = [...new Set([...at.blocks, ...byBlock.keys()])].sort((a, b) => a - b);
    const noted = { ...at, blocks };
    const known = [...byBlock].map(([block, of]) => {
      const added = of.map(({ uid, digest }): Entry => [uid, digest]);
      return this.#asBlock(folder, at.uidValidity, block, [
        ...this.#block(folder, at.uidValidity, block),
        ...added,
      ]);
    });
    const messages = [...Map.groupBy(more, ({ digest }) => digest)].map(([digest, of]) => {
      const before = this.message(digest);
      const target = before?.target ?? of.find((one) => one.target !== undefined)?.target;
      return this.#asMessage(digest, {
        ...(target !== undefined && { target }),
        times: (before?.times ?? 0) + of.length,
      });
    });
    return { cursor: noted, changes: [...known, ...messages, this.atCursor(folder, noted)] };
  }

  /** To forget messages of a folder. */
  forgotten(folder: string, uidValidity: string, gone: readonly Entry[]): ImapChange[] {
    const known = [...Map.groupBy(gone, ([uid]) => Math.floor(uid / BLOCK))].map(([block, of]) => {
      const uids = new Set(of.map(([uid]) => uid));
      const left = this.#block(folder, uidValidity, block).filter(([uid]) => !uids.has(uid));
      return this.#asBlock(folder, uidValidity, block, left);
    });
    const messages = [...Map.groupBy(gone, ([, digest]) => digest)].map(([digest, of]) => {
      const before = this.message(digest);
      return this.#asMessage(digest, { ...before, times: Math.max(0, (before?.times ?? 0) - of.length) });
    });
    return [...known, ...messages];
  }

  /** To forget a message that no folder has. */
  removed(digest: string): ImapChange {
    return { kind: "message", name: this.#name(digest), value: undefined };
  }

  atCursor(folder: string, value: Cursor | undefined): ImapChange {
    return { kind: "folder", name: this.#name(folder), value };
  }

  asStanding(value: Standing): ImapChange {
    return { kind: "standing", name: this.#name(), value };
  }

  /** Durable once it resolves: all or nothing. @throws {ConnectorError} `store-unavailable`, retryable */
  write(changes: readonly ImapChange[]): Promise<void> {
    return this.#state.write(changes);
  }

  #asBlock(folder: string, uidValidity: string, block: number, of: readonly Entry[]): ImapChange {
    const value = of.length === 0 ? undefined : of;
    return { kind: "known", name: this.#name(folder, uidValidity, String(block)), value };
  }

  #asMessage(digest: string, value: Message): ImapChange {
    return { kind: "message", name: this.#name(digest), value };
  }

  #block(folder: string, uidValidity: string, block: number): readonly Entry[] {
    const stored = this.#state.get("known", this.#name(folder, uidValidity, String(block))) ?? [];
    return this.#read(stored, z.array(entry));
  }

  #name(...parts: string[]): string {
    return JSON.stringify([this.#account, ...parts]);
  }

  #read<T>(stored: unknown, schema: z.ZodType<T>): T {
    const { data, success } = schema.safeParse(stored);
    if (!success)
      throw new ConnectorError("malformed", "what is remembered of a mailbox is of another version");
    return data;
  }
}
