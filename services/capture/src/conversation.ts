import { randomBytes } from "node:crypto";
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
}

/** Where a chat belongs, and how it is to be read. */
export interface Placed {
  readonly conversation: KnownConversation;
  readonly survey: Survey;
}

/**
 * Finds the conversation that a chat belongs to: the one named, else the custodian's that shares three
 * consecutive lines with it (or all, of a shorter chat whose title does not contradict), else a new one.
 *
 * @param readings that the file allows, the likeliest first
 */
export async function placeChat(
  chat: ChatFile,
  readings: readonly [Survey, ...Survey[]],
  { custodian, conversation, title }: Wanted,
  lines: ImportedLines,
): Promise<Placed> {
  if (conversation !== undefined) {
    const known =
      (await lines.conversation(custodian, conversation)) ??
      (await lines.addConversation(custodian, newConversationId(), conversation));
    return { conversation: known, survey: standing(known, readings) };
  }
  if (await lines.anyOf(custodian)) {
    for (const survey of readings) {
      const shared = await sharedConversation(chat, survey, custodian, title, lines);
      if (shared) return { conversation: shared, survey: standing(shared, [survey, ...readings]) };
    }
  }
  return {
    conversation: await lines.addConversation(custodian, newConversationId(), title),
    survey: readings[0],
  };
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

function newConversationId(): string {
  return `export-${randomBytes(12).toString("hex")}`;
}
