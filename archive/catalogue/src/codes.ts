import type { Event, EventKind, Method, Network } from "@daybook/contract";
import { AUDIT_SHARD } from "@daybook/contract";
import { CatalogueError } from "./error.ts";

/** Kinds in the order of their codes. Only ever append: the codes are stored. */
const KINDS: readonly EventKind[] = [
  "message",
  "edit",
  "notice",
  "membership",
  "call",
  "identity",
  "gap",
  "delete",
  "reaction",
  "timer",
  "receipt",
  "coverage",
  "audit",
];
const NETWORKS: readonly Network[] = [
  "daybook",
  "whatsapp",
  "signal",
  "sms",
  "imessage",
  "telegram",
  "email",
];
const METHODS: readonly Method[] = [
  "internal",
  "linked-device",
  "business-api",
  "carrier",
  "device-agent",
  "journal",
  "copied",
  "export",
];
const PROVENANCES: readonly Event["provenance"][] = ["captured", "journaled", "supplied"];

/** Kinds that a search looks at when none is named; their `text` is indexed. */
export const SEARCHED_KINDS: readonly EventKind[] = KINDS.slice(0, 7);

const AUDIT_CODE = -1;

export const kindCode = (kind: EventKind): number => code(KINDS, kind);
export const networkCode = (network: Network): number => code(NETWORKS, network);
export const methodCode = (method: Method): number => code(METHODS, method);
export const provenanceCode = (provenance: Event["provenance"]): number => code(PROVENANCES, provenance);

export const kindOf = (stored: number): EventKind => name(KINDS, stored);
export const networkOf = (stored: number): Network => name(NETWORKS, stored);
export const methodOf = (stored: number): Method => name(METHODS, stored);
export const provenanceOf = (stored: number): Event["provenance"] => name(PROVENANCES, stored);

/** Every network's name. */
export const NETWORK_NAMES = NETWORKS;

/** @param shard a shard's name: its number in decimal, or `audit` */
export function shardCode(shard: string): number {
  if (shard === AUDIT_SHARD) return AUDIT_CODE;
  if (/^(?:0|[1-9]\d{0,3})$/.test(shard)) return Number(shard);
  throw new CatalogueError("bad-filter", "a shard is named by its number or `audit`");
}

export function shardOf(stored: number): string {
  return stored === AUDIT_CODE ? AUDIT_SHARD : String(stored);
}

function code<Name extends string>(names: readonly Name[], wanted: Name): number {
  const found = names.indexOf(wanted);
  if (found < 0) throw new CatalogueError("bad-filter", "not a name that the catalogue knows");
  return found;
}

function name<Name extends string>(names: readonly Name[], stored: number): Name {
  const found = names[stored];
  if (found === undefined)
    throw new CatalogueError("not-migrated", "the catalogue holds a code of a later version");
  return found;
}
