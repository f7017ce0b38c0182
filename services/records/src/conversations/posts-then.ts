import { type Party, sortTime } from "@daybook/contract";
import type { Posts } from "../posts/posts.ts";
import type { Opened, PostOf } from "./entries.ts";

/** Says which posts a custodian held at each of these instants: titles, in the order of the instants. */
export type PostsHeld = (custodian: string, instants: readonly string[]) => Promise<readonly string[][]>;

/** The posts that the custodians of these records held at the time of each. */
export async function postsThen(held: PostsHeld, opened: readonly Opened[]): Promise<PostOf> {
  const wanted = new Map<string, Set<string>>();
  for (const { record } of opened) {
    if (record.custodian === undefined) continue;
    const instants = wanted.get(record.custodian.id) ?? new Set<string>();
    wanted.set(record.custodian.id, instants.add(sortTime(record)));
  }
  const found = new Map<string, string>();
  for (const [custodian, instants] of wanted) {
    const titles = await held(custodian, [...instants]);
    [...instants].forEach((at, i) => found.set(`${custodian}/${at}`, (titles[i] ?? []).join(", ")));
  }
  return (person: Party, at: string) => found.get(`${person.id}/${at}`) || null;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** As the registry knows it. A custodian that it does not know, as a record may name one, held nothing. */
export function heldBy(posts: Pick<Posts, "at">): PostsHeld {
  return async (custodian, instants) =>
    UUID.test(custodian)
      ? (await posts.at(custodian, instants)).map((then) => then.posts.map(({ title }) => title))
      : instants.map(() => []);
}
