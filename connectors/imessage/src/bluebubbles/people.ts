import type { Party } from "@daybook/contract";
import { Row, type Value } from "../database/table.ts";
import { type Chat, chatOf } from "../reading/people.ts";
import type { ServedChat } from "./schema.ts";

const MAX_ID = 512;

/** Conversations and who is in them, as BlueBubbles told last; what a message tells of them is learnt by the way. */
export class KnownPeople {
  readonly #chats = new Map<string, Chat>();
  readonly #parties = new Map<bigint, Party>();

  learn(chats: readonly ServedChat[]): void {
    for (const chat of chats) {
      const participants = (chat.participants ?? []).map(({ originalROWID, address }) =>
        this.learnHandle(originalROWID, address),
      );
      this.#chats.set(chat.guid, chatOf(rowOfChat(chat), participants));
    }
  }

  forget(): void {
    this.#chats.clear();
    this.#parties.clear();
  }

  learnHandle(rowid: number, address: string): Party {
    const id = address.slice(0, MAX_ID);
    const party = { id, name: id };
    this.#parties.set(BigInt(rowid), party);
    return party;
  }

  has(guid: string): boolean {
    return this.#chats.has(guid);
  }

  /** Of one that nobody told of but the message itself, what that says. */
  chat(of: ServedChat): Chat {
    return this.#chats.get(of.guid) ?? chatOf(rowOfChat(of), []);
  }

  byGuid(guid: string): Chat | undefined {
    return this.#chats.get(guid);
  }

  /** @param handle its ROWID */
  party(handle: bigint): Party | undefined {
    return this.#parties.get(handle);
  }
}

/** A row of `chat`, as far as BlueBubbles serves its columns. */
function rowOfChat({ originalROWID, guid, style, chatIdentifier, displayName }: ServedChat): Row {
  return rowOf(originalROWID, {
    guid,
    style: integer(style),
    chat_identifier: chatIdentifier ?? null,
    display_name: displayName ?? null,
  });
}

/** A row with these columns. */
export function rowOf(rowid: number, columns: Readonly<Record<string, Value>>): Row {
  const names = Object.keys(columns);
  return new Row(BigInt(rowid), new Map(names.map((name, i) => [name, i])), Object.values(columns));
}

/** A whole number as a database has it; 0 for none. */
export function integer(value: number | boolean | null | undefined): bigint {
  const number = Number(value ?? 0);
  return Number.isSafeInteger(number) ? BigInt(number) : 0n;
}
