import type { Event, Party } from "@daybook/contract";
import type { CountryCode } from "libphonenumber-js";
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
  readonly #custodians: ReadonlyMap<string, Party>;
  readonly #country: CountryCode;

  constructor(numbers: readonly OfficialNumber[], country: CountryCode) {
    this.#custodians = new Map(numbers.map(({ number, custodian }) => [number, custodian]));
    this.#country = country;
  }

  custodianOf(account: string): Party | undefined {
    return this.#custodians.get(account);
  }

  /**
   * A message to an official number is that number's; one from an official number to somebody else is a copy of what the
   * official sent. One between two that nobody declared is the recipient's, without a custodian.
   */
  sides(source: Address, destination: Address): Sides {
    const from = this.#id(source);
    const to = this.#id(destination);
    const isOwn = !this.#custodians.has(to) && this.#custodians.has(from);
    const [account, other] = isOwn ? [from, to] : [to, from];
    const custodian = this.#custodians.get(account);
    const party = (id: string) => ({ id, name: this.#custodians.get(id)?.name ?? "" });
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
