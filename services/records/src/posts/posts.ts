import { randomUUID } from "node:crypto";
import { type Cells, foldName } from "../cells.ts";
import type { Changes } from "../changes.ts";
import type { Database, Tx } from "../database.ts";
import { RecordsError } from "../error.ts";
import { type Order, type Page, type PageRequest, readPage } from "../paging.ts";
import { type Held, HELD, type HeldRow, heldOf } from "./holdings.ts";
import { postPlaces as PLACES } from "./places.ts";
import type { HoldingKind, PostDetail, PostGroup } from "./post-facts.ts";
import { NEAR_CHANGE_MS, type Span } from "./spans.ts";

/** An office that somebody holds. */
export interface Post extends PostDetail {
  readonly id: string;
  readonly addedAt: string;
}

/** Who holds a post, as what, and for how long. */
export interface HolderOf extends Span {
  readonly holding: string;
  readonly custodian: { readonly id: string; readonly name: string };
  readonly kind: HoldingKind;
}

/** What somebody was at an instant. */
export interface PostsAt {
  readonly at: string;
  readonly posts: readonly { readonly id: string; readonly title: string; readonly kind: HoldingKind }[];
  /** A holding of theirs begins or ends within 24 hours: a clock that is off may name the other post. */
  readonly nearChange: boolean;
}

interface PostRow {
  readonly id: string;
  readonly title: Buffer;
  readonly unit: Buffer | null;
  readonly group: PostGroup;
  readonly capstone: boolean;
  readonly added_at: Date;
}

/** Instants asked about at once, at most. */
export const MAX_INSTANTS = 5_000;
const MAX_HOLDERS = 1_000;

const SELECT = `SELECT id, title, unit, "group", capstone, added_at FROM records.post`;
const OLDEST_FIRST: Order<PostRow> = {
  list: "posts",
  newestFirst: false,
  columns: [
    { sql: "added_at", type: "timestamptz", of: (row) => row.added_at },
    { sql: "id", type: "uuid", of: (row) => row.id },
  ],
};

/**
 * Posts, and who held them when. A record names the custodian that it was captured for; the post is derived from the
 * time at which it was sent, so that a correction here changes it everywhere at once.
 */
export class Posts {
  readonly #database: Database;
  readonly #changes: Changes;
  readonly #cells: Cells;

  constructor(of: { database: Database; changes: Changes; cells: Cells }) {
    this.#database = of.database;
    this.#changes = of.changes;
    this.#cells = of.cells;
  }

