import type { Principal } from "@daybook/runtime";
import { RecordsError } from "./error.ts";

/** @throws {RecordsError} `not-a-person`: what two people decide is not for machines */
export function requirePerson(principal: Principal): void {
  if (principal.kind === "person") return;
  throw new RecordsError("not-a-person", "two people decide this: a machine's token does not stand for one");
}

/**
 * Persons must differ, not tokens: all tokens of one name are one person's.
 *
 * @throws {RecordsError} `same-person`, `not-a-person`
 */
export function requireAnother(principal: Principal, proposedBy: string): void {
  requirePerson(principal);
  if (principal.id !== proposedBy) return;
  throw new RecordsError("same-person", "you proposed this: another person has to approve it");
}
