import type { Event, Party } from "@daybook/contract";
import type { Row, Table } from "../database/table.ts";
import { malformed } from "../database/malformed.ts";

/** A row of `chat`, with who is in it. */
export interface Chat {
  readonly row: Row;
  readonly conversation: NonNullable<Event["conversation"]>;
  readonly participants: readonly Party[];
}

/** Who a handle is. */
export interface Named {
  party(handle: bigint): Party | undefined;
}

const GROUP_STYLE = 43n;
const MAX_ROWS = 500_000;
const MAX_ID = 512;
const MAX_PARTICIPANTS = 1_900;
const MAX_TITLE = 1_024;
/** Of a value of a chat or a handle: they are a few words each. */
const LARGEST_BYTES = 8 * 1024;

/** Handles and chats, read once. A person has a handle for each service. */
export class People implements Named {
  readonly #handles: ReadonlyMap<bigint, Row>;
  readonly #chats: ReadonlyMap<bigint, Chat>;

  /** @param only chats, with who is in them, and handles; all of them unless given */
  constructor(
    tables: { handle: Table | undefined; chat: Table | undefined; members: Table | undefined },
    only?: { readonly chats: readonly bigint[]; readonly handles: readonly bigint[] },
  ) {
    const ofChats = only ? `chat_id IN (${only.chats.join(",")})` : "1";
    const pairs: (bigint | null)[][] = [];
    for (const pair of tables.members?.numbers(["chat_id", "handle_id"], ofChats, {
      isFew: only !== undefined,
    }) ?? []) {
      pairs.push(pair);
      if (pairs.length > MAX_ROWS) throw malformed("more members of chats than are read");
    }
    const wanted = only && [...only.handles, ...pairs.flatMap(([, handle]) => handle ?? [])];
    this.#handles = byRow(tables.handle, wanted && `ROWID IN (${wanted.join(",")})`);
    const members = new Map<bigint, Party[]>();
    for (const [chat, handle] of pairs) {
      const party = handle === null || handle === undefined ? undefined : this.party(handle);
      if (chat === null || chat === undefined || !party) continue;
      const known = members.get(chat) ?? [];
      if (known.length < MAX_PARTICIPANTS) known.push(party);
      members.set(chat, known);
    }
    this.#chats = new Map(
      [...byRow(tables.chat, only && `ROWID IN (${only.chats.join(",")})`)].map(([id, row]) => [
        id,
        chatOf(row, members.get(id) ?? []),
      ]),
    );
  }

  chat(id: bigint): Chat | undefined {
    return this.#chats.get(id);
  }

  get chats(): readonly Chat[] {
    return [...this.#chats.values()];
  }

  handle(id: bigint): Row | undefined {
    return this.#handles.get(id);
  }

  /** Names are no part of the database: a person is shown by number or address. */
  party(handle: bigint): Party | undefined {
    return partyOf(this.#handles.get(handle));
  }
}

export function partyOf(handle: Row | undefined): Party | undefined {
  const id = handle?.text("id")?.slice(0, MAX_ID);
  return id === undefined ? undefined : { id, name: id };
}

function byRow(table: Table | undefined, where?: string): Map<bigint, Row> {
  const rows = new Map<bigint, Row>();
  for (const row of table?.rows(where, LARGEST_BYTES) ?? []) {
    rows.set(row.rowid, row);
    if (rows.size > MAX_ROWS) throw malformed("more chats or handles than are read");
  }
  return rows;
}

/** @param row of `chat` */
export function chatOf(row: Row, participants: readonly Party[]): Chat {
  const identifier = row.text("chat_identifier");
  const isGroup = row.integer("style") === GROUP_STYLE || participants.length > 1;
  const names = participants.map(({ name }) => name).join(", ");
  const title = row.text("display_name") ?? ((isGroup && names) || identifier || names);
  return {
    row,
    participants,
    conversation: {
      id: (row.text("guid") ?? `chat-${String(row.rowid)}`).slice(0, MAX_ID),
      title: title.slice(0, MAX_TITLE),
      kind: isGroup ? "group" : "direct",
    },
  };
}
