import { createSecretKey, type KeyObject } from "node:crypto";
import { hmacSha256 } from "@daybook/archive-core";
import { CatalogueError } from "./error.ts";

/** What a keyed identifier stands for. The same string in two domains gives unrelated identifiers. */
export type Domain =
  | "word"
  | "account" // network, account
  | "custodian" // id
  | "conversation" // id
  | "title" // exact title of a conversation
  | "name" // exact name of a person, to tell that it changed
  | "party" // network, id
  | "message" // network, networkId
  | "source" // sha256 of an imported file
  | "matter" // id
  | "media"; // `any`, or a type of attachments: see `MediaType`

/** Identifiers that tell an outsider nothing: the first 8 bytes of an HMAC-SHA-256, as a signed number. */
export interface Identifiers {
  of(domain: Domain, ...parts: string[]): bigint;
  /** As `of`, behind a bounded memory: for what recurs. */
  recurring(domain: Domain, ...parts: string[]): bigint;
}

const KEY = /^-?\d{1,19}$/;

/** Whether it is a keyed number, as `RecordRef.keys` has them. */
export function isKey(text: string): boolean {
  return KEY.test(text) && BigInt(text) === BigInt.asIntN(64, BigInt(text));
}

/** @throws {CatalogueError} `bad-filter`: no keyed number */
export function checkKey(key: string): string {
  if (isKey(key)) return key;
  throw new CatalogueError("bad-filter", "not the number of a conversation or account");
}

const REMEMBERED = 50_000;

/** @param tokenKey 32 bytes; whoever holds it can test guesses */
export function createIdentifiers(tokenKey: Uint8Array): Identifiers {
  const key = createSecretKey(tokenKey);
  const memory = new Map<string, bigint>();
  return {
    of: (domain, ...parts) => keyed(key, JSON.stringify([domain, ...parts])),
    recurring(domain, ...parts) {
      // Unambiguous, as no domain and no network has a NUL: only the last part, an id, may.
      const name = `${domain}\0${parts.join("\0")}`;
      const known = memory.get(name);
      if (known !== undefined) return known;
      if (memory.size >= REMEMBERED) memory.clear();
      const value = keyed(key, JSON.stringify([domain, ...parts]));
      memory.set(name, value);
      return value;
    },
  };
}

function keyed(key: KeyObject, about: string): bigint {
  return hmacSha256(key, about).readBigInt64BE(0);
}
