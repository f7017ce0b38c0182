import { type CountryCode, type PhoneNumber, parsePhoneNumberFromString } from "libphonenumber-js/max";
import type { Address } from "../smpp/index.ts";

const INTERNATIONAL = 1;
const NATIONAL = 2;
const ALPHANUMERIC = 5;
/** Shorter ones are short codes, which are no numbers of a country's. */
const MIN_DIGITS = 7;
const MAX_DIGITS = 20;
/** Correspondents write again and again; reading a number takes a while. */
const MAX_KNOWN = 5_000;
const known = new Map<string, PhoneNumber | undefined>();

/**
 * How an address is named in records: E.164 with its plus where it is a telephone number, else as the network has it, for
 * short codes and names are no numbers.
 *
 * @param ton its type of number; 0 where nothing says
 * @param country where a number is from that is written without its country; undefined: it stays as it is written
 */
export function idOf({ ton, address }: Pick<Address, "ton" | "address">, country?: CountryCode): string {
  const written = address.trim().toWellFormed();
  const plain = written.replace(/[\s().-]/g, "");
  if (ton === ALPHANUMERIC || !/^\+?\d+$/.test(plain)) return written;
  const digits = plain.replace(/^\+/, "");
  if (digits.length < MIN_DIGITS || digits.length > MAX_DIGITS) return written;
  if (ton === INTERNATIONAL || plain.startsWith("+")) return `+${digits.replace(/^00/, "")}`;
  if (country === undefined) return plain;
  const national = parsed(digits, country);
  if (ton === NATIONAL) return national?.number ?? written;
  return best([national, parsed(`+${digits}`)])?.number ?? plain;
}

/** Where an E.164 number is from: of several countries that share a code, and a way to write numbers, the first. */
export function countryOf(number: string): CountryCode | undefined {
  const home = parsed(number);
  return home?.country ?? home?.getPossibleCountries()[0];
}

function parsed(number: string, country?: CountryCode): PhoneNumber | undefined {
  const key = `${country ?? ""} ${number}`;
  if (known.has(key)) return known.get(key);
  if (known.size >= MAX_KNOWN) known.clear();
  const read = parsePhoneNumberFromString(number, country);
  known.set(key, read);
  return read;
}

/** The first that exists, else the first that could. */
function best(numbers: readonly (PhoneNumber | undefined)[]): PhoneNumber | undefined {
  return numbers.find((one) => one?.isValid()) ?? numbers.find((one) => one?.isPossible());
}
