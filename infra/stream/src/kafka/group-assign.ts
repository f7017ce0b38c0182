import { createHash } from "node:crypto";
import { type Place, placeKey } from "../group.ts";

/** A member of a group, as its leader sees it. */
export interface Member {
  readonly id: string;
  /** Stays the same when the member joins again. */
  readonly name: string;
  /** What it works on now. */
  readonly holds: readonly Place[];
}

/**
 * Shares partitions out: as evenly as their number allows, moving as few as that takes. What moves goes where
 * rendezvous hashing says, among those with room. The same input, in any order, gives the same answer.
 *
 * @returns by member id
 */
export function assign(places: readonly Place[], members: readonly Member[]): Map<string, Place[]> {
  const shares = new Map<string, Place[]>(members.map(({ id }) => [id, []]));
  if (members.length === 0) return shares;
  const claims = claimsOf(places, members);
  const room = roomOf(places.length, members, claims);
  const give = (member: Member, place: Place) => {
    shares.get(member.id)?.push(place);
    room.set(member.id, (room.get(member.id) ?? 0) - 1);
  };
  const hasRoom = ({ id }: Member) => (room.get(id) ?? 0) > 0;
  const homeless: Place[] = [];
  for (const place of inOrder(places)) {
    const holder = claims.get(placeKey(place));
    if (holder && hasRoom(holder)) give(holder, place);
    else homeless.push(place);
  }
  for (const place of homeless) {
    const [best] = byScore(place, members.filter(hasRoom));
    if (best) give(best, place);
  }
  return shares;
}

/** Who holds what: of two that say so, one. */
function claimsOf(places: readonly Place[], members: readonly Member[]): Map<string, Member> {
  const claims = new Map<string, Member>();
  for (const place of places) {
    const key = placeKey(place);
    const [holder] = byScore(
      place,
      members.filter(({ holds }) => holds.some((held) => placeKey(held) === key)),
    );
    if (holder) claims.set(key, holder);
  }
  return claims;
}

/** How many each may have. Where it does not come out even, those who hold most have one more. */
function roomOf(
  count: number,
  members: readonly Member[],
  claims: ReadonlyMap<string, Member>,
): Map<string, number> {
  const holding = new Map<string, number>(members.map(({ id }) => [id, 0]));
  for (const { id } of claims.values()) holding.set(id, (holding.get(id) ?? 0) + 1);
  const byHolding = [...members].sort(
    (a, b) => (holding.get(b.id) ?? 0) - (holding.get(a.id) ?? 0) || compare(nameOf(a), nameOf(b)),
  );
  const least = Math.floor(count / members.length);
  const extra = count % members.length;
  return new Map(byHolding.map(({ id }, i) => [id, least + (i < extra ? 1 : 0)]));
}

function inOrder(places: readonly Place[]): Place[] {
  return [...places].sort((a, b) => compare(a.topic, b.topic) || a.partition - b.partition);
}

function byScore(place: Place, members: readonly Member[]): Member[] {
  const scored = members.map((member) => ({ member, score: score(place, member) }));
  scored.sort((a, b) => compare(b.score, a.score) || compare(nameOf(a.member), nameOf(b.member)));
  return scored.map(({ member }) => member);
}

function score(place: Place, { name }: Member): string {
  return createHash("sha256")
    .update(`${name}\n${placeKey(place)}`)
    .digest("hex");
}

function nameOf({ name, id }: Member): string {
  return `${name}\n${id}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