  /** In the order they were added. */
  async list(request: PageRequest): Promise<Page<Post>> {
    const { entries, next } = await readPage(this.#database, SELECT, OLDEST_FIRST, request);
    return { entries: entries.map((row) => this.#post(row)), next };
  }

  /** @throws {RecordsError} `not-found` */
  get(id: string): Promise<Post> {
    return this.#require(this.#database, id);
  }

  /**
   * The post of that title or id.
   *
   * @throws {RecordsError} `not-found`; `conflict`: more than one has the title
   */
  async find(tx: Tx, titleOrId: string): Promise<Post> {
    const rows = await tx.query<PostRow>(`${SELECT} WHERE title_key = $1 OR id::text = $2 LIMIT 2`, [
      this.#cells.lookup("post", foldName(titleOrId)),
      titleOrId,
    ]);
    const [row] = rows;
    if (!row) throw new RecordsError("not-found", "no post has that title: see how it is spelt");
    if (rows.length > 1) throw new RecordsError("conflict", "more than one post has that title: give its id");
    return this.#post(row);
  }

  /** @throws {RecordsError} `conflict`: a post of that title is there */
  async add(detail: PostDetail, reason: string, actor: string): Promise<Post> {
    const made = await this.#changes.make(actor, async (tx) => {
      const id = randomUUID();
      await this.#requireFree(tx, detail.title, id);
      return { fact: { action: "post.add", detail: { ...detail, id, reason } }, result: id };
    });
    return this.get(made);
  }

  /** Says what is otherwise of a post now and was always so: who held what it was called before keeps holding it. */
  async change(id: string, to: Partial<PostDetail>, reason: string, actor: string): Promise<Post> {
    await this.#changes.make(actor, async (tx) => {
      const { id: _, addedAt: __, ...before } = await this.#require(tx, id);
      const after = { ...before, ...to };
      if (JSON.stringify(after) === JSON.stringify(before)) return { result: undefined };
      await this.#requireFree(tx, after.title, id);
      return { fact: { action: "post.change", detail: { id, before, after, reason } }, result: undefined };
    });
    return this.get(id);
  }

  /** Who holds a post within an interval, in the order in which they begin: no more than 1,000. */
  async holders(post: string, { from, to }: Span): Promise<HolderOf[]> {
    return (await this.#held("h.post = $1 AND h.valid && tstzrange($2, $3)", [post, from, to])).map(
      ({ post: _, basis: __, ...holder }) => holder,
    );
  }

  /** Every holding of a post, or of a custodian, oldest first, with what it rests on: no more than 1,000. */
  holdings(of: { post: string } | { custodian: string }): Promise<Held[]> {
    return "post" in of
      ? this.#held("h.post = $1", [of.post])
      : this.#held("h.custodian = $1", [of.custodian]);
  }

  /**
   * What a custodian was at each of many instants, in their order.
   *
   * @param instants RFC 3339, no more than 5,000
   * @throws {RecordsError} `too-many`
   */
  async at(custodian: string, instants: readonly string[]): Promise<PostsAt[]> {
    if (instants.length > MAX_INSTANTS)
      throw new RecordsError("too-many", `ask about ${MAX_INSTANTS} instants at a time`);
    if (instants.length === 0) return [];
    const times = instants.map((at) => Date.parse(at));
    const held = await this.#held("h.custodian = $1 AND h.valid && tstzrange($2, $3)", [
      custodian,
      new Date(Math.min(...times) - NEAR_CHANGE_MS - 1).toISOString(),
      new Date(Math.max(...times) + NEAR_CHANGE_MS + 1).toISOString(),
    ]);
    return instants.map((at, i) => {
      const time = times[i] as number;
      const ends = held.flatMap(({ from, to }) => [from, ...(to === null ? [] : [to])]);
      return {
        at,
        posts: held
          .filter(({ from, to }) => Date.parse(from) <= time && (to === null || time < Date.parse(to)))
          .map(({ post, kind }) => ({ ...post, kind })),
        nearChange: ends.some((end) => Math.abs(Date.parse(end) - time) <= NEAR_CHANGE_MS),
      };
    });
  }

  async #held(where: string, values: readonly unknown[]): Promise<Held[]> {
    const rows = await this.#database.query<HeldRow>(
      `${HELD} WHERE ${where} ORDER BY h.valid, h.id LIMIT ${MAX_HOLDERS}`,
      values,
    );
    return rows.map((row) => heldOf(row, this.#cells));
  }

  async #requireFree(tx: Tx, title: string, id: string): Promise<void> {
    const [taken] = await tx.query("SELECT FROM records.post WHERE title_key = $1 AND id <> $2", [
      this.#cells.lookup("post", foldName(title)),
      id,
    ]);
    if (taken) throw new RecordsError("conflict", "a post of that title exists: titles tell posts apart");
  }

  async #require(tx: Tx, id: string): Promise<Post> {
    const [row] = await tx.query<PostRow>(`${SELECT} WHERE id = $1`, [id]);
    if (!row) throw new RecordsError("not-found", "there is no such post");
    return this.#post(row);
  }

  #post({ id, title, unit, group, capstone, added_at }: PostRow): Post {
    return {
      id,
      title: this.#cells.open(PLACES.post(id), title),
      unit: unit && this.#cells.open(PLACES.unit(id), unit),
      group,
      capstone,
      addedAt: added_at.toISOString(),
    };
  }
}
