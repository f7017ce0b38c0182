import { type ChatFile, identityOf, lineIdentity, type Survey } from "@daybook/exports";
import type { ImportedLines, KnownConversation } from "./lines.ts";

/** Consecutive lines that make two exports one conversation. */
const SHARED_RUN = 3;

export interface Wanted {
  readonly custodian: string;
  /** What the operator said: an id or an exact title. */
  readonly conversation?: string | undefined;
  /** The title that the file itself suggests. */
  readonly title: string;
  /** Which chat of which file it is: what the id of a new conversation is made of. */
  readonly origin: string;
}

/** Where a chat belongs, and how it is to be read. */
export interface Placed {
  readonly conversation: KnownConversation;
  readonly survey: Survey;
}

/**
 * What tells an imported file from others: its digest, and for chats too short to share a run of lines also their
 * titles, for the same words sent into three chats make three files of the same bytes.
 */
export function fileIdentity(sha256: string, chats: readonly Pick<Survey, "records" | "title">[]): string {
  if (chats.some(({ records }) => records >= SHARED_RUN)) return sha256;
  return JSON.stringify([sha256, ...chats.map(({ title }) => title ?? "")]);
}

/**
 * Finds the conversation that a chat belongs to: the one named, else the custodian's that shares three
 * consecutive lines with it (or all, of a shorter chat whose title does not contradict), else a new one,
 * which is the same again when the import is repeated after a crash.
 *
 * @param readings that the file allows, the likeliest first
 */
export async function placeChat(
  chat: ChatFile,
  readings: readonly [Survey, ...Survey[]],
  { custodian, conversation, title, origin }: Wanted,
  lines: ImportedLines,
): Promise<Placed> {
  if (conversation !== undefined) {
    const known =
      (await lines.conversation(custodian, conversation)) ??
      (await lines.addConversation(custodian, lines.newConversationId(custodian, origin), conversation));
    return { conversation: known, survey: standing(known, readings) };
  }
  if (await lines.anyOf(custodian)) {
    for (const survey of readings) {
      const shared = await sharedConversation(chat, survey, custodian, title, lines);
      // What the operator says yields to an order that is established, not to what was once a mere default.
      const overruled = readings[0].decidedBy === "operator" && survey !== readings[0];
      if (shared && !(overruled && shared.dateOrder !== survey.order))
        return { conversation: shared, survey: standing(shared, [survey, ...readings]) };
    }
  }
  return {
    conversation: await lines.addConversation(custodian, lines.newConversationId(custodian, origin), title),
    survey: readings[0],
  };
}

/** A chat read as it was read before. @param itself what the file tells by itself, which may be the same */
export function surveyAs(
  chat: ChatFile,
  itself: Survey,
  { order, ambiguous }: Pick<Survey, "order" | "ambiguous">,
): Promise<Survey> {
  const same = itself.order === order && (ambiguous || !itself.ambiguous);
  return same ? Promise.resolve(itself) : chat.survey({ dateOrder: order });
}

/** The reading by which the conversation's earlier files were read, where this file allows it. */
function standing(known: KnownConversation, readings: readonly [Survey, ...Survey[]]): Survey {
  return readings.find((survey) => survey.order === known.dateOrder) ?? readings[0];
}

async function sharedConversation(
  chat: ChatFile,
  survey: Survey,
  custodian: string,
  title: string,
  lines: ImportedLines,
): Promise<KnownConversation | undefined> {
  /** Per conversation, how many lines up to here, without a break, it has. */
  let runs = new Map<number, number>();
  let total = 0;
  for await (const batch of chat.entries({ survey })) {
    const digests = batch.map((entry) => lines.digest(lineIdentity(identityOf(entry))));
    for (const conversations of await lines.conversationsOf(custodian, digests)) {
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
