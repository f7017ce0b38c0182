import { messageSeen } from "./seen.ts";
import { type Collections, load, type MessageModel } from "./whatsapp.ts";

const MOST = 50_000;
/** At a time: the page does other things too. */
const LOOKED_UP = 100;

/**
 * Which messages were in this page's memory. WhatsApp Web lets go of what nobody looks at, and nothing tells of a change
 * of what is not in memory.
 */
export class Remembered {
  /** By id, in the order in which they came: each one's place, which only grows. */
  readonly #places = new Map<string, number>();
  #last = 0;

  add(msg: MessageModel): void {
    const id = msg.id._serialized;
    if (this.#places.has(id)) return;
    this.#places.set(id, (this.#last += 1));
    if (this.#places.size <= MOST) return;
    for (const oldest of this.#places.keys()) return void this.#places.delete(oldest);
  }

  remove(msg: MessageModel): void {
    this.#places.delete(msg.id._serialized);
  }

  /** Of those that are no longer in memory, after a place: what they are now, and the last one's place. */
  async forgotten(from: number, most: number): Promise<{ found: string[]; next?: number }> {
    const { Msg } = load<Collections>("WAWebCollections");
    const gone = [...this.#places].filter(([id, place]) => place > from && !Msg.get(id));
    const now = gone.slice(0, Math.min(most, LOOKED_UP));
    const next = now.at(-1)?.[1];
    if (next === undefined) return { found: [] };
    const looked = await Msg.getMessagesById(now.map(([id]) => id));
    const found = (looked?.messages ?? []).map((msg) => JSON.stringify(messageSeen(msg, "found")));
    return gone.length > now.length ? { found, next } : { found };
  }
}
