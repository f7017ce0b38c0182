import { randomBytes } from "node:crypto";
import { type ChatFile, type Entry, lineIdentity } from "@daybook/exports";
import type { DateOrder, ImportedLines, KnownConversation } from "./lines.ts";

/** Consecutive lines that make two exports one conversation. */
const SHARED_RUN = 3;

export interface Wanted {
  readonly custodian: string;
  /** What the operator said: an id or an exact title. */
  readonly conversation?: string | undefined;
  /** The title that the file itself suggests. */
  readonly title: string;
}

/** Where a chat belongs, and the order by which it is to be read. */
export interface Placed {
  readonly conversation: KnownConversation;
  readonly order: DateOrder;
}

/**
 * Finds the conversation that a chat belongs to: the one named, else the custodian's that shares three
 * consecutive lines with it (or all, of a shorter chat whose title does not contradict), else a new one.
 *
 * @param orders the readings that the file allows, the likeliest first
 */
export async function placeChat(
  chat: ChatFile,
  orders: readonly [DateOrder, ...DateOrder[]],
  { custodian, conversation, title }: Wanted,
  lines: ImportedLines,
): Promise<Placed> {
  if (conversation !== undefined) {
    const known =
      (await lines.conversation(custodian, conversation)) ??
      (await lines.addConversation(custodian, newConversationId(), conversation));
    return { conversation: known, order: standing(known, orders) };
  }
  if (await lines.anyOf(custodian)) {
    for (const order of orders) {
      const shared = await sharedConversation(chat, order, custodian, title, lines);
      if (shared) return { conversation: shared, order: standing(shared, [order, ...orders]) };
    }
  }
  return {
    conversation: await lines.addConversation(custodian, newConversationId(), title),
    order: orders[0],
  };
}

/** What identifies a line besides its conversation, for `ImportedLines.digest`. */
export function identityOf(entry: Entry): string {
  return lineIdentity({
    minute: entry.localTime.slice(0, 16),
    author: entry.author ?? "",
    canonicalBody: entry.canonicalBody,
  });
}

/** The order by which the conversation's earlier files were read, where this file allows it. */
function standing(known: KnownConversation, orders: readonly [DateOrder, ...DateOrder[]]): DateOrder {
  return known.dateOrder && orders.includes(known.dateOrder) ? known.dateOrder : orders[0];
}

async function sharedConversation(
  chat: ChatFile,
  order: DateOrder,
  custodian: string,
  title: string,
  lines: ImportedLines,
): Promise<KnownConversation | undefined> {
  /** Per conversation, how many lines up to here, without a break, it has. */
  let runs = new Map<number, number>();
  let total = 0;
  for await (const batch of chat.entries({ order })) {
    const found = await lines.conversationsOf(
      custodian,
      batch.map((entry) => lines.digest(identityOf(entry))),
    );
    for (const conversations of found) {
      total += 1;
      runs = new Map([...conversations].map((number) => [number, (runs.get(number) ?? 0) + 1]));
      for (const [number, run] of runs) if (run >= SHARED_RUN) return lines.byNumber(number);
    }
  }
  if (total >= SHARED_RUN) return undefined;
  for (const [number, run] of runs) {
    if (run < total) continue;
    const known = await lines.byNumber(number);
    if (known && (await lines.hasTitle(known, title))) return known;
  }
  return undefined;
}

function newConversationId(): string {
  return `export-${randomBytes(12).toString("hex")}`;
}
