import { ConnectorError } from "@daybook/contract";
import type { StateFile } from "@daybook/keeping";
import { z } from "zod";
import type { Held, Original } from "../reading/held.ts";

/** What is remembered of an account between runs. */
export type Kind =
  | "account"
  | "held" // messages that are recorded
  | "found" // by looking again, recorded last
  | "identity" // observations of people that are recorded
  | "chat" // conversations that can be answered
  | "media"
  | "had"
  | "relayed"
  | "looked"
  | "coverage";

export type AccountState = StateFile<Kind>;

const account = z.object({
  /** As its events name it. */
  wid: z.string(),
  /** The id that hides its number, where it has one. */
  lid: z.string().optional(),
  name: z.string(),
  custodian: z.object({ id: z.string(), name: z.string() }),
  /** Milliseconds since 1970. */
  linkedAt: z.int(),
  /** Until when the link before this one is known to have been up. */
  heardUntil: z.int().optional(),
});
export type Account = z.infer<typeof account>;

/** Undefined in a file that is not an account's yet. */
export function readAccount(state: AccountState): Account | undefined {
  return account.safeParse(state.get("account", "")).data;
}

export async function writeAccount(state: AccountState, value: Account): Promise<void> {
  await state.write([{ kind: "account", name: "", value }]);
}

/** Of a link that did not come about. */
export async function forgetAccount(state: AccountState): Promise<void> {
  await state.write([{ kind: "account", name: "", value: undefined }]);
}

/** WhatsApp lets nobody edit or delete for everyone what is older than days. */
export const REMEMBERED_MS = 60 * 86_400_000;

/** Forgets what nothing new can be about any more. What cannot be forgotten now is forgotten the next time. */
export function forgetOld(state: AccountState, now: Date): void {
  try {
    for (const kind of ["held", "had", "relayed"] as const) state.forget(kind, now.getTime() - REMEMBERED_MS);
  } catch (cause) {
    if (!(cause instanceof ConnectorError) || !cause.retryable) throw cause;
  }
}

const original = z.object({ digest: z.string(), type: z.string(), words: z.string().optional() });

export function readOriginal(state: AccountState, messageId: string): Original | undefined {
  const { data } = original.safeParse(state.get("held", messageId));
  return (
    data && { digest: data.digest, type: data.type, ...(data.words !== undefined && { words: data.words }) }
  );
}

/** What is held, and what is about to be: a batch's later observations are about its earlier ones. */
export class HeldWith implements Held {
  readonly #state: AccountState;
  readonly coming = new Map<string, Original>();

  constructor(state: AccountState) {
    this.#state = state;
  }

  original(messageId: string): Original | undefined {
    return this.coming.get(messageId) ?? readOriginal(this.#state, messageId);
  }
}

/** Digests of what was found by looking again and recorded last: the page may hand it over once more, though it is remembered. */
export function readFound(state: AccountState): ReadonlySet<string> {
  return new Set(z.array(z.string()).safeParse(state.get("found", "")).data);
}

/** When what the page has was last looked through began, milliseconds since 1970. */
export function readLooked(state: AccountState): number | undefined {
  return z.int().safeParse(state.get("looked", "")).data;
}
