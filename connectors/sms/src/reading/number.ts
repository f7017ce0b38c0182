import { type CountryCode, type PhoneNumber, parsePhoneNumberFromString } from "libphonenumber-js/max";
import type { Address } from "../smpp/index.ts";

const INTERNATIONAL = 1;
const NATIONAL = 2;
const ALPHANUMERIC = 5;
/** Shorter ones are short codes, which are no numbers of a country's. */
const MIN_DIGITS = 7;

/**
 * How an address is named in records: E.164 with its plus where it is a telephone number, else as the network has it, for
 * short codes and names are no numbers.
 *
 * @param country where a number is from that is written without its country
 */
export function idOf({ ton, address }: Address, country: CountryCode): string {
  const written = address.trim();
  if (ton === ALPHANUMERIC || !/^\+?\d+$/.test(written)) return written.toWellFormed();
  const digits = written.replace(/^\+/, "");
  if (digits.length < MIN_DIGITS) return written;
  if (ton === INTERNATIONAL || written.startsWith("+")) return `+${digits.replace(/^00/, "")}`;
  const national = parsePhoneNumberFromString(digits, country);
  if (ton === NATIONAL) return national?.number ?? written;
  const international = parsePhoneNumberFromString(`+${digits}`);
  return best([national, international])?.number ?? written;
}

/** The first that exists, else the first that could. */
function best(numbers: readonly (PhoneNumber | undefined)[]): PhoneNumber | undefined {
  return numbers.find((one) => one?.isValid()) ?? numbers.find((one) => one?.isPossible());
}
