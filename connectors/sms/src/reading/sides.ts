import type { Event, Party } from "@daybook/contract";
import type { CountryCode } from "libphonenumber-js";
import { Holders } from "../holders.ts";
import type { OfficialNumber } from "../options.ts";
import type { Address } from "../smpp/index.ts";
import { idOf } from "./number.ts";

/** Whose a message is, and with whom. */
export type Sides = Pick<Event, "account" | "conversation" | "recipients"> &
  Partial<Pick<Event, "custodian" | "sender">> &
  Pick<Event, "direction">;

/** The account of what names no number at all. */
export const NOBODY = "unknown";
const MAX_ID = 400;

/** Whose official numbers are, and what a message's two addresses make of it. */
export class Numbers {
  readonly #holders: Holders;
  readonly #country: CountryCode;

  constructor(numbers: readonly OfficialNumber[], country: CountryCode) {
    this.#holders = new Holders(numbers);
    this.#country = country;
  }

  /** Whether it is, was or will be anybody's official number. */
  has(account: string): boolean {
    return this.#holders.has(account);
  }

  /** @param at milliseconds since 1970 @returns undefined where it is nobody's then */
  custodianOf(account: string, at: number): Party | undefined {
    return this.#holders.of(account, at);
  }

  /**
   * A message to an official number is that number's; one from an official number to somebody else is a copy of what the
   * official sent. One between two that nobody declared is the recipient's, without a custodian. So is one of a number that
   * is nobody's at the time: it may belong to somebody else by then.
   *
   * @param at when it came, milliseconds since 1970
   */
  sides(source: Address, destination: Address, at: number): Sides {
    const from = this.#id(source);
    const to = this.#id(destination);
    const isOwn = !this.#holders.has(to) && this.#holders.has(from);
    const [account, other] = isOwn ? [from, to] : [to, from];
    const custodian = this.#holders.of(account, at);
    const party = (id: string) => ({ id, name: this.#holders.of(id, at)?.name ?? "" });
    return {
      account,
      ...(custodian && { custodian }),
      conversation: { id: other, title: other, kind: other === NOBODY ? "unknown" : "direct" },
      ...(from !== NOBODY && { sender: party(from) }),
      ...(to !== NOBODY && { recipients: [party(to)] }),
      direction: isOwn ? "outgoing" : "incoming",
    };
  }

  #id(address: Address): string {
    return idOf(address, this.#country).slice(0, MAX_ID).toWellFormed() || NOBODY;
  }
}
